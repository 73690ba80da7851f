"""`make bench-hub`: runs all, or those named on the command line; results in bench/results-hub.json.

The rows of what was not run stay in the file: each names its commit. `--quick`: fewer polls, shorter, a smaller store;
nothing is saved.
"""

import asyncio
import sys
from pathlib import Path

from bench.hub.measures import MEASURES
from bench.hub.sizes import FULL, QUICK
from bench.results import save_parts, table

RESULTS = Path(__file__).parents[1] / "results-hub.json"


async def main(words: list[str]) -> None:
    names = [word for word in words if word != "--quick"]
    size = FULL if len(names) == len(words) else QUICK
    parts = {}
    for name in names or MEASURES:
        print(f"{name} ...", file=sys.stderr, flush=True)
        parts[name] = await MEASURES[name](size)
    print(table([row for rows in parts.values() for row in rows]))
    if size is FULL:
        save_parts(parts, list(MEASURES), RESULTS)


asyncio.run(main(sys.argv[1:]))
