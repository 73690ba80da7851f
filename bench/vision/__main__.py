"""`make bench-vision`: runs all, or those named on the command line; results in bench/results-vision.json.

`--quick`: shorter scenes; nothing is saved.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from fakes.street_network import write_network

from bench.by_name import run_by_name
from bench.results import Result
from bench.vision.motion import motion
from bench.vision.people import FILM, measure

RESULTS = Path(__file__).parents[1] / "results-vision.json"
MINUTES, QUICK_MINUTES = 10.0, 1.0


async def people(_: float) -> list[Result]:
    """The whole film, however long is asked for."""
    if not FILM.is_file():
        sys.exit(f"{FILM} is missing: apt-get install opencv-doc")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        network = str(write_network(Path(folder) / "street.onnx"))
        for detector, files in (("hog", ()), ("onnx", (network,))):
            found = measure(FILM, detector, files)
            name, against = f"people, {detector}", f"{found.pictures} pictures counted by hand, bias {found.bias:+.2f}"
            rows.append(Result(f"{name}: mean error", found.off, "persons", against, None, None, None))
            rows.append(
                Result(f"{name}: CPU of a look", found.milliseconds, "ms", "10 looks a second", None, None, None)
            )
    return rows


asyncio.run(run_by_name(sys.argv[1:], {"motion": motion, "people": people}, MINUTES, QUICK_MINUTES, RESULTS))
