"""The test run behind `make test`, `make test-vm` and `make soak`: one seed, kept to repeat a run; a soak's figures.

`CUELIGHT_SEED` overrides the seed, which else derives from the commit so that runs differ and can be repeated.
A run of all tests ends with the core of the virtual machine's, whose image is made beside the others.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
    parser.add_argument("--core", action="store_true", help="of its tests, those that `make test` ends with")
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
    elif WORKERS > 1:  # a soak counts and measures alone; so does the virtual machine
        command += ["-n", str(WORKERS), "--dist", "loadscope", "--no-loadscope-reorder"]  # tests/conftest.py has one
    print(f"seed {seed} (repeat with CUELIGHT_SEED={seed})", flush=True)
    started = time.time()
    whole = not (arguments.soak or arguments.vm or arguments.core or pytest_arguments)
    with tempfile.TemporaryDirectory(prefix="cue-", ignore_cleanup_errors=True) as folder, core_image(whole) as image:
        command.append(f"--basetemp={folder}/t")  # short: paths of Unix sockets have 107 bytes
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        code = image.boot(environment) or code if image else code
    if arguments.soak:
        run = {"commit": revision, "seed": seed, "seconds": round(time.time() - started), "passed": code == 0}
        if pytest_arguments:
            run["only"] = pytest_arguments
        lines = counts.read_text().splitlines() if counts.exists() else []
        write_soak(SOAK, run, [json.loads(line) for line in lines])
    return code


class CoreImage:
    """`make core-image`, at the lowest priority; what it says is kept for when it fails."""

    LOG = ROOT / "build" / "core-image.log"
    WITHIN = 900.0
    """Seconds that it may take longer than the other tests."""

    def __init__(self) -> None:
        self.LOG.parent.mkdir(exist_ok=True)
        with self.LOG.open("wb") as log:
            command = ["nice", "-n", "19", "make", "--no-print-directory", "core-image"]
            self._process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def boot(self, environment: dict[str, str]) -> int:
        """Runs the tests that need it, once it is made; answers the exit code."""
        try:
            code = self._process.wait(self.WITHIN)
        except subprocess.TimeoutExpired:
            print(f"the image is not made after {self.WITHIN:.0f} s more")
            code = 1
        if code:
            print(f"no image for the virtual machine:\n{self.LOG.read_text(errors='replace')}", flush=True)
            return code
        return subprocess.run(
            [sys.executable, "-P", __file__, "--core"], cwd=ROOT, env=environment, check=False
        ).returncode

    def stop(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait()


@contextmanager
def core_image(wanted: bool) -> Iterator[CoreImage | None]:
    """None where it is not wanted, or where no images of machines can be made."""
    if wanted and (os.geteuid() != 0 or platform.machine() != "x86_64"):
        print("left out: the core of the virtual machine's tests, which needs root and an amd64 machine (docs/vm.md)")
        wanted = False
    image = CoreImage() if wanted else None
    try:
        yield image
    finally:
        if image:
            image.stop()


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
