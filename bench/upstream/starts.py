"""When actions began: noted in a file of each program, by the clock that all processes of a machine share."""

import os
import time
from pathlib import Path

EVENT_TYPE = 11
EVENT_TYPE_NAME = "Video_Test_stop"
"""It asks for nothing but to be run."""

FILE = "BENCH_STARTS"


def note(event: int) -> None:
    """The action of the event begins now. The file is that of the environment."""
    with Path(os.environ[FILE]).open("a") as file:
        file.write(f"{event} {time.monotonic_ns()}\n")


def noted(file: Path) -> dict[int, int]:
    """The events with their starts (monotonic ns). Half a line, which is just being written, is left out."""
    text = file.read_text() if file.exists() else ""
    lines = text[: text.rfind("\n") + 1].splitlines()
    return {int(event): int(start) for event, start in (line.split() for line in lines)}
