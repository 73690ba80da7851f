"""Whose wish about the camera's picture holds when several sinks have one, and what each of them is told."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hardware.camera import NO_CONTROL
from hardware.models import Adjusted, Adjustment, CameraSpec
from hardware.pipeline.adjusting import SETTLING_FRAMES, TAKEN, YIELDED, Adjusting, Wanting, merge
from hardware.sources.null import NullSource


class Adjustable(NullSource):
    """Has a gain and a brightness."""

    def __init__(self) -> None:
        super().__init__(CameraSpec(camera_id="front", name="Front", backend="null"))
        self.wanted: list[Adjustment] = []

    def adjust(self, wanted: Adjustment) -> Adjusted:
        self.wanted.append(wanted)
        met = {"gain", "brightness"} & set(wanted.asked())
        return Adjusted(frozenset(met), dict.fromkeys(set(wanted.asked()) - met, NO_CONTROL))


class Ear:
    """What a sink was told."""

    def __init__(self) -> None:
        self.told: list[tuple[Adjusted, int]] = []

    def __call__(self, adjusted: Adjusted, settled_ns: int) -> None:
        self.told.append((adjusted, settled_ns))


def wanting(yields: bool = False, **asked: Any) -> Wanting:
    return Wanting(Adjustment(**asked), Ear(), yields)


def test_a_sink_is_told_once_what_became_of_its_wish_and_when_it_shows() -> None:
    adjusting, source, ear = Adjusting(), Adjustable(), Ear()
    adjusting.apply(source, 30.0)
    assert source.wanted == []
    adjusting.want("photo", Wanting(Adjustment(gain=2, hdr="on"), ear))
    adjusting.apply(source, 30.0)
    adjusting.apply(source, 30.0)
    assert source.wanted == [Adjustment(gain=2, hdr="on")]
    ((adjusted, settled_ns),) = ear.told
    assert adjusted == Adjusted(frozenset({"gain"}), {"hdr": NO_CONTROL})
    assert settled_ns > SETTLING_FRAMES * 30_000_000
    adjusting.want("photo", None)
    adjusting.apply(source, 30.0)
    assert source.wanted[1:] == [Adjustment()]
    adjusting.want("photo", None)
    adjusting.apply(source, 30.0)
    assert len(source.wanted) == 2


def test_what_is_not_met_shows_at_once() -> None:
    adjusting, ear = Adjusting(), Ear()
    adjusting.want("photo", Wanting(Adjustment(hdr="on"), ear))
    adjusting.apply(Adjustable(), 30.0)
    assert ear.told[0][1] == 0


def test_a_camera_that_was_opened_anew_is_set_anew() -> None:
    adjusting, source, ear = Adjusting(), Adjustable(), Ear()
    adjusting.reopened()
    adjusting.apply(source, 30.0)
    assert source.wanted == []
    adjusting.want("recording", Wanting(Adjustment(gain=2), ear))
    adjusting.apply(source, 30.0)
    adjusting.reopened()
    adjusting.apply(source, 30.0)
    assert source.wanted == [Adjustment(gain=2)] * 2
    assert len(ear.told) == 2


def test_a_photo_changes_nothing_while_a_recording_runs_even_one_that_wants_nothing() -> None:
    adjusting, source, photo, recording = Adjusting(), Adjustable(), Ear(), Ear()
    adjusting.want("photo", Wanting(Adjustment(gain=2), photo, yields=True))
    adjusting.apply(source, 30.0)
    adjusting.want("recording", Wanting(Adjustment(), recording))
    adjusting.apply(source, 30.0)
    assert source.wanted == [Adjustment(gain=2), Adjustment()]
    assert photo.told[1][0] == Adjusted(unmet={"gain": YIELDED})
    assert recording.told == [(Adjusted(), 0)]
    adjusting.want("recording", None)
    adjusting.apply(source, 30.0)
    assert photo.told[2][0].met == {"gain"}


def test_who_came_first_keeps_what_it_wants() -> None:
    merged = merge(
        {
            "a": wanting(gain=2, controls={"zoom": 5}, encoder={"bitrate": 1}),
            "b": wanting(gain=3, brightness=0.5, controls={"zoom": 5, "focus": 1}, encoder={"bitrate": 2}),
        }
    )
    assert merged.adjustment == Adjustment(
        gain=2, brightness=0.5, controls={"zoom": 5, "focus": 1}, encoder={"bitrate": 1}
    )
    assert merged.refused == {"a": {}, "b": {"gain": TAKEN, "bitrate": TAKEN}}


wishes = st.builds(
    lambda gain, hdr, controls, yields: Wanting(Adjustment(gain=gain, hdr=hdr, controls=controls), Ear(), yields),
    st.none() | st.sampled_from([1.0, 2.0]),
    st.none() | st.sampled_from(["on", "off"]),
    st.dictionaries(st.sampled_from(["zoom", "focus", "gain"]), st.integers(0, 2)),
    st.booleans(),
)


@given(st.lists(wishes, max_size=4))
def test_every_wish_holds_or_is_refused_and_nothing_holds_that_nobody_wishes(several: list[Wanting]) -> None:
    standing = {str(number): wish for number, wish in enumerate(several)}
    merged = merge(standing)
    holds = merged.adjustment.asked()
    for sink_id, wish in standing.items():
        for name, value in wish.adjustment.asked().items():
            assert (name in merged.refused[sink_id]) or holds[name] == value
    for name, value in holds.items():
        assert any(
            wish.adjustment.asked().get(name) == value and name not in merged.refused[sink_id]
            for sink_id, wish in standing.items()
        )
