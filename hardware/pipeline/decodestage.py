"""Decode once: a thread that turns one camera's packets into the pictures that encoders and analysers share."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hardware.models import Codec, Format, Packet
from hardware.pipeline.backlog import Backlog
from hardware.pipeline.decoding import INTRA, Decoder
from hardware.pipeline.sizes import reduction
from hardware.pipeline.stream import Stream
from hardware.pipeline.taker import FrameTaker, Need, Picture
from hardware.pipeline.thinning import Places

if TYPE_CHECKING:
    import av

log = logging.getLogger(__name__)

LONGEST_LAG_NS = 2_000_000_000
"""How far the decoder may fall behind the camera.

Then those that hold it up must do without frames, where they can: of MJPG. Of other streams pictures are left out up
to a key frame, unless less and less waits: an encoder that loads its libraries, or has followed one that hung, catches
up.
"""

LEFT_OUT = "decoding and encoding did not keep up with the camera: pictures were left out, up to a key frame"


@dataclass(slots=True, eq=False)
class _Seat:
    """A taker and which pictures it gets. `by`: how much smaller than the camera's they may be decoded."""

    taker: FrameTaker
    need: Need
    places: Places = field(init=False)
    by: int = 1

    def renew(self, stream: Stream) -> None:
        granted, need = stream.format, self.need
        self.places = Places(need.interval_ns, granted.rate)
        self.by = reduction(granted.width, granted.height, need.width or granted.width, need.height or 1)
        self.taker.renew(stream)


@dataclass(frozen=True, slots=True, eq=False)
class _Joining:
    """A taker that gets `replay`, the packets of `stream` up to the time `after_ns`, before it takes part."""

    seat: _Seat
    stream: Stream | None
    replay: Sequence[Packet]
    after_ns: int


class DecodeStage:
    """A sink of the camera's packets that decodes each at most once, at the smallest scale that serves.

    Of MJPG only the pictures are decoded that somebody is due; of H.264 and HEVC key frames only, as long as these come
    often enough for everybody, else every picture.
    """

    def __init__(self, inform: Callable[[str], None] = lambda _note: None) -> None:
        """`inform` gets notes for the people behind all takers, in the stage's thread."""
        self._inform = inform
        self._backlog = Backlog()
        self._lock = threading.Lock()
        self._seats: tuple[_Seat, ...] = ()
        self._joining: list[_Joining] = []
        self._due_ns = 0
        self._often_ns = 0
        self._newest_ns = 0
        self._key_ns = 0
        self._group_ns = 0
        self._between_keys = False
        self._coming: Stream | None = None
        self._stream: Stream | None = None
        self._decoders: dict[int, Decoder] = {}
        self._judged_ns = 0
        self._behind_ns = 0
        self._thread = threading.Thread(target=self._run, name="decode", daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """True without takers."""
        return not (self._seats or self._joining)

    def join(self, taker: FrameTaker, stream: Stream | None, replay: Sequence[Packet]) -> None:
        """Adds `taker`. It gets the pictures of `replay` first: those of `stream` up to the newest that was offered.

        No packet may be offered meanwhile.
        """
        with self._lock:
            self._joining.append(_Joining(_Seat(taker, taker.need), stream, replay, self._newest_ns))
            if replay:
                self._between_keys = False

    def leave(self, taker: FrameTaker) -> None:
        """Removes `taker`; harmless when it is not there."""
        with self._lock:
            self._joining = [other for other in self._joining if other.seat.taker is not taker]
            self._seat([seat for seat in self._seats if seat.taker is not taker])

    def close(self) -> None:
        """Ends the thread."""
        self._backlog.close()

    def renew(self, stream: Stream) -> None:
        """See `PacketSink`."""
        with self._lock:
            self._coming = stream
            self._due_ns = self._key_ns = self._group_ns = 0
            self._between_keys = False
        self._backlog.put(stream)

    def offer(self, packet: Packet) -> None:
        """See `PacketSink`. What nobody is due costs nothing more."""
        with self._lock:
            self._newest_ns = packet.mono_ns
            wanted = self._is_wanted(packet)
        if wanted:
            self._backlog.put(packet)

    def _is_wanted(self, packet: Packet) -> bool:
        if packet.codec in INTRA:
            return bool(self._joining) or packet.mono_ns >= self._due_ns
        if packet.key:
            self._group_ns = packet.mono_ns - self._key_ns if self._key_ns else 0
            self._key_ns = packet.mono_ns
            self._between_keys = False
        elif not self._joining and 0 < self._group_ns <= self._often_ns:
            self._between_keys = True
        return not self._between_keys

    def _seat(self, seats: Sequence[_Seat]) -> None:
        self._seats = tuple(seats)
        self._often_ns = min((seat.need.interval_ns for seat in seats), default=0)

    def _run(self) -> None:
        while (item := self._backlog.get()) is not None:
            if isinstance(item, Stream):
                self._stream = item
                self._decoders = {}
                for seat in self._seats:
                    seat.renew(item)
            elif self._stream is not None:
                self._admit(item, self._stream)
                self._take(item, self._stream.format)

    def _admit(self, packet: Packet, stream: Stream) -> None:
        """Takes in those who joined before `packet` came."""
        while self._joining:
            with self._lock:
                due = [joining for joining in self._joining if joining.after_ns < packet.mono_ns]
            if not due:
                return
            joining, seat = due[0], due[0].seat
            seat.renew(stream)
            if joining.stream is stream and joining.replay:
                self._replay(joining.replay, seat, stream.format)
                self._excuse(packet)
            with self._lock:
                if joining in self._joining:  # it may have left meanwhile
                    self._joining.remove(joining)
                    self._seat([*self._seats, seat])

    def _replay(self, packets: Sequence[Packet], seat: _Seat, source: Format) -> None:
        """Decodes `packets` for one taker; the decoder that has seen them goes on with what follows."""
        if source.codec not in INTRA:
            self._decoders = {}
        for packet in packets:
            self._decode(packet, source, (seat,))

    def _excuse(self, packet: Packet) -> None:
        """What has come during a replay is nobody's fault, as long as less and less waits."""
        self._behind_ns = self._backlog.waiting_since(packet.mono_ns)
        self._judged_ns = packet.mono_ns + self._behind_ns

    def _take(self, packet: Packet, source: Format) -> None:
        if packet.codec is Codec.MJPEG:
            self._relieve_if_late(packet)
        elif packet.codec not in INTRA:
            self._skip_if_late(packet)
        self._decode(packet, source, self._seats)
        due_ns = min((seat.places.due_ns for seat in self._seats), default=0)
        with self._lock:
            if self._coming is self._stream:
                self._due_ns = due_ns

    def _relieve_if_late(self, packet: Packet) -> None:
        lag_ns = self._backlog.waiting_since(packet.mono_ns)
        if lag_ns <= LONGEST_LAG_NS:
            self._behind_ns = 0
        elif packet.mono_ns > self._judged_ns:
            self._judged_ns = packet.mono_ns + lag_ns  # what waits already says nothing about those that are left
            catches_up = lag_ns < self._behind_ns
            self._behind_ns = lag_ns if catches_up else 0
            if not catches_up:
                self._relieve()

    def _skip_if_late(self, packet: Packet) -> None:
        """Once too much waits there must be less when that is worked off, and never much more."""
        lag_ns = self._backlog.waiting_since(packet.mono_ns)
        if lag_ns <= LONGEST_LAG_NS:
            self._behind_ns = 0
            return
        worked_off = packet.mono_ns > self._judged_ns
        grows = lag_ns > self._behind_ns + LONGEST_LAG_NS or (worked_off and lag_ns >= self._behind_ns)
        if self._behind_ns and grows:
            self._behind_ns = 0
            self._skip()
        elif worked_off or not self._behind_ns:
            self._behind_ns = lag_ns
            self._judged_ns = packet.mono_ns + lag_ns

    def _skip(self) -> None:
        """To the newest key frame that waits, or else to the next that comes."""
        if self._decoders:
            log.warning("%s", LEFT_OUT)
            self._inform(LEFT_OUT)
        self._backlog.skip_to_newest_key()
        self._decoders = {}

    def _relieve(self) -> None:
        takers = [seat.taker for seat in self._seats if not seat.taker.undecoded]
        slow = [taker for taker in takers if taker.backed_up]
        for taker in slow or takers:
            taker.give_way()

    def _decode(self, packet: Packet, source: Format, seats: Sequence[_Seat]) -> None:
        if packet.codec in INTRA:
            self._decode_alone(packet, source, seats)
        else:
            self._decode_next(packet, source, seats)

    def _decode_alone(self, packet: Packet, source: Format, seats: Sequence[_Seat]) -> None:
        """A packet that is a picture of its own: decoded when one of `seats` is due."""
        due = [(seat, place) for seat in seats if (place := seat.places.take(packet.mono_ns)) is not None]
        looking = [seat for seat, _ in due if not seat.taker.undecoded]
        frame = None
        if looking:
            by = min(seat.by for seat in looking) if packet.codec is Codec.MJPEG else 1
            frame = next((frame for _, frame in self._pictures(packet, source, by)), None)
        for seat, place in due:
            seat.taker.take(Picture(packet, frame, place))

    def _decode_next(self, packet: Packet, source: Format, seats: Sequence[_Seat]) -> None:
        """A packet of a stream in which each builds on those before."""
        if not packet.key and not self._decoders:
            return
        for shown, frame in self._pictures(packet, source, 1):
            for seat in seats:
                place = seat.places.take(shown.mono_ns)
                if place is not None:
                    seat.taker.take(Picture(shown, frame, place))

    def _pictures(self, packet: Packet, source: Format, by: int) -> "Sequence[tuple[Packet, av.VideoFrame]]":
        """What `packet` completes; nothing when it does not decode."""
        import av

        if by not in self._decoders:
            self._decoders[by] = Decoder(source, by)
        try:
            return list(self._decoders[by].decode(packet))
        except av.FFmpegError as error:
            log.debug("picture %d does not decode: %s", packet.sequence, error)
            return ()
