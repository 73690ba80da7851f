"""One encoder for all who want the same: what becomes of encoders that fail, hang or are too slow."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

import av
import pytest
from fakes.encoders import BrokenEncoder, slow_encoder, wrapped
from fakes.pipeline import NS, Collector, packets
from fakes.recording import H264, MJPG

from hardware.models import Codec, Format, Packet
from hardware.pipeline import decodestage, encoders, stage
from hardware.pipeline import router as router_module
from hardware.pipeline.decodestage import DecodeStage
from hardware.pipeline.plan import Wish
from hardware.pipeline.router import Router

RECORDING = frozenset({Codec.H264, Codec.HEVC, Codec.MJPEG})
STREAM = frozenset({Codec.H264})


@pytest.fixture(autouse=True)
def no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here packets come faster than a camera sends them."""
    monkeypatch.setattr(decodestage, "LONGEST_LAG_NS", 10**18)


@pytest.fixture
def router() -> Iterator[Router]:
    router = Router(2.0, "Front door")
    yield router
    for sink_id in ("one", "two", "three"):
        router.remove(sink_id)


def add(router: Router, sink_id: str, wish: Wish, since_ns: int | None = None) -> Collector:
    collector = Collector()
    router.add(sink_id, wish, collector, lambda _: None, since_ns, at_next_open=False)
    return collector


def film(router: Router, source: Iterator[Packet], count: int, *collectors: Collector) -> None:
    """Offers the next packets, each when the collectors have the one before."""
    for packet in islice(source, count):
        router.offer(packet)
        for collector in collectors:
            collector.wait_for(packet.sequence)


def decode(packets: list[Packet]) -> list[av.VideoFrame]:
    decoder = av.CodecContext.create("h264" if packets[0].codec is Codec.H264 else "mjpeg", "r")
    return [frame for packet in packets for frame in decoder.decode(av.Packet(packet.data))]


def use(monkeypatch: pytest.MonkeyPatch, *candidates: encoders.Candidate) -> None:
    monkeypatch.setattr(encoders, "CANDIDATES", (*candidates, *encoders.CANDIDATES))


def test_equal_wishes_share_one_encoder_and_different_ones_one_decoder(
    router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = BrokenEncoder(good=-1)
    use(monkeypatch, counting.candidate())
    made: list[DecodeStage] = []

    class Counted(DecodeStage):
        def __init__(self, inform: Callable[[str], None]) -> None:
            super().__init__(inform)
            made.append(self)

    monkeypatch.setattr(router_module, "DecodeStage", Counted)
    router.renew(MJPG, "")
    one, two = add(router, "one", Wish(takes=RECORDING)), add(router, "two", Wish(takes=STREAM))
    small = add(router, "three", Wish(takes=STREAM, shrinks=True, width=160, height=120))
    film(router, packets(MJPG), 5, one, two, small)
    assert (counting.created, len(made)) == (2, 1)
    assert [packet.data for packet in one.packets] == [packet.data for packet in two.packets]
    assert one.streams[0].encoder == "h264_broken"
    frame = decode(small.packets)[0]
    assert (frame.width, frame.height) == (160, 120) == (small.packets[0].width, small.packets[0].height)


def test_the_pre_roll_is_encoded_for_the_first_and_kept_for_the_second(router: Router) -> None:
    router.renew(MJPG, "")
    source = packets(MJPG)
    film(router, source, 40)
    one = add(router, "one", Wish(takes=STREAM), since_ns=100 * NS + NS // 2)
    film(router, source, 10, one)
    assert one.sequences == list(range(25, 50))
    two = add(router, "two", Wish(takes=STREAM), since_ns=100 * NS + NS // 2)
    film(router, source, 5, one, two)
    assert two.sequences == list(range(25, 55))
    assert len(decode(two.packets)) == 30


def test_a_lower_rate_keeps_true_times(router: Router) -> None:
    router.renew(MJPG, "")
    collector = add(router, "one", Wish(takes=STREAM, shrinks=True, rate=10.0))
    film(router, packets(MJPG), 46)
    collector.wait_for(9)
    assert collector.sequences == list(range(10))
    assert [packet.mono_ns - 100 * NS for packet in collector.packets] == [
        round(place * NS / 10) for place in range(10)
    ]
    assert collector.streams[0].format.rate == 10


def test_a_time_lapse_takes_one_picture_of_each_place(router: Router) -> None:
    router.renew(MJPG, "")
    encoded = add(router, "one", Wish(takes=RECORDING, every_seconds=0.5, rate=25.0))
    copied = add(router, "two", Wish(takes=RECORDING, every_seconds=0.5, rate=25.0, encoding="copy"))
    source = packets(MJPG)
    film(router, source, 60)
    film(router, islice(source, 30, None), 40)
    encoded.wait_for(5)
    for collector, codec in ((encoded, Codec.H264), (copied, Codec.MJPEG)):
        assert collector.of(codec) == [0, 1, 2, 3, 4, 5]
        assert [packet.mono_ns // 10**6 - 100_000 for packet in collector.packets] == [0, 500, 1000, 1800, 2000, 2500]
        assert collector.streams[0].format.rate == 25
    assert len(decode(encoded.packets)) == 6


def test_a_gap_of_the_camera_is_a_gap_of_the_stream(router: Router) -> None:
    router.renew(MJPG, "")
    collector = add(router, "one", Wish(takes=STREAM))
    source = packets(MJPG)
    film(router, source, 3, collector)
    film(router, islice(source, 4, None), 3, collector)
    assert collector.sequences == [0, 1, 2, 7, 8, 9]


@pytest.mark.parametrize(("good", "delay"), [(0, 0), (0, 5), (1, 0), (7, 3), (12, 12)])
def test_an_encoder_that_fails_is_followed_by_the_next_without_a_loss(
    good: int, delay: int, router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, BrokenEncoder(good, delay).candidate())
    router.renew(MJPG, "")
    collector = add(router, "one", Wish(takes=STREAM))
    source = packets(MJPG)
    film(router, source, good + 1)
    film(router, source, 5)
    collector.wait_for(good + 5)
    assert collector.sequences == list(range(good + 6))
    assert [stream.encoder for stream in collector.streams] == ["h264_broken", "libx264"]
    assert collector.streams[-1].note == "h264_broken failed: libx264 encodes from here"
    following = collector.items[collector.items.index(collector.streams[-1]) + 1]
    assert isinstance(following, Packet)
    assert following.key
    assert len(decode(collector.packets)) == good + 6


def test_an_encoder_that_gives_nothing_is_followed_by_the_next(router: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, BrokenEncoder(good=-1, delay=1000).candidate())
    router.renew(MJPG, "")
    collector = add(router, "one", Wish(takes=STREAM))
    source = packets(MJPG)
    film(router, source, 40)
    collector.wait_for(39)
    assert collector.sequences == list(range(40))


@pytest.mark.parametrize(("good", "names"), [(4, ["h264_hanging", "libx264"]), (0, ["libx264"])])
def test_hardware_that_hangs_is_followed_by_the_next_without_a_loss(
    good: int, names: list[str], router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In use, and in its trial."""
    monkeypatch.setattr(stage, "HANGS_AFTER", 0.3)
    calls, released = iter(range(10**6)), threading.Event()

    def hang() -> None:
        if next(calls) >= good:
            released.wait(20.0)

    hanging = replace(wrapped("h264_hanging", hang), hardware=True)
    use(monkeypatch, hanging)
    router.renew(MJPG, "")
    collector = add(router, "one", Wish(takes=STREAM))
    film(router, packets(MJPG), 12)
    collector.wait_for(11)
    released.set()
    film(router, packets(MJPG, start_ns=200 * NS), 12)
    collector.wait(lambda: len(collector.packets) >= 24)
    assert collector.sequences == [*range(12), *range(12)]
    assert [stream.encoder for stream in collector.streams] == names
    assert "hangs" in collector.streams[-1].note


@pytest.mark.parametrize(
    ("hardware", "works"),
    [
        (BrokenEncoder(good=0, hardware=True), False),
        (BrokenEncoder(good=-1, delay=1000, hardware=True), False),
        (BrokenEncoder(good=-1, delay=5, hardware=True), True),
    ],
)
def test_hardware_is_tried_once_and_used_when_it_gives_packets(
    hardware: BrokenEncoder, works: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidate = hardware.candidate()
    use(monkeypatch, candidate)
    for _ in range(3):
        names = [found.name for found in encoders.candidates(Codec.H264)]
    assert names == [*(["h264_broken"] if works else []), "libx264"]
    assert hardware.created == 1
    absent = replace(candidate, name="absent", present=lambda: False)
    monkeypatch.setattr(encoders, "CANDIDATES", (absent,))
    assert encoders.candidates(Codec.H264) == []
    assert hardware.created == 1


def test_without_any_encoder_mjpg_is_passed_on_to_who_takes_it(router: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "CANDIDATES", (BrokenEncoder(good=3).candidate(), BrokenEncoder().candidate()))
    router.renew(MJPG, "")
    takes_it, strict = add(router, "one", Wish(takes=RECORDING)), add(router, "two", Wish(takes=STREAM))
    film(router, packets(MJPG), 10)
    takes_it.wait_for(9)
    assert takes_it.of(Codec.H264) == [0, 1, 2]
    assert takes_it.of(Codec.MJPEG) == list(range(3, 10))
    assert takes_it.streams[-1].format == MJPG
    assert takes_it.streams[-1].note == stage.FAILED
    assert strict.of(Codec.MJPEG) == []
    strict.wait(lambda: any(stream.note == stage.NOTHING for stream in strict.streams))


def test_a_slow_encoder_gives_mjpg_to_who_takes_it_and_fewer_pictures_to_the_others(
    router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoders, "CANDIDATES", (slow_encoder(0.008),))
    monkeypatch.setattr(decodestage, "LONGEST_LAG_NS", NS)
    router.renew(MJPG, "")
    takes_it, strict = add(router, "one", Wish(takes=RECORDING)), add(router, "two", Wish(takes=STREAM))
    source = packets(MJPG)
    film(router, source, 5, takes_it)
    film(router, source, 95)
    takes_it.wait_for(99)
    film(router, source, 100)
    takes_it.wait_for(199)
    strict.wait_for(190)
    encoded, passed = takes_it.of(Codec.H264), takes_it.of(Codec.MJPEG)
    assert encoded + passed == list(range(200))
    assert passed
    assert takes_it.streams[-1].note == stage.TOO_SLOW
    assert set(strict.sequences) < set(range(200))
    assert strict.of(Codec.MJPEG) == []
    assert {stream.encoder for stream in strict.streams} == {"slow"}


def test_a_stream_that_was_too_slow_for_a_while_gets_all_pictures_again(
    router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoders, "CANDIDATES", (slow_encoder(0.008),))
    monkeypatch.setattr(decodestage, "LONGEST_LAG_NS", NS)
    monkeypatch.setattr(stage, "RECOVERY_NS", 2 * NS)
    router.renew(MJPG, "")
    strict = add(router, "one", Wish(takes=STREAM))
    source = packets(MJPG)
    film(router, source, 5, strict)
    film(router, source, 95)
    strict.wait_for(98)
    film(router, islice(source, 200, None), 20, strict)
    numbers = strict.sequences
    assert set(range(5)) < set(numbers)
    assert len([number for number in numbers if number < 100]) < 90
    assert numbers[-20:] == list(range(300, 320))


def test_jpegs_for_viewers_of_any_camera(router: Router) -> None:
    viewer = frozenset({Codec.MJPEG})
    router.renew(H264, "")
    wishes = [
        Wish(takes=viewer, shrinks=True, width=width, quality=quality) for width, quality in ((160, 30), (160, 90))
    ]
    poor, good = (add(router, name, wish) for name, wish in zip(("one", "two"), wishes, strict=True))
    whole = add(router, "three", Wish(takes=viewer, shrinks=True, rate=5.0))
    film(router, packets(H264), 21, poor, good)
    whole.wait_for(2)
    assert len(poor.packets[0].data) < len(good.packets[0].data)
    assert {(frame.width, frame.height) for frame in decode(poor.packets)} == {(160, 120)}
    assert [(frame.width, frame.height) for frame in decode(whole.packets)] == [(320, 240)] * 3
    brightness = decode(whole.packets)[0].to_ndarray(format="gray")
    expected = decode(list(islice(packets(H264), 1)))[0].to_ndarray(format="gray")
    assert abs(brightness.astype(int) - expected.astype(int)).mean() < 4


@pytest.mark.parametrize("granted", [MJPG, H264])
def test_a_camera_that_comes_back_otherwise_is_encoded_anew(granted: Format, router: Router) -> None:
    router.renew(granted, "")
    collector = add(router, "one", Wish(takes=STREAM, rotation=90))
    film(router, packets(granted), 12, collector)
    router.pause()
    other = Format(codec=Codec.MJPEG, width=160, height=120, rate=25)
    router.renew(other, "the test picture stands in for the camera")
    source = packets(other, start_ns=200 * NS)
    film(router, source, 12)
    collector.wait(lambda: len(collector.packets) >= 24)
    assert [stream.format.width for stream in collector.streams] == [240, 120]
    assert collector.streams[-1].note == "the test picture stands in for the camera"
    assert collector.packets[12].key
    assert len(decode(collector.packets[12:])) == 12


def test_that_pictures_were_left_out_is_told_to_those_whose_pictures_are_encoded(
    router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell: list[Callable[[str], None]] = []

    class Late(DecodeStage):
        def __init__(self, inform: Callable[[str], None]) -> None:
            super().__init__(inform)
            tell.append(inform)

    monkeypatch.setattr(router_module, "DecodeStage", Late)
    notes: dict[str, list[str]] = {"one": [], "two": []}
    router.renew(H264, "")
    for sink_id, takes in (("one", STREAM), ("two", frozenset({Codec.MJPEG}))):
        router.add(sink_id, Wish(takes=takes), Collector(), notes[sink_id].extend, None, at_next_open=False)
    tell[0](decodestage.LEFT_OUT)
    assert decodestage.LEFT_OUT in notes["two"]
    assert notes["one"] == [], "its packets are passed on"


def test_threads_end_with_the_last_sink(router: Router) -> None:
    before = set(threading.enumerate())
    router.renew(MJPG, "")
    one = add(router, "one", Wish(takes=STREAM))
    two = add(router, "two", Wish(takes=STREAM, bitrate=1_000_000))
    film(router, packets(MJPG), 3, one, two)
    started = set(threading.enumerate()) - before
    assert sorted(thread.name for thread in started) == ["decode", "encode", "encode"]
    router.remove("one")
    router.remove("two")
    for thread in started:
        thread.join(5.0)
    assert not any(thread.is_alive() for thread in started)
