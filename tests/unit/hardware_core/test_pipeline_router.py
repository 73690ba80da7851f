"""Who waits for the camera's next opening."""

from fakes.recording import H264, make_packet

from hardware.models import Codec, Packet
from hardware.pipeline.plan import Wish
from hardware.pipeline.router import Router
from hardware.pipeline.stream import Stream


class Taker:
    def __init__(self) -> None:
        self.taken: list[int] = []

    def renew(self, stream: Stream) -> None:
        return

    def offer(self, packet: Packet) -> None:
        self.taken.append(packet.sequence)


def test_who_waits_for_a_reopening_that_does_not_come_gets_what_flows() -> None:
    router, photo = Router(2.0), Taker()
    router.renew(H264, "")
    router.tap(photo, 0, at_next_open=True)
    router.offer(make_packet(1, key=True))
    assert photo.taken == []
    router.connect_waiting()
    router.offer(make_packet(2))
    router.renew(H264, "")
    router.offer(make_packet(3, key=True))
    assert photo.taken == [2, 3], "once each, though the camera was opened later after all"


def test_a_stream_that_waits_for_a_reopening_that_does_not_come_is_fed_too() -> None:
    router, stream = Router(2.0), Taker()
    router.renew(H264, "")
    wish = Wish(takes=frozenset({Codec.H264}))
    router.add("stream", wish, stream, lambda _: None, 0, at_next_open=True)
    router.offer(make_packet(1, key=True))
    assert stream.taken == []
    router.connect_waiting()
    router.connect_waiting()
    router.offer(make_packet(2, key=True))
    router.renew(H264, "")
    router.offer(make_packet(3, key=True))
    assert stream.taken == [2, 3]
