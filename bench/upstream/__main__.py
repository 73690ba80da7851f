"""`make bench-upstream`: runs all, or those named on the command line; results in bench/results-upstream.json.

`--quick`: fewer events, a shorter rest, smaller files; nothing is saved.
"""

import asyncio
import sys
from pathlib import Path

from bench.by_name import run_by_name
from bench.upstream.measures import MEASURES
from bench.upstream.sizes import FULL, QUICK

RESULTS = Path(__file__).parents[1] / "results-upstream.json"

asyncio.run(run_by_name(sys.argv[1:], MEASURES, FULL, QUICK, RESULTS))
