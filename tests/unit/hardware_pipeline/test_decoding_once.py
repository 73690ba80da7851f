"""One decoder for all: what is decoded, how large, for whom."""

import queue
from collections.abc import Iterator
from itertools import dropwhile, islice, pairwise

import pytest
from fakes.pipeline import NS, Looker, packets
from fakes.recording import H264, MJPG, YUYV

from hardware.models import Codec, Format, Packet
from hardware.pipeline import decodestage
from hardware.pipeline.decodestage import LEFT_OUT, DecodeStage
from hardware.pipeline.decoding import Decoder
from hardware.pipeline.stream import Stream
from hardware.pipeline.taker import Picture

HD = Format(codec=Codec.MJPEG, width=640, height=480, rate=30)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """What is decoded from now on: each packet's number, and by how much smaller."""
    seen: list[tuple[int, int]] = []

    class Spy(Decoder):
        def __init__(self, source: Format, by: int = 1) -> None:
            super().__init__(source, by)
            self._by = by

        def decode(self, packet: Packet):  # type: ignore[no-untyped-def]
            seen.append((packet.sequence, self._by))
            return super().decode(packet)

    monkeypatch.setattr(decodestage, "Decoder", Spy)
    return seen


@pytest.fixture
def stage() -> Iterator[DecodeStage]:
    stage = DecodeStage()
    yield stage
    stage.close()


def begin(stage: DecodeStage, granted: Format, *lookers: Looker) -> Stream:
    stream = Stream(granted)
    stage.renew(stream)
    for looker in lookers:
        stage.join(looker, stream, ())
    return stream


def film(stage: DecodeStage, source: Iterator[Packet], count: int, *lookers: Looker) -> None:
    """Offers the next packets, each when the lookers have the one before: the camera is slower than the decoder."""
    for packet in islice(source, count):
        stage.offer(packet)
        for looker in lookers:
            looker.wait_for(packet.sequence)


@pytest.mark.parametrize("granted", [MJPG, H264, YUYV])
def test_two_takers_cost_one_decoding(granted: Format, stage: DecodeStage, decoded: list[tuple[int, int]]) -> None:
    one, two = Looker(), Looker()
    begin(stage, granted, one, two)
    film(stage, packets(granted), 20, one, two)
    assert decoded == [(number, 1) for number in range(20)]
    assert one.sequences == two.sequences == list(range(20))
    assert all(first.frame is second.frame for first, second in zip(one.pictures, two.pictures, strict=True))


@pytest.mark.parametrize(("width", "by"), [(640, 1), (400, 1), (320, 2), (160, 4), (100, 4), (80, 8), (16, 8)])
def test_jpegs_are_decoded_as_small_as_serves(
    width: int, by: int, stage: DecodeStage, decoded: list[tuple[int, int]]
) -> None:
    looker = Looker(width=width)
    begin(stage, HD, looker)
    film(stage, packets(HD), 3, looker)
    assert decoded == [(number, by) for number in range(3)]
    frame = looker.pictures[-1].frame
    assert frame is not None
    assert frame.width == HD.width // by >= width


def test_the_largest_need_of_a_picture_decides(stage: DecodeStage, decoded: list[tuple[int, int]]) -> None:
    often, seldom = Looker(width=80), Looker(rate=10.0)
    begin(stage, HD, often, seldom)
    film(stage, packets(HD), 12, often)
    seldom.wait_for(9)
    assert [by for _, by in decoded] == [1, 8, 8] * 4
    assert seldom.sequences == [0, 3, 6, 9]
    assert often.sequences == list(range(12))


def test_of_jpegs_only_what_somebody_is_due_is_decoded(stage: DecodeStage, decoded: list[tuple[int, int]]) -> None:
    looker = Looker(rate=5.0, width=160)
    begin(stage, HD, looker)
    source = packets(HD)
    for packet in islice(source, 60):
        stage.offer(packet)
        if packet.sequence % 6 == 0:
            looker.wait_for(packet.sequence)
    assert [number for number, _ in decoded] == looker.sequences == list(range(0, 60, 6))
    assert [picture.place for picture in looker.pictures] == list(range(10))


def test_of_h264_key_frames_do_when_they_come_often_enough(stage: DecodeStage, decoded: list[tuple[int, int]]) -> None:
    looker = Looker(rate=5.0, width=160)
    begin(stage, H264, looker)
    source = packets(H264)
    film(stage, islice(source, 11), 11)
    looker.wait_for(10)
    film(stage, source, 50)
    looker.wait_for(60)
    assert [number for number, _ in decoded if number > 10] == [20, 30, 40, 50, 60]
    assert looker.sequences == list(range(0, 61, 10))


def test_of_h264_every_picture_is_decoded_when_key_frames_are_too_rare(
    stage: DecodeStage, decoded: list[tuple[int, int]]
) -> None:
    looker = Looker(rate=10.0)
    begin(stage, H264, looker)
    film(stage, packets(H264), 46)
    looker.wait_for(45)
    assert [number for number, _ in decoded] == list(range(46))
    assert looker.sequences == list(range(0, 46, 5))


def test_one_who_joins_between_key_frames_gets_what_the_ring_has_and_goes_on_without_a_gap(
    stage: DecodeStage,
) -> None:
    seldom, late = Looker(rate=5.0), Looker()
    stream = begin(stage, H264, seldom)
    source = packets(H264)
    film(stage, source, 31)
    seldom.wait_for(30)
    ring = list(islice(source, 5))
    for packet in ring:
        stage.offer(packet)
    key_frame = next(islice(packets(H264), 30, None))
    stage.join(late, stream, [key_frame, *ring])
    film(stage, source, 20, late)
    assert late.sequences == list(range(30, 56))
    assert not any(picture.frame is None or picture.frame.is_corrupt for picture in late.pictures)
    assert seldom.sequences == [0, 10, 20, 30, 40, 50]


def test_one_who_joins_without_a_ring_waits_for_a_key_frame(stage: DecodeStage) -> None:
    late = Looker()
    begin(stage, H264, late)
    film(stage, islice(packets(H264), 3, None), 18)
    late.wait_for(20)
    assert late.sequences == list(range(10, 21))


def test_a_ring_of_before_the_camera_was_opened_anew_is_not_shown(stage: DecodeStage) -> None:
    late = Looker()
    old = Stream(MJPG)
    stage.renew(old)
    ring = list(islice(packets(MJPG), 5))
    for packet in ring:
        stage.offer(packet)
    stage.join(late, old, ring)
    stage.renew(Stream(YUYV))
    film(stage, packets(YUYV, start_ns=200 * NS), 4, late)
    assert [picture.packet.codec for picture in late.pictures] == [Codec.YUYV] * 4
    assert [stream.format for stream in late.streams] == [YUYV]


def test_a_camera_opened_anew_is_looked_at_at_once(stage: DecodeStage) -> None:
    looker = Looker(rate=0.001)
    begin(stage, MJPG, looker)
    film(stage, packets(MJPG), 1, looker)
    stage.renew(Stream(MJPG))
    stage.offer(next(packets(MJPG, start_ns=101 * NS)))
    looker.wait(lambda: len(looker.pictures) == 2)
    assert len(looker.streams) == 2


def test_who_leaves_gets_no_more_and_the_rest_goes_on(stage: DecodeStage) -> None:
    one, two = Looker(), Looker()
    begin(stage, MJPG, one, two)
    source = packets(MJPG)
    film(stage, source, 3, one, two)
    stage.leave(one)
    film(stage, source, 3, two)
    assert (len(one.pictures), len(two.pictures)) == (3, 6)
    assert not stage.idle
    stage.leave(two)
    assert stage.idle


def test_a_picture_that_does_not_decode_is_told_and_the_next_is_fine(stage: DecodeStage) -> None:
    looker = Looker()
    begin(stage, MJPG, looker)
    source = packets(MJPG)
    good, other = next(source), next(source)
    broken = Packet(b"\xff\xd8no picture", Codec.MJPEG, 320, 240, good.mono_ns + 1, 7, key=True)
    for packet in (good, broken, other):
        stage.offer(packet)
    looker.wait_for(1)
    looker.wait(lambda: len(looker.pictures) == 3)
    assert [picture.frame is None for picture in looker.pictures] == [False, True, False]


def test_when_it_falls_behind_those_that_hold_it_up_give_way(
    stage: DecodeStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decodestage, "LONGEST_LAG_NS", NS)
    slow, quick = Looker(), Looker()
    slow.backed_up = True
    begin(stage, MJPG, slow, quick)
    slow.gate.clear()
    for packet in islice(packets(MJPG), 80):
        stage.offer(packet)
    slow.gate.set()
    quick.wait_for(79)
    assert (slow.gave_way, quick.gave_way) == (1, 0)
    assert slow.sequences == quick.sequences == list(range(80))


def test_when_it_falls_behind_by_itself_all_give_way(stage: DecodeStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decodestage, "LONGEST_LAG_NS", NS)
    one, two = Looker(), Looker()
    begin(stage, MJPG, one, two)
    one.gate.clear()
    for packet in islice(packets(MJPG), 80):
        stage.offer(packet)
    one.gate.set()
    two.wait_for(79)
    assert (one.gave_way, two.gave_way) == (1, 1)


def test_what_came_during_a_replay_makes_nobody_give_way_who_catches_up(
    stage: DecodeStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decodestage, "LONGEST_LAG_NS", NS)
    looker = Looker()
    stream = Stream(MJPG)
    stage.renew(stream)
    source = packets(MJPG)
    ring = list(islice(source, 10))
    for packet in ring:
        stage.offer(packet)
    looker.gate.clear()
    stage.join(looker, stream, ring)
    for packet in islice(source, 150):  # three seconds: so long the replay takes
        stage.offer(packet)
    looker.gate.set()
    looker.wait_for(159)
    assert looker.gave_way == 0
    looker.gate.clear()
    for packet in islice(source, 150):
        stage.offer(packet)
    looker.gate.set()
    looker.wait_for(309)
    assert looker.gave_way == 1, "later it is"
    assert looker.sequences == list(range(310))


class Slow(Looker):
    """The camera sends `pace` packets while this one is busy with a picture; `lag_ns` is the longest that it saw."""

    def __init__(self, stage: DecodeStage, source: Iterator[Packet], pace: int) -> None:
        super().__init__()
        self._stage = stage
        self._source = source
        self.pace = pace
        self._newest_ns = 0
        self.lag_ns = 0

    def camera_sends(self, count: int) -> None:
        for packet in islice(self._source, count):
            self._newest_ns = packet.mono_ns
            self._stage.offer(packet)

    def take(self, picture: Picture) -> None:
        self.lag_ns = max(self.lag_ns, self._newest_ns - picture.packet.mono_ns)
        self.camera_sends(self.pace)
        super().take(picture)


def test_a_coded_stream_that_falls_behind_goes_on_at_the_newest_key_frame(
    stage: DecodeStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decodestage, "LONGEST_LAG_NS", NS)
    slow = Slow(stage, islice(packets(H264), 1000), 4)
    begin(stage, H264, slow)
    slow.camera_sends(1)
    slow.wait_for(999)
    taken = pairwise([picture.packet for picture in slow.pictures])
    gaps = [after for before, after in taken if after.sequence > before.sequence + 1]
    assert gaps
    assert all(packet.key for packet in gaps)
    assert slow.lag_ns <= 2.2 * NS, "twice what is allowed, and what is in the decoder"


def test_a_coded_stream_that_falls_behind_waits_for_the_next_key_frame_and_that_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decodestage, "LONGEST_LAG_NS", NS)
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    stage = DecodeStage(told.put)
    source = packets(H264, gop=200)
    slow = Slow(stage, islice(source, 150), 4)
    begin(stage, H264, slow)
    slow.camera_sends(1)
    assert told.get(timeout=10) == LEFT_OUT
    slow.pace = 0
    film(stage, dropwhile(lambda packet: not packet.key, source), 20, slow)
    stage.close()
    before = [number for number in slow.sequences if number < 200]
    assert slow.sequences == [*range(len(before)), *range(200, 220)]
    assert len(before) < 150
    assert told.empty(), "once"


def test_a_coded_stream_that_catches_up_loses_nothing(stage: DecodeStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decodestage, "LONGEST_LAG_NS", NS)
    slow = Slow(stage, islice(packets(H264), 200), 199)  # four seconds: so long its libraries load
    begin(stage, H264, slow)
    slow.camera_sends(1)
    slow.wait_for(199)
    assert slow.sequences == list(range(200))


def test_nothing_is_decoded_for_those_who_do_without(stage: DecodeStage, decoded: list[tuple[int, int]]) -> None:
    looker = Looker(undecoded=True)
    begin(stage, MJPG, looker)
    film(stage, packets(MJPG), 5, looker)
    assert decoded == []
    assert all(picture.frame is None and picture.packet.data for picture in looker.pictures)
