"""`make bench-hub`: runs all, or those named on the command line; results in bench/results-hub.json.

`--quick`: fewer polls, shorter, a smaller store; nothing is saved.
"""

import asyncio
import sys
from pathlib import Path

from bench.by_name import run_by_name
from bench.hub.measures import MEASURES
from bench.hub.sizes import FULL, QUICK

RESULTS = Path(__file__).parents[1] / "results-hub.json"

asyncio.run(run_by_name(sys.argv[1:], MEASURES, FULL, QUICK, RESULTS))
