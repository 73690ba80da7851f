"""`make bench-upstream`: runs all, or those named on the command line; results in bench/results-upstream.json.

`--quick`: fewer events, a shorter rest, smaller files; nothing is saved.
"""

import asyncio
import sys
from pathlib import Path

from bench.results import save, table
from bench.upstream.measures import MEASURES
from bench.upstream.sizes import FULL, QUICK

RESULTS = Path(__file__).parents[1] / "results-upstream.json"


async def main(words: list[str]) -> None:
    names = [word for word in words if word != "--quick"]
    size = FULL if len(names) == len(words) else QUICK
    results = []
    for name in names or MEASURES:
        print(f"{name} ...", file=sys.stderr, flush=True)
        results += await MEASURES[name](size)
    print(table(results))
    if not words:
        save(results, RESULTS)


asyncio.run(main(sys.argv[1:]))
