"""What the clips of a recording say about it: how much was filmed, and where pictures are missing."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from agent.media.sidecars import SIDECAR, read_sidecar
from hardware.models import ClipFile
from presets_store.protocol.fields import parse_moment

Clips = Sequence[Mapping[str, Any]]
"""As a result tells them."""

SHORTEST_GAP = 0.25
"""Seconds without a picture that are worth telling; a camera that is opened anew takes longer."""

_AROUND = 1.0
"""Seconds before and after a gap within which a camera's trouble is taken for its cause."""


class Trouble(NamedTuple):
    """What a camera said of itself at `moment` (s of the monotonic clock)."""

    moment: float
    reason: str


class Span(NamedTuple):
    """When a clip was filmed: for `seconds` from `wall` on (epoch s, as the clock was then).

    `mono` is the same moment in seconds of the monotonic clock of boot `boot`, which is empty when that is not known.
    """

    wall: float
    seconds: float
    boot: str = ""
    mono: float = 0.0


class Now(NamedTuple):
    """The present boot, and by how much (s) wall time is ahead of its monotonic clock."""

    boot: str
    offset: float


def filmed_seconds(clips: Clips, lapse_seconds: float) -> float:
    """How long was filmed; a time-lapse is shorter to watch than it took."""
    if lapse_seconds:
        return lapse_seconds * sum(int(clip["frames"]) for clip in clips)
    return sum(float(clip["seconds"]) for clip in clips)


def span_of(file: ClipFile) -> Span:
    """By the sidecar. One that was lost and made anew knows no monotonic time."""
    boot = file.boot_id if file.first_mono_ns else ""
    return Span(file.start_wall_ns / 1e9, file.seconds, boot, file.first_mono_ns / 1e9)


def span_told(clip: Mapping[str, Any]) -> Span:
    """By the result alone: for a clip whose sidecar is gone."""
    return Span(parse_moment(clip["start"]) / 1e6, clip["seconds"])


def by_one_clock(spans: Collection[Span], now: Now) -> list[tuple[float, float]]:
    """Beginning (s of the present boot's monotonic clock) and length (s) of each, in order.

    A wall clock that steps moves nothing within a boot. Only between boots, and to a clip of none that is known, the
    distance is that of wall time, by the newest clip of each boot.
    """
    offsets = {span.boot: span.wall - span.mono for span in sorted(spans, key=lambda span: span.mono)}
    offsets[now.boot] = now.offset

    def begun(span: Span) -> float:
        return (span.mono + offsets[span.boot] if span.boot else span.wall) - now.offset

    return sorted((begun(span), span.seconds) for span in spans if span.boot or span.wall)


def interruptions(clips: Collection[Span], troubles: Sequence[Trouble], now: Now, ended: float = 0.0) -> list[str]:
    """A sentence for each time without pictures between two clips, with what the camera said then.

    `ended`: when the recording ended (s of the monotonic clock; 0: not yet). A camera in trouble may not have come
    back until then.
    """
    spans = by_one_clock(clips, now)
    notes = []

    def cause(end: float, following: float) -> str:
        reasons = [one.reason for one in troubles if end - _AROUND <= one.moment <= following + _AROUND]
        return f": {reasons[-1]}" if reasons else ""

    for (start, seconds), (following, _) in pairwise(spans):
        end = start + seconds
        if following - end >= SHORTEST_GAP:
            why = cause(end, following)
            notes.append(f"no picture from {clock_time(end + now.offset)} for {following - end:.1f} s{why}")
    last = max((start + seconds for start, seconds in spans), default=ended)
    if ended - last >= _AROUND and cause(last, ended):
        notes.append(f"no picture from {clock_time(last + now.offset)} to the end{cause(last, ended)}")
    return notes


def clock_time(moment: float) -> str:
    """The time of day (UTC) of `moment` (epoch s)."""
    return f"{datetime.fromtimestamp(moment, UTC):%H:%M:%S} UTC"


def read_sidecars(folder: Path, clips: Clips) -> dict[str, ClipFile]:
    """The sidecars of the clips, files in `folder`, that have one; by the clips' `file`."""
    sidecars = {clip["file"]: read_sidecar(folder / f"{clip['file']}{SIDECAR}") for clip in clips}
    return {file: sidecar for file, sidecar in sidecars.items() if sidecar is not None}
