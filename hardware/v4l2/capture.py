"""Streaming from one node: negotiate, map the driver's buffers, take frames out of them."""

import ctypes
import errno
import select
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple

from hardware.errors import CameraUnavailable, FormatUnsupported
from hardware.v4l2 import abi
from hardware.v4l2.abi import BufferFlags, BufferType, Field, Request
from hardware.v4l2.controlabi import Cid, ControlSetting, alone
from hardware.v4l2.device import FASTEST_RATE, LARGEST_SIDE, Mode, rate_of
from hardware.v4l2.system import Argument, Mapping, System, camera_error

BUFFERS_OF_COMPRESSED, BUFFERS_OF_RAW = 6, 4
"""How many buffers are asked for; the driver may grant fewer or more. Raw ones are large, and memory is short."""

_FEWEST_BUFFERS = 2
_WHOLE_PICTURES = (Field.ANY, Field.NONE, Field.INTERLACED, Field.INTERLACED_TB, Field.INTERLACED_BT)
_MOST_INTERVAL_DENOMINATOR = 1001
_NS = 1_000_000_000

_ERROR: Final = int(BufferFlags.ERROR)
_CLOCK: Final = int(BufferFlags.TIMESTAMP_MASK)
_MONOTONIC: Final = int(BufferFlags.TIMESTAMP_MONOTONIC)
"""Plain numbers: this runs for every frame, and an IntFlag computes slowly."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What the driver settled on. `rate` 0: the driver does not tell.

    `strides`: bytes from row to row (raw formats), of each plane of memory.
    """

    pixel_format: int
    width: int
    height: int
    strides: tuple[int, ...]
    rate: float


class RawFrame(NamedTuple):
    """A copy of one buffer. `data`: its memory, of several planes the first; `more`: the others.

    `sequence`: the driver's 32-bit count. `stamp_ns`: the driver's capture time on CLOCK_MONOTONIC, None when its clock
    is another one. `arrival_ns`: when we took it. `damaged`: the driver set its error flag.
    """

    data: bytes
    sequence: int
    stamp_ns: int | None
    arrival_ns: int
    damaged: bool
    more: tuple[bytes, ...] = ()


class Capture:
    """One open node, for one thread. `camera` names it in errors.

    Order of calls: `negotiate` (again with another mode if it raised FormatUnsupported), `start`, `read`..., `close`.
    """

    def __init__(self, system: System, path: str, *, planar: bool, camera: str) -> None:
        """Opens the node. Raises CameraUnavailable, CameraBusy."""
        self._system = system
        self._camera = camera
        self._planar = planar
        self._type = BufferType.CAPTURE_MPLANE if planar else BufferType.CAPTURE
        self._planes = (abi.Plane * abi.MAX_PLANES)()
        self._plane_count = 1
        self._taken = self._buffer()
        self._maps: list[tuple[Mapping, ...]] = []
        self._allocated = False
        try:
            self._descriptor = system.open(path)
        except OSError as error:
            raise camera_error(camera, f"opening {path}", error) from error

    @property
    def descriptor(self) -> int:
        """The open node, for its controls."""
        return self._descriptor

    def negotiate(self, mode: Mode) -> Granted:
        """Asks for `mode`; answers what the driver made of it, read back after the rate was set.

        Sizes and rates may differ from those asked. Raises FormatUnsupported when the driver wants another pixel
        format, another number of planes of memory, or single fields; CameraBusy, CameraUnavailable.
        """
        stream = self._get_format()
        self._fill(stream, mode)
        try:
            self._system.ioctl(self._descriptor, Request.S_FMT, stream)
        except OSError as error:
            if error.errno == errno.EINVAL:
                raise self._unsupported(mode, "the driver refuses it") from error
            raise camera_error(self._camera, "setting the format", error) from error
        rate = self._set_rate(mode.format.rate)
        # Read again: some drivers change the size with the rate.
        return self._verify(self._get_format(), mode, rate)

    def _get_format(self) -> abi.StreamFormat:
        stream = abi.StreamFormat(type=self._type)
        self._call(Request.G_FMT, stream, "reading the format")
        return stream

    def _fill(self, stream: abi.StreamFormat, mode: Mode) -> None:
        picture = stream.fmt.pix_mp if self._planar else stream.fmt.pix
        picture.width, picture.height = mode.format.width, mode.format.height
        picture.pixelformat = mode.pixel_format
        picture.field = Field.NONE
        # 0 lets the driver compute: what is left from the mode before would be taken for a wish.
        planes = _planes_of(mode.pixel_format)
        for layout in picture.plane_fmt[:planes] if self._planar else (picture,):
            layout.bytesperline = 0
            layout.sizeimage = 0
        if self._planar:
            picture.num_planes = planes

    def _set_rate(self, rate: float) -> float:
        """The rate granted, 0 when the driver neither sets nor tells one."""
        parameters = abi.StreamParameters(type=self._type)
        interval = 1 / Fraction(rate).limit_denominator(_MOST_INTERVAL_DENOMINATOR)
        parameters.parm.capture.timeperframe = abi.Fraction(interval.numerator, interval.denominator)
        try:
            self._system.ioctl(self._descriptor, Request.S_PARM, parameters)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTTY):
                raise camera_error(self._camera, "setting the rate", error) from error
            return 0.0
        rate = rate_of(parameters.parm.capture.timeperframe)
        return rate if rate <= FASTEST_RATE else 0.0

    def _verify(self, stream: abi.StreamFormat, mode: Mode, rate: float) -> Granted:
        picture = stream.fmt.pix_mp if self._planar else stream.fmt.pix
        if picture.pixelformat != mode.pixel_format:
            raise self._unsupported(mode, f"the driver insists on {abi.fourcc_name(picture.pixelformat)}")
        if self._planar and picture.num_planes != _planes_of(mode.pixel_format):
            raise self._unsupported(mode, f"the driver spreads it over {picture.num_planes} planes")
        if not (0 < picture.width <= LARGEST_SIDE and 0 < picture.height <= LARGEST_SIDE):
            raise self._unsupported(mode, f"the driver makes it {picture.width}x{picture.height}")
        if picture.field not in _WHOLE_PICTURES:
            raise self._unsupported(mode, "the driver delivers single fields, not whole pictures")
        self._plane_count = int(picture.num_planes) if self._planar else 1
        layouts = picture.plane_fmt[: self._plane_count] if self._planar else (picture,)
        return Granted(
            pixel_format=int(picture.pixelformat),
            width=int(picture.width),
            height=int(picture.height),
            strides=tuple(int(layout.bytesperline) for layout in layouts),
            rate=rate,
        )

    def _unsupported(self, mode: Mode, reason: str) -> FormatUnsupported:
        asked = f"{abi.fourcc_name(mode.pixel_format)} {mode.format.width}x{mode.format.height}"
        return FormatUnsupported(camera=self._camera, asked=asked, reason=reason)

    def start(self, buffers: int) -> None:
        """Maps and queues about `buffers` buffers and starts the stream. Raises CameraBusy, CameraUnavailable."""
        request = abi.RequestBuffers(count=buffers, type=self._type, memory=abi.MEMORY_MMAP)
        self._call(Request.REQBUFS, request, "allocating buffers")
        self._allocated = True
        if request.count < _FEWEST_BUFFERS:
            raise CameraUnavailable(camera=self._camera, reason=f"the driver granted {request.count} buffers only")
        for index in range(request.count):
            self._map(index)
        for index in range(request.count):
            self._call(Request.QBUF, self._buffer(index), "queueing a buffer")
        self._call(Request.STREAMON, ctypes.c_int(self._type), "starting the stream")

    def _map(self, index: int) -> None:
        buffer = self._buffer(index)
        self._call(Request.QUERYBUF, buffer, "asking for a buffer")
        areas = [(buffer.length, buffer.m.offset)]
        if self._planar:
            areas = [(plane.length, plane.m.mem_offset) for plane in self._planes[: self._plane_count]]
        self._maps.append(())
        for length, offset in areas:
            try:
                mapping = self._system.map(self._descriptor, int(length), int(offset))
            except OSError as error:
                raise camera_error(self._camera, "mapping a buffer", error) from error
            self._maps[index] = (*self._maps[index], mapping)

    def _buffer(self, index: int = 0) -> abi.Buffer:
        buffer = abi.Buffer(index=index, type=self._type, memory=abi.MEMORY_MMAP)
        if self._planar:
            ctypes.memset(self._planes, 0, ctypes.sizeof(self._planes))
            buffer.m.planes = ctypes.cast(self._planes, ctypes.POINTER(abi.Plane))
            buffer.length = abi.MAX_PLANES
        return buffer

    def read(self, timeout: float) -> RawFrame | None:
        """The oldest frame waiting, copied; its buffer is queued again at once. None when none came in `timeout` s.

        Raises CameraUnavailable when the device is gone or the driver failed: close and open anew.
        """
        deadline = self._system.monotonic_ns() + round(timeout * 1e9)
        remaining = timeout
        while events := self._poll(remaining):
            if self._planar:
                self._taken = self._buffer()
            if self._dequeue(self._taken):
                return self._take(self._taken)
            if events & ~select.POLLIN:
                raise CameraUnavailable(camera=self._camera, reason="the driver stopped the stream")
            remaining = (deadline - self._system.monotonic_ns()) / 1e9
            if remaining <= 0:
                return None
        return None

    def _poll(self, timeout: float) -> int:
        try:
            return self._system.poll(self._descriptor, max(0.0, timeout))
        except OSError as error:
            raise camera_error(self._camera, "waiting for a frame", error) from error

    def _dequeue(self, buffer: abi.Buffer) -> bool:
        try:
            self._system.ioctl(self._descriptor, Request.DQBUF, buffer)
        except BlockingIOError:
            return False
        except OSError as error:
            raise camera_error(self._camera, "reading a frame", error) from error
        return True

    def _take(self, buffer: abi.Buffer) -> RawFrame:
        arrival = self._system.monotonic_ns()
        index, _, used, flags, _, seconds, micros, sequence = abi.unpack_buffer(buffer)
        maps = self._maps[index]
        if self._planar:
            # In this interface the bytes used count the header in front of the data.
            areas = [(int(plane.data_offset), int(plane.bytesused)) for plane in self._planes[: self._plane_count]]
            data, *more = (mapping[start:end] for mapping, (start, end) in zip(maps, areas, strict=True))
        else:
            data, more = maps[0][:used], []
        frame = RawFrame(
            data=data,
            sequence=sequence,
            stamp_ns=seconds * _NS + micros * 1000 if flags & _CLOCK == _MONOTONIC else None,
            arrival_ns=arrival,
            damaged=bool(flags & _ERROR),
            more=tuple(more),
        )
        self._call(Request.QBUF, self._buffer(index) if self._planar else buffer, "queueing a buffer")
        return frame

    def force_key_frame(self) -> None:
        """Asks the camera's encoder for one at once; one that has no such button is left in peace."""
        button = ControlSetting(id=Cid.VIDEO_FORCE_KEY_FRAME)
        with suppress(OSError):
            self._system.ioctl(self._descriptor, Request.S_EXT_CTRLS, alone(button))

    def close(self) -> None:
        """Stops the stream and gives everything back, whatever state it is in; harmless when repeated."""
        if self._descriptor < 0:
            return
        # A device that is gone fails all of these: what counts is that memory and descriptor are released.
        if self._allocated:
            with suppress(OSError):
                self._system.ioctl(self._descriptor, Request.STREAMOFF, ctypes.c_int(self._type))
        for mappings in self._maps:
            for mapping in mappings:
                mapping.close()
        self._maps.clear()
        if self._allocated:
            with suppress(OSError):
                nothing = abi.RequestBuffers(count=0, type=self._type, memory=abi.MEMORY_MMAP)
                self._system.ioctl(self._descriptor, Request.REQBUFS, nothing)
        self._system.close(self._descriptor)
        self._descriptor = -1

    def _call(self, request: Request, argument: Argument, doing: str) -> None:
        try:
            self._system.ioctl(self._descriptor, request, argument)
        except OSError as error:
            raise camera_error(self._camera, doing, error) from error


def _planes_of(pixel_format: int) -> int:
    """Planes of memory that a buffer of this format has in the multi-planar interface."""
    return 2 if pixel_format == abi.NV12_TWO_PLANES else 1
