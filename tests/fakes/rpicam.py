"""A program that behaves as `rpicam-vid`: its options, its listing, real H.264 and JPEGs out of its pipe."""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

LISTING = """\
Available cameras
-----------------
0 : imx708 [4608x2592 10-bit RGGB] (/base/axi/pcie@120000/rp1/i2c@88000/imx708@1a)
    Modes: 'SRGGB10_CSI2P' : 1536x864 [120.13 fps - (768, 432)/3072x1728 crop]
                             2304x1296 [56.03 fps - (0, 0)/4608x2592 crop]
                             4608x2592 [14.35 fps - (0, 0)/4608x2592 crop]

1 : ov5647 [2592x1944 10-bit GBRG] (/base/axi/pcie@120000/rp1/i2c@80000/ov5647@36)
    Modes: 'SGBRG10_CSI2P' : 640x480 [58.92 fps - (16, 0)/2560x1920 crop]
                             1296x972 [46.34 fps - (0, 0)/2592x1944 crop]
                             2592x1944 [15.63 fps - (0, 0)/2592x1944 crop]

"""

_PROGRAM = """#!{python} -P
import json, random, sys, time
from itertools import cycle
from pathlib import Path

sys.path[:0] = [{root!r}, {tests!r}]
folder = Path({folder!r})
with (folder / "runs.jsonl").open("a") as runs:
    runs.write(json.dumps(sys.argv[1:]) + "\\n")


def fault():
    path = folder / "fault"
    return path.read_text() if path.exists() else ""


def die(words):
    sys.exit("[0:01:02.3] [1234]  INFO Camera camera_manager.cpp:325 libcamera v0.5\\nERROR: *** " + words + " ***")


if fault() == "busy":
    die("failed to acquire camera /base/soc/i2c0mux/i2c@1/imx708@1a")
if "--list-cameras" in sys.argv:
    print((folder / "listing").read_text())
    sys.exit()
options = dict(word.lstrip("-").partition("=")[::2] for word in sys.argv[1:])
if options.get("awb") == "custom":
    die("Invalid AWB mode")

from fakes.source import coded_pictures
from hardware.models import Codec

codec, rate = Codec(options["codec"]), float(options["framerate"])
pictures = coded_pictures(codec, int(options["width"]), int(options["height"]), count=10)
times = open(options["save-pts"], "w") if "save-pts" in options else None
if times:
    print("# timecode format v2", file=times, flush=True)
due = time.monotonic()
for number, (data, _) in enumerate(cycle(pictures)):
    while fault() == "stall":
        time.sleep(0.02)
    if fault() == "die":
        die("Device timeout detected, attempting a restart")
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
    if times and fault() != "untold":
        print(f"{{number * 1000 / rate:.3f}}", file=times, flush=True)
    if fault() == "jitter":
        time.sleep(random.uniform(0, 0.8 / rate))
    due += 1 / rate
    time.sleep(max(0.0, due - time.monotonic()))
"""


class FakeRpicam:
    """`.program` is to be named in the settings.

    Faults: busy (at its start), stall, die, jitter (it writes unevenly), untold (it writes no times).
    """

    def __init__(self, folder: Path, listing: str = LISTING) -> None:
        self._folder = folder / "rpicam"
        self._folder.mkdir()
        (self._folder / "listing").write_text(listing)
        self.program = self._folder / "rpicam-vid"
        place = {"python": sys.executable, "root": str(ROOT), "tests": str(ROOT / "tests"), "folder": str(self._folder)}
        self.program.write_text(_PROGRAM.format(**place))
        self.program.chmod(0o755)

    def fault(self, name: str) -> None:
        (self._folder / "fault").write_text(name)

    def clear(self) -> None:
        (self._folder / "fault").unlink(missing_ok=True)

    def runs(self) -> list[dict[str, str]]:
        """The options of each run that filmed, oldest first."""
        lines = (self._folder / "runs.jsonl").read_text().splitlines()
        runs = [words for words in map(json.loads, lines) if "--list-cameras" not in words]
        return [dict(word.lstrip("-").partition("=")[::2] for word in words) for words in runs]
