"""What the clips of a recording say about it: how much was filmed, and where pictures are missing."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from agent.media.sidecars import SIDECAR, read_sidecar
from presets_store.protocol.fields import parse_moment

Clips = Sequence[Mapping[str, Any]]
"""As a result tells them."""

SHORTEST_GAP = 0.25
"""Seconds without a picture that are worth telling; a camera that is opened anew takes longer."""

_AROUND = 1.0
"""Seconds before and after a gap within which a camera's trouble is taken for its cause."""


class Trouble(NamedTuple):
    """What a camera said of itself at `moment` (epoch s)."""

    moment: float
    reason: str


def filmed_seconds(clips: Clips, lapse_seconds: float) -> float:
    """How long was filmed; a time-lapse is shorter to watch than it took."""
    if lapse_seconds:
        return lapse_seconds * sum(int(clip["frames"]) for clip in clips)
    return sum(float(clip["seconds"]) for clip in clips)


def interruptions(clips: Clips, troubles: Sequence[Trouble], ended: float = 0.0) -> list[str]:
    """A sentence for each time without pictures between two clips, with what the camera said then.

    `ended`: when the recording ended (epoch s; 0: not yet). A camera in trouble may not have come back until then.
    """
    spans = sorted((parse_moment(clip["start"]) / 1e6, clip["seconds"]) for clip in clips if clip["start"])
    notes = []

    def cause(end: float, following: float) -> str:
        reasons = [one.reason for one in troubles if end - _AROUND <= one.moment <= following + _AROUND]
        return f": {reasons[-1]}" if reasons else ""

    for (start, seconds), (following, _) in pairwise(spans):
        end = start + seconds
        if following - end >= SHORTEST_GAP:
            why = cause(end, following)
            notes.append(f"no picture from {clock_time(end)} for {following - end:.1f} s{why}")
    last = max((start + seconds for start, seconds in spans), default=ended)
    if ended - last >= _AROUND and cause(last, ended):
        notes.append(f"no picture from {clock_time(last)} to the end{cause(last, ended)}")
    return notes


def clock_time(moment: float) -> str:
    """The time of day (UTC) of `moment` (epoch s)."""
    return f"{datetime.fromtimestamp(moment, UTC):%H:%M:%S} UTC"


def read_pre_roll(folder: Path, clips: Clips) -> float:
    """Seconds of the clips, files in `folder`, that lie before their requests, by their sidecars."""
    sidecars = (read_sidecar(folder / f"{clip['file']}{SIDECAR}") for clip in clips)
    return sum(sidecar.pre_roll_seconds for sidecar in sidecars if sidecar is not None)
