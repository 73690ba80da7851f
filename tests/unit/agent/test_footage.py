"""What clips tell about the times without pictures, also when the wall clock is set meanwhile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.actions.footage import (
    SHORTEST_GAP,
    Now,
    Span,
    Trouble,
    by_one_clock,
    filmed_seconds,
    interruptions,
    span_of,
    span_told,
)
from hardware.models import ClipFile, Codec

NOW = Now("this boot", 1_700_000_000.0)
STEPS = st.floats(-1e8, 1e8)


def film(
    *parts: tuple[float, float], boot: str = NOW.boot, offset: float = NOW.offset, at: float = 100.0
) -> list[Span]:
    """Clips of so many seconds, each with a gap (s) after it; the first one begins `at` (s, monotonic)."""
    spans = []
    for seconds, gap in parts:
        spans.append(Span(at + offset, seconds, boot, at))
        at += seconds + gap
    return spans


@given(st.lists(st.tuples(st.floats(0.1, 1000), st.floats(0, 1000), STEPS), min_size=1, max_size=20), STEPS)
def test_each_gap_that_matters_is_told_once_however_the_clock_is_set(
    parts: list[tuple[float, float, float]], last_step: float
) -> None:
    spans = film(*(part[:2] for part in parts))
    stepped = [span._replace(wall=span.wall + part[2]) for span, part in zip(spans, parts, strict=True)]
    told = interruptions(stepped[::-1], [], NOW._replace(offset=NOW.offset + last_step))
    gaps = [gap for _, gap, _ in parts[:-1]]
    if all(abs(gap - SHORTEST_GAP) > 1e-3 for gap in gaps):
        assert len(told) == sum(gap > SHORTEST_GAP for gap in gaps)
    assert all(" UTC for " in note for note in told)


def test_a_trouble_belongs_to_the_gap_that_it_happened_in() -> None:
    clips = film((10.0, 5.0), (10.0, 5.0), (10.0, 0.0))
    troubles = [Trouble(95.0, "long ago"), Trouble(112.0, "unplugged"), Trouble(113.0, "still unplugged")]
    assert interruptions(clips, troubles, NOW) == [
        "no picture from 22:15:10 UTC for 5.0 s: still unplugged",
        "no picture from 22:15:25 UTC for 5.0 s",
    ]


def test_a_camera_that_was_not_back_at_the_end_is_told() -> None:
    clips = film((10.0, 0.0))
    stalled = [Trouble(112.0, "stalled")]
    assert interruptions(clips, stalled, NOW, 114.0) == ["no picture from 22:15:10 UTC to the end: stalled"]
    assert interruptions(clips, [], NOW, 114.0) == [], "it may take a while to close a clip"
    assert interruptions(clips, [Trouble(90.0, "stalled")], NOW, 114.0) == []


def test_the_time_between_two_boots_is_that_of_the_wall_clock() -> None:
    before = film((10.0, 0.0), (10.0, 0.0), boot="earlier", at=5000.0, offset=NOW.offset - 4970.0)
    before[0] = before[0]._replace(wall=0.5)  # as it was dated before the clock was set
    after = film((10.0, 0.0), at=70.0)
    assert interruptions([*after, *before], [], NOW) == ["no picture from 22:14:10 UTC for 20.0 s"]
    begun = [start for start, _ in by_one_clock([*after, *before], NOW)]
    assert begun == pytest.approx([30, 40, 70])


def test_a_clip_that_knows_no_monotonic_time_goes_by_its_wall_time() -> None:
    first, lost, last = film((10.0, 0.0), (10.0, 0.0), (10.0, 0.0))
    told = span_told({"start": "2023-11-14T22:15:10Z", "seconds": 10.0})
    assert told == Span(lost.wall, 10.0)
    assert interruptions([first, told, last], [], NOW) == []
    undated = span_told({"start": "", "seconds": 10.0})
    assert interruptions([undated, first], [], NOW) == [], "nothing can be said of one without any date"


def test_a_sidecar_that_was_made_anew_knows_no_monotonic_time() -> None:
    file = ClipFile(
        file="a-0.mp4", index=0, codec=Codec.H264, width=320, height=240, rate=10, encoded=False, seconds=4.0,
        first_mono_ns=2_500_000_000, start_wall_ns=9_500_000_000, clock_quality="floor", boot_id="b",
    )  # fmt: skip
    assert span_of(file) == Span(9.5, 4.0, "b", 2.5)
    assert span_of(file.model_copy(update={"first_mono_ns": 0, "boot_id": ""})) == Span(9.5, 4.0)


def test_a_time_lapse_filmed_longer_than_it_is_to_watch() -> None:
    clips = [{"frames": 30, "seconds": 1.2}, {"frames": 10, "seconds": 0.4}]
    assert filmed_seconds(clips, 60.0) == 2400
    assert filmed_seconds(clips, 0.0) == pytest.approx(1.6)
