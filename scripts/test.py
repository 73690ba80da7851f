"""The test run behind `make test`, `make test-vm` and `make soak`: one seed, kept to repeat a run; a soak's figures.

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
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

SOAK = ROOT / "bench" / "soak.json"

WORKERS = 4 if (os.cpu_count() or 1) > 1 else 1
"""Processes that share the tests, two to a core: many wait for cameras, which run in real time."""


def commit() -> str:
    """The checked-out commit, or `unknown` outside a git checkout."""
    answer = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--soak", action="store_true", help="the full counts; results go to bench/soak.json")
    parser.add_argument("--vm", action="store_true", help="the virtual machine; each step says how long it took")
    parser.add_argument("--core", action="store_true", help="of its tests, those that take minutes")
    arguments, pytest_arguments = parser.parse_known_args()
    revision = commit()
    seed = os.environ.get("CUELIGHT_SEED") or revision[:8]
    environment = dict(os.environ, CUELIGHT_SEED=seed)
    # Hundreds of processes start: without byte code on the disk each would take half a second to compile the product.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    number = int.from_bytes(seed.encode(), "big") % 2**31
    command = [sys.executable, "-P", "-m", "pytest", f"--hypothesis-seed={number}", "--durations=15", *pytest_arguments]
    if arguments.soak:
        counts = ROOT / "build" / "soak-counts.jsonl"
        counts.parent.mkdir(exist_ok=True)
        counts.unlink(missing_ok=True)
        environment |= {"CUELIGHT_SOAK": "1", "CUELIGHT_SOAK_COUNTS": str(counts)}
        command += ["-m", "soak"]
    elif arguments.vm or arguments.core:  # an emulated machine has work for all cores
        command += ["-m", "core" if arguments.core else "vm", "-v", "-s"]
    elif WORKERS > 1:  # a soak counts and measures alone
        command += ["-n", str(WORKERS), "--dist", "loadscope", "--no-loadscope-reorder"]  # tests/conftest.py has one
    print(f"seed {seed} (repeat with CUELIGHT_SEED={seed})", flush=True)
    started = time.time()
    with tempfile.TemporaryDirectory(prefix="cue-", ignore_cleanup_errors=True) as folder:
        command.append(f"--basetemp={folder}/t")  # short: paths of Unix sockets have 107 bytes
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    if arguments.soak:
        run = {"commit": revision, "seed": seed, "seconds": round(time.time() - started), "passed": code == 0}
        if pytest_arguments:
            run["only"] = pytest_arguments
        lines = counts.read_text().splitlines() if counts.exists() else []
        write_soak(SOAK, run, [json.loads(line) for line in lines])
    return code


def write_soak(path: Path, run: dict[str, Any], counts: list[dict[str, Any]]) -> None:
    """What the soaked tests reported, each with the commit that was tested, and the runs of which that is.

    A run of a part leaves the other tests' counts as they are.
    """
    before = json.loads(path.read_text()) if "only" in run and path.exists() else {"runs": [], "counts": []}
    anew = {count["test"] for count in counts}
    kept = [count for count in before["counts"] if count["test"] not in anew]
    there = {count["commit"] for count in kept}
    runs = [each for each in before["runs"] if each["commit"] in there]
    record = {"runs": [*runs, run], "counts": kept + [{"commit": run["commit"], **count} for count in counts]}
    path.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
