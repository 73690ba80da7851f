"""An open camera: the granted format, and frames that are whole, numbered and stamped."""

from collections import Counter, deque
from collections.abc import Callable

from hardware.errors import CameraUnavailable, FormatUnsupported, HardwareError
from hardware.models import RAW_CODECS, Codec, Format, Packet
from hardware.v4l2.accessunits import CodedPicture, UnitJoiner
from hardware.v4l2.capture import BUFFERS_OF_COMPRESSED, BUFFERS_OF_RAW, Capture, Granted, RawFrame
from hardware.v4l2.choice import choose_modes, describe
from hardware.v4l2.counting import SequenceCounter, StampKeeper
from hardware.v4l2.device import CARRIED, Mode, Node
from hardware.v4l2.pictures import BrokenPicture, JpegRuler, pack_nv12, pack_rows
from hardware.v4l2.system import System

_LONGEST_INTERVAL = 1.5
"""Intervals of the rate after which a frame is not gathered, but late."""

_YUYV_BYTES_PER_PIXEL = 2
_MOST_BROKEN_IN_A_ROW = 30
"""After so many the stream is given up: negotiating anew is what helps against frames that do not fit the format."""


class CameraStream:
    """Made by `open_stream`; for one thread. `format` is what was granted; `camera` names it in errors."""

    def __init__(self, system: System, capture: Capture, granted: Granted, picture: Format, camera: str) -> None:
        self.format = picture
        self._system = system
        self._capture = capture
        self._granted = granted
        self._camera = camera
        self._joiner = UnitJoiner(picture.codec) if picture.codec in (Codec.H264, Codec.HEVC) else None
        self._joined = 0
        self._sequence = SequenceCounter()
        self._stamps = StampKeeper()
        self._ruler = JpegRuler()
        self._dropped: Counter[str] = Counter()
        self._broken_in_a_row = 0
        self._gathered: deque[RawFrame] = deque()
        self._failure: HardwareError | None = None

    @property
    def losses(self) -> dict[str, int]:
        """Frames lost by reason: `missed` by the driver; `flagged`, `empty`, `truncated`, `size`, ... dropped here."""
        return {"missed": self._sequence.missed, **self._dropped}

    @property
    def patience(self) -> float:
        """Seconds of frames that fill half of the buffers."""
        buffers = BUFFERS_OF_RAW if self.format.codec in RAW_CODECS else BUFFERS_OF_COMPRESSED
        return buffers / 2 / self.format.rate

    @property
    def notes(self) -> list[str]:
        """What is to be said about the stream, for people."""
        return [*([] if self._granted.rate else ["the driver does not tell its rate"]), *self._stamps.notes]

    def read(self, timeout: float, gathering: float = 0.0) -> Packet | None:
        """The next whole frame; None when none came in `timeout` seconds. `gathering` as in `Source`.

        Raises CameraUnavailable when the camera is gone, and when nothing but broken frames arrives.
        """
        deadline = self._system.monotonic_ns() + round(timeout * 1e9)
        while frame := self._next(timeout, gathering):
            packet = self._packet(frame)
            if packet is not None:
                return packet
            timeout = max(0.0, (deadline - self._system.monotonic_ns()) / 1e9)
        return None

    def gather(self, seconds: float) -> None:
        """See `Source.gather`."""
        self._together = max(1, round(seconds * self.format.rate))

    def _next(self, timeout: float, gathering: float) -> RawFrame | None:
        """The oldest frame that was gathered; those that are not in the driver any more outlive the camera."""
        if not self._gathered:
            self._gather(timeout, max(1, round(gathering * self.format.rate)))
        return self._gathered.popleft() if self._gathered else None

    def _gather(self, timeout: float, together: int) -> None:
        """Raises CameraUnavailable once nothing is left of what was read before."""
        if self._failure is not None:
            raise self._failure
        try:
            while len(self._gathered) < together and (frame := self._capture.read(timeout)):
                self._gathered.append(frame)
                timeout = _LONGEST_INTERVAL / self.format.rate
        except HardwareError as error:
            if not self._gathered:
                raise
            self._failure = error

    def _packet(self, frame: RawFrame) -> Packet | None:
        """The frame as a packet; None when it is broken. Each has a number, so those dropped show as gaps."""
        missed = self._sequence.missed
        number = self._sequence.advance(frame.sequence)
        if self._sequence.missed > missed:
            self._mend()
        try:
            picture = self._picture(frame)
        except BrokenPicture as broken:
            self._drop(broken.reason)
            self._mend()
            return None
        self._broken_in_a_row = 0
        if picture is None:
            self._joined += 1
            return None
        return Packet(
            data=picture.data,
            codec=self.format.codec,
            width=self.format.width,
            height=self.format.height,
            mono_ns=self._stamps.stamp(frame),
            sequence=number - self._joined,
            key=picture.key,
        )

    def _picture(self, frame: RawFrame) -> CodedPicture | None:
        """None when it holds none, but what the next one needs: no picture is missing then. Raises BrokenPicture."""
        if frame.damaged:
            raise BrokenPicture("flagged")
        if self._joiner is not None:
            return self._joiner.take(frame.data)
        return CodedPicture(self._still(frame), key=True)

    def _still(self, frame: RawFrame) -> bytes:
        """A picture that needs no other one."""
        width, height, strides = self._granted.width, self._granted.height, self._granted.strides
        if self.format.codec is Codec.YUYV:
            return pack_rows(frame.data, width * _YUYV_BYTES_PER_PIXEL, strides[0], height)
        if self.format.codec is Codec.NV12:
            return pack_nv12((frame.data, *frame.more), strides, width, height)
        extent = self._ruler.measure(frame.data)
        if (extent.width, extent.height) != (width, height):
            raise BrokenPicture("size")
        return frame.data[: extent.length]

    def _mend(self) -> None:
        """After a loss: what builds on the lost picture looks damaged up to the next key frame."""
        if self._joiner is not None:
            self._capture.force_key_frame()

    def _drop(self, reason: str) -> None:
        self._dropped[reason] += 1
        self._broken_in_a_row += 1
        if self._broken_in_a_row >= _MOST_BROKEN_IN_A_ROW:
            message = f"{self._broken_in_a_row} broken frames in a row, the last one: {reason}"
            raise CameraUnavailable(camera=self._camera, reason=message)

    def close(self) -> None:
        """Releases the device; harmless when repeated."""
        self._capture.close()


def open_stream(
    system: System, node: Node, wanted: Format | None, camera: str, prepare: Callable[[int], None]
) -> CameraStream:
    """Negotiates and starts. `wanted` None: `choose_modes`' own best; what was granted is in the stream's `format`.

    `prepare` gets the open descriptor in between: some controls cannot be set while a camera films.

    Raises CameraBusy, CameraUnavailable, FormatUnsupported; then the device is released.
    """
    capture = Capture(system, node.path, planar=node.planar, camera=camera)
    try:
        mode, granted = _negotiate(capture, choose_modes(node.modes, wanted), camera)
        rate = granted.rate or mode.format.rate
        picture = Format(codec=mode.format.codec, width=granted.width, height=granted.height, rate=rate)
        prepare(capture.descriptor)
        capture.start(BUFFERS_OF_RAW if picture.codec in RAW_CODECS else BUFFERS_OF_COMPRESSED)
    except BaseException:  # boundary: the device is released, whatever went wrong
        capture.close()
        raise
    return CameraStream(system, capture, granted, picture, camera)


def _negotiate(capture: Capture, modes: list[Mode], camera: str) -> tuple[Mode, Granted]:
    """The first mode whose pixel format the driver really grants."""
    refusals: list[str] = []
    for mode in modes:
        try:
            return mode, capture.negotiate(mode)
        except FormatUnsupported as error:
            refusals.append(str(error.fields["reason"]))
    asked = " or ".join(describe(mode.format) for mode in modes) or CARRIED
    raise FormatUnsupported(camera=camera, asked=asked, reason="; ".join(refusals) or "it has none of them")
