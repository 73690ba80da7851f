"""What a test puts at the ends of the pipeline: packets of real codecs, and takers that remember."""

import threading
from collections.abc import Callable, Iterator
from itertools import count, cycle

from fakes.source import coded_pictures

from hardware.models import Codec, Format, Packet
from hardware.pipeline.stream import Stream
from hardware.pipeline.taker import Need, Picture

NS = 1_000_000_000


def packets(granted: Format, start_ns: int = 100 * NS, gop: int = 10) -> Iterator[Packet]:
    """What a camera of that format sends, `granted.rate` a second, without end and without waiting."""
    coded = cycle(coded_pictures(granted.codec, granted.width, granted.height, count=max(gop, 20), gop=gop))
    for number, (data, key) in zip(count(), coded, strict=False):
        at_ns = start_ns + round(number * NS / granted.rate)
        yield Packet(data, granted.codec, granted.width, granted.height, at_ns, number, key)


class _Remembering:
    """`wait_for(n)` until something of that number has come; fails after ten seconds."""

    def __init__(self) -> None:
        self.news = threading.Condition()

    def wait(self, condition: Callable[[], bool]) -> None:
        with self.news:
            assert self.news.wait_for(condition, 10.0)


class Looker(_Remembering):
    """A FrameTaker. `pictures` and `streams` are what it got; each `take` waits for `open_`."""

    def __init__(self, rate: float = 0.0, width: int = 0, undecoded: bool = False) -> None:
        super().__init__()
        self.need = Need(round(NS / rate) if rate else 0, width)
        self.undecoded = undecoded
        self.backed_up = False
        self.gave_way = 0
        self.pictures: list[Picture] = []
        self.streams: list[Stream] = []
        self.gate = threading.Event()
        self.gate.set()

    @property
    def sequences(self) -> list[int]:
        return [picture.packet.sequence for picture in self.pictures]

    def renew(self, stream: Stream) -> None:
        self.streams.append(stream)

    def take(self, picture: Picture) -> None:
        assert self.gate.wait(10.0)
        with self.news:
            self.pictures.append(picture)
            self.news.notify_all()

    def give_way(self) -> None:
        self.gave_way += 1

    def wait_for(self, sequence: int) -> None:
        self.wait(lambda: bool(self.pictures) and self.pictures[-1].packet.sequence >= sequence)


class Collector(_Remembering):
    """A PacketSink that remembers everything in order."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[Packet | Stream] = []

    @property
    def packets(self) -> list[Packet]:
        return [item for item in self.items if isinstance(item, Packet)]

    @property
    def streams(self) -> list[Stream]:
        return [item for item in self.items if isinstance(item, Stream)]

    @property
    def sequences(self) -> list[int]:
        return [packet.sequence for packet in self.packets]

    def of(self, codec: Codec) -> list[int]:
        return [packet.sequence for packet in self.packets if packet.codec is codec]

    def renew(self, stream: Stream) -> None:
        with self.news:
            self.items.append(stream)
            self.news.notify_all()

    def offer(self, packet: Packet) -> None:
        with self.news:
            self.items.append(packet)
            self.news.notify_all()

    def wait_for(self, sequence: int) -> None:
        self.wait(lambda: any(packet.sequence >= sequence for packet in self.packets))
