"""Decisions of a recorder: where a segment ends, and what is said about the time before the request. Pure."""

_NS = 1_000_000_000


def cut_ns(first_mono_ns: int, segment_ns: int, wall_offset_ns: int, *, aligned: bool) -> int | None:
    """The moment (CLOCK_MONOTONIC) from which the next key frame begins a new segment; None: there is none.

    `first_mono_ns` is the segment's first frame. `aligned`: the moment is a multiple of `segment_ns` since the epoch by
    wall time, which is `wall_offset_ns` ahead of CLOCK_MONOTONIC; a first segment is then shorter than the others.
    """
    if segment_ns <= 0:
        return None
    if not aligned:
        return first_mono_ns + segment_ns
    wall_ns = first_mono_ns + wall_offset_ns
    return (wall_ns // segment_ns + 1) * segment_ns - wall_offset_ns


def pre_roll_seconds(first_mono_ns: int, requested_mono_ns: int) -> float:
    """How long before the request a recording begins that has its first frame at `first_mono_ns`."""
    return max(0, requested_mono_ns - first_mono_ns) / _NS


def pre_roll_note(asked: float, achieved: float, group: float) -> str:
    """What to tell when less was achieved than asked, empty when nothing is to be told. All in seconds.

    A group of pictures (`group`) is the grain of it: less than one is no difference.
    """
    if asked - achieved <= group or asked <= 0:
        return ""
    if achieved == 0:
        return f"no pre-roll: {asked:g} s were asked, but the camera was not open before the request"
    return f"pre-roll of {achieved:.1f} s: {asked:g} s were asked, but no more was kept"
