"""`make bench`: runs all, or those named on the command line; results in bench/results.json and as a table."""

import asyncio
import sys
import tempfile
from pathlib import Path

from bench import accept, first_frame, idle, startup
from bench.results import save, table

BENCHMARKS = {
    "accept": accept.measure,
    "first_frame": first_frame.measure,
    "startup": startup.measure,
    "idle": idle.measure,
}


async def main(names: list[str]) -> None:
    results = []
    with tempfile.TemporaryDirectory(prefix="cuelight-bench-") as folder:
        for name in names or BENCHMARKS:
            print(f"{name} ...", file=sys.stderr, flush=True)
            results += await BENCHMARKS[name](Path(folder))
    print(table(results))
    if not names:
        save(results)


asyncio.run(main(sys.argv[1:]))
