"""`make bench-camera`: runs all, or those named on the command line; results in bench/results-camera.json."""

import asyncio
import sys
import tempfile
from pathlib import Path

from bench.camera.comparisons import COMPARISONS
from bench.camera.peers import missing_packages
from bench.results import save, table

RESULTS = Path(__file__).parents[1] / "results-camera.json"


async def main(names: list[str]) -> None:
    if packages := missing_packages():
        sys.exit(f"these Debian packages are missing: sudo apt-get install {' '.join(packages)}")
    results = []
    for name in names or COMPARISONS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="cuelight-bench-", dir=Path.home()) as folder:
            results += await COMPARISONS[name](Path(folder))
    print(table(results))
    if not names:
        save(results, RESULTS)


asyncio.run(main(sys.argv[1:]))
