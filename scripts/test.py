"""The test run behind `make test` and `make soak`: one seed, kept to repeat a run, and the closing figures of a soak.

`CUELIGHT_SEED` overrides the seed, which else derives from the commit so that runs differ and can be repeated.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

WORKERS = min(2, os.cpu_count() or 1)
"""Processes that share the tests: most of them wait for cameras, which run in real time."""


def commit() -> str:
    """The checked-out commit, or `unknown` outside a git checkout."""
    answer = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--soak", action="store_true", help="the full counts; results go to bench/soak.json")
    arguments, pytest_arguments = parser.parse_known_args()
    revision = commit()
    seed = os.environ.get("CUELIGHT_SEED") or revision[:8]
    environment = dict(os.environ, CUELIGHT_SEED=seed)
    number = int.from_bytes(seed.encode(), "big") % 2**31
    command = [sys.executable, "-P", "-m", "pytest", f"--hypothesis-seed={number}", "--durations=15", *pytest_arguments]
    if arguments.soak:
        counts = ROOT / "build" / "soak-counts.jsonl"
        counts.parent.mkdir(exist_ok=True)
        counts.unlink(missing_ok=True)
        environment |= {"CUELIGHT_SOAK": "1", "CUELIGHT_SOAK_COUNTS": str(counts)}
        command += ["-m", "soak"]
    elif WORKERS > 1:  # a soak counts and measures alone
        command += ["-n", str(WORKERS), "--dist", "loadscope"]
    print(f"seed {seed} (repeat with CUELIGHT_SEED={seed})", flush=True)
    started = time.time()
    with tempfile.TemporaryDirectory(prefix="cue-", ignore_cleanup_errors=True) as folder:
        command.append(f"--basetemp={folder}/t")  # short: paths of Unix sockets have 107 bytes
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    if arguments.soak:
        write_soak(counts, revision=revision, seed=seed, seconds=time.time() - started, passed=code == 0)
    return code


def write_soak(counts: Path, *, revision: str, seed: str, seconds: float, passed: bool) -> None:
    """Seed, commit and the counts that the soaked tests reported, for the record."""
    lines = counts.read_text().splitlines() if counts.exists() else []
    record = {
        "commit": revision,
        "seed": seed,
        "seconds": round(seconds),
        "passed": passed,
        "counts": [json.loads(line) for line in lines],
    }
    (ROOT / "bench" / "soak.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
