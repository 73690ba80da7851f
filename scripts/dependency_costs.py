"""What each runtime dependency costs on a device: import time, resident memory, disk, licence. Prints a Markdown table.

Each import runs in a process of its own, three times; the least time counts. Disk is that of the distribution's files.
"""

import json
import subprocess
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path

MODULES = {
    "aiohttp": "aiohttp.web",
    "pydantic": "pydantic",
    "pydantic-settings": "pydantic_settings",
    "sqlalchemy": "sqlalchemy",
    "alembic": "alembic.command",
    "diskcache": "diskcache",
    "cryptography": "cryptography.hazmat.primitives.ciphers.aead",
    "av": "av",
    "opencv-python-headless": "cv2",
    "numpy": "numpy",
    "psutil": "psutil",
    "dbus-fast": "dbus_fast.aio",
    "typer": "typer",
    "rich": "rich.progress",
    "apprise": "apprise",
    "asyncpg": "asyncpg",
    "botocore": "botocore.session",
}
PROBE = """
import json, sys, time
def resident():
    return int(open('/proc/self/statm').read().split()[1]) * 4096
before, started = resident(), time.perf_counter()
__import__(sys.argv[1])
print(json.dumps([time.perf_counter() - started, resident() - before]))
"""


def cost(module: str) -> tuple[float, int]:
    """Least import time (s) and resident memory (bytes) of three runs."""
    runs = []
    for _ in range(3):
        answer = subprocess.run([sys.executable, "-c", PROBE, module], capture_output=True, text=True, check=True)
        runs.append(json.loads(answer.stdout))
    return min(run[0] for run in runs), min(run[1] for run in runs)


def disk(package: Distribution) -> int:
    """Bytes of all its installed files."""
    paths = [Path(str(path.locate())) for path in package.files or ()]
    return sum(path.stat().st_size for path in paths if path.exists())


def main() -> None:
    print("| package | version | licence | import, ms | resident, MiB | disk, MiB |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, module in MODULES.items():
        package = distribution(name)
        seconds, resident = cost(module)
        licence = package.metadata["License-Expression"] or package.metadata["License"] or "see classifiers"
        row = f"{seconds * 1000:.0f} | {resident / 2**20:.1f} | {disk(package) / 2**20:.1f}"
        print(f"| {name} | {package.version} | {licence.splitlines()[0][:40]} | {row} |")


if __name__ == "__main__":
    main()
