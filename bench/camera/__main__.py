"""`make bench-camera`: runs all, or those named on the command line; results in bench/results-camera.json.

The rows of what was not run stay in the file: each names its commit.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from bench.camera.comparisons import COMPARISONS
from bench.camera.peers import missing_packages
from bench.results import save_parts, table

RESULTS = Path(__file__).parents[1] / "results-camera.json"


async def main(names: list[str]) -> None:
    if packages := missing_packages():
        sys.exit(f"these Debian packages are missing: sudo apt-get install {' '.join(packages)}")
    parts = {}
    for name in names or COMPARISONS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="cuelight-bench-", dir=Path.home()) as folder:
            parts[name] = await COMPARISONS[name](Path(folder))
    print(table([row for rows in parts.values() for row in rows]))
    save_parts(parts, list(COMPARISONS), RESULTS)


asyncio.run(main(sys.argv[1:]))
