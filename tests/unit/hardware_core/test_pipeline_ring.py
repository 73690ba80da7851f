"""The pre-roll and the bounded queue."""

import threading
import time
from itertools import pairwise

import pytest
from fakes.recording import H264, make_packet
from hypothesis import given
from hypothesis import strategies as st

from hardware.models import Packet
from hardware.pipeline.backlog import Backlog
from hardware.pipeline.fanout import FanOut
from hardware.pipeline.ring import Ring
from hardware.pipeline.stream import Stream


def numbers(packets: object) -> list[int]:
    return [packet.sequence for packet in packets]  # type: ignore[attr-defined]


def test_a_clip_starts_at_the_last_key_frame_at_or_before_the_request() -> None:
    ring = Ring(2.0)
    for number in range(40):
        ring.append(make_packet(number, key=number % 5 == 0))
    assert numbers(ring.since(3_700_000_000))[0] == 35
    assert numbers(ring.since(3_500_000_000))[0] == 35
    assert numbers(ring.since(3_499_999_999))[0] == 30


def test_a_request_older_than_the_ring_gets_all_of_it() -> None:
    ring = Ring(1.0)
    for number in range(40):
        ring.append(make_packet(number, key=number % 5 == 0))
    assert numbers(ring.since(0)) == list(range(25, 40))


def test_a_long_group_is_kept_as_a_whole() -> None:
    ring = Ring(1.0)
    for number in range(30):
        ring.append(make_packet(number, key=number % 20 == 0))
    assert numbers(ring.since(0)) == list(range(30))


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 500)), max_size=80),
    st.floats(0, 4),
    st.integers(500, 4000),
    st.integers(0, 8_000_000_000),
)
def test_the_ring_is_bounded_and_starts_with_a_key_frame(
    script: list[tuple[bool, int]], seconds: float, limit: int, request: int
) -> None:
    ring = Ring(seconds, limit)
    for number, (key, size) in enumerate(script):
        ring.append(make_packet(number, key=key, size=size))
    held = list(ring.since(0))
    assert sum(len(packet.data) for packet in held) <= limit
    assert not held or held[0].key
    assert numbers(held) == list(range(len(script) - len(held), len(script))) or not held
    part = ring.since(request)
    assert not part or part[0].key


def test_no_ring_time_means_no_ring() -> None:
    ring = Ring(0)
    ring.append(make_packet(0, key=True))
    assert not ring.since(0)


class Collector:
    def __init__(self) -> None:
        self.taken: list[Packet | Stream] = []

    def renew(self, stream: Stream) -> None:
        self.taken.append(stream)

    def offer(self, packet: Packet) -> None:
        self.taken.append(packet)


def test_a_new_sink_gets_ring_and_live_without_gap_or_repeat() -> None:
    fan = FanOut(Ring(10.0))
    fan.renew(Stream(H264))
    stop = threading.Event()

    def film() -> None:
        number = 0
        while not stop.is_set():
            fan.offer(make_packet(number, key=number % 10 == 0))
            number += 1

    thread = threading.Thread(target=film)
    thread.start()
    sinks = [Collector() for _ in range(20)]
    for sink in sinks:
        time.sleep(0.001)
        fan.attach(sink, 0)
    stop.set()
    thread.join()
    for sink in sinks:
        assert sink.taken[0] == Stream(H264)
        taken = numbers(sink.taken[1:])
        assert taken == list(range(taken[0], taken[0] + len(taken)))


def test_after_a_pause_nothing_old_is_given() -> None:
    fan, sink = FanOut(Ring(10.0)), Collector()
    fan.renew(Stream(H264))
    fan.offer(make_packet(0, key=True))
    fan.pause()
    fan.attach(sink, 0)
    assert sink.taken == []
    fan.renew(Stream(H264))
    assert sink.taken == [Stream(H264)]
    fan.detach(sink)
    assert fan.idle


def test_too_much_waiting_drops_whole_groups_oldest_first() -> None:
    backlog = Backlog(max_bytes=1500)
    for number in range(20):
        backlog.put(make_packet(number, key=number % 5 == 0))
    taken = [backlog.get(0) for _ in range(15)]
    assert numbers(taken) == list(range(5, 20))


def test_what_is_left_of_a_begun_group_goes_first() -> None:
    backlog = Backlog(max_bytes=1000)
    for number in range(10):
        backlog.put(make_packet(number, key=number % 5 == 0))
    assert numbers([backlog.get(0), backlog.get(0)]) == [0, 1]
    for number in range(10, 13):
        backlog.put(make_packet(number, key=number % 5 == 0))
    taken = [backlog.get(0) for _ in range(8)]
    assert numbers(taken) == list(range(5, 13))


def test_stream_changes_are_never_dropped() -> None:
    backlog = Backlog(max_bytes=250)
    backlog.put(make_packet(0, key=True))
    backlog.put(Stream(H264))
    for number in range(1, 6):
        backlog.put(make_packet(number, key=True))
    assert backlog.get(0) == Stream(H264)
    assert numbers([backlog.get(0), backlog.get(0)]) == [4, 5]


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 400), st.booleans()), max_size=60), st.integers(400, 2000))
def test_what_can_be_taken_always_decodes(script: list[tuple[bool, int, bool]], limit: int) -> None:
    """After a gap the next packet taken is a key frame, and the bytes are bounded."""
    backlog = Backlog(limit)
    taken: list[Packet] = []
    for number, (key, size, take) in enumerate(script):
        backlog.put(make_packet(number, key=key or number == 0, size=size))
        if take:
            try:
                item = backlog.get(0)
            except TimeoutError:
                continue
            assert isinstance(item, Packet)
            taken.append(item)
    for before, after in pairwise(taken):
        assert after.sequence == before.sequence + 1 or after.key


def test_a_closed_backlog_is_emptied_first() -> None:
    backlog = Backlog()
    backlog.put(make_packet(0, key=True))
    backlog.close()
    assert backlog.get() is not None
    assert backlog.get() is None


def test_a_nudge_wakes_a_waiting_taker() -> None:
    backlog = Backlog()
    threading.Timer(0.05, backlog.nudge).start()
    with pytest.raises(TimeoutError):
        backlog.get(5.0)
