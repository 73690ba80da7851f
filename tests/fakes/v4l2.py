"""A small V4L2 driver in this process, at the seam of `hardware.v4l2.system.System`.

It enumerates, negotiates, hands out buffers and loses frames as a real one does; its clock is its own and moves only in
`poll`, so that nothing sleeps. Faults are switches of `FakeCamera`.
"""

import ctypes
import errno
import os
import select
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from fakes.v4l2_controls import ControlPanel, FakeControl
from fakes.v4l2_pictures import MJPG_HD, MJPG_VGA, YUYV_HD, YUYV_TINY, FakeMode, contents

from hardware.v4l2 import abi
from hardware.v4l2.abi import BufferType, Capabilities, Field, Request
from hardware.v4l2.system import Argument

T = TypeVar("T")

BUFFER_BYTES = 4096
START_NS = 1_000_000_000_000


@dataclass
class FakeCamera:
    """A node and its faults. Frame numbers count from 0 at each start of the stream."""

    name: str = "Fake camera"
    modes: tuple[FakeMode, ...] = (YUYV_HD, YUYV_TINY, MJPG_HD, MJPG_VGA)
    planar: bool = False
    device_caps: Capabilities = Capabilities.VIDEO_CAPTURE | Capabilities.STREAMING
    size_range: tuple[int, int, int, int, int] | None = None
    """Smallest width, largest width, smallest height, largest height, step: sizes are a range, not a list."""
    row_padding: int = 0
    data_offset: int = 0
    clock: int = abi.BufferFlags.TIMESTAMP_MONOTONIC
    stamp_shift_ns: int = 0
    sets_rate: bool = True
    fewest_buffers: int = 2
    most_buffers: int = 32
    grants_size: tuple[int, int] | None = None
    grants_format: int | None = None
    grants_rate: int | None = None
    grants_field: int = Field.NONE
    grants_planes: int = 0
    """0: as many as the pixel format has."""
    refuses: frozenset[int] = frozenset()
    fails: dict[Request, int] = field(default_factory=dict)
    """errno by request."""
    fails_open: int = 0
    silent_after: int | None = None
    unplugged_after: int | None = None
    io_error_after: int | None = None
    stops_after: int | None = None
    skips: dict[int, int] = field(default_factory=dict)
    """By frame number: how many sequence numbers are left out before it."""
    flagged: frozenset[int] = frozenset()
    damage: dict[int, Callable[[bytes], bytes]] = field(default_factory=dict)
    frame_size: tuple[int, int] | None = None
    first_sequence: int = 0
    counts: bool = True
    controls: list[FakeControl] = field(default_factory=list)
    owner: "_Handle | None" = None
    gone: bool = False

    def __post_init__(self) -> None:
        self.panel = ControlPanel(self.controls)


@dataclass
class _Memory:
    planes: tuple[bytearray, ...]
    used: list[int]
    sequence: int = 0
    stamp_ns: int = 0
    flags: int = 0


class FakeMapping:
    def __init__(self, handle: "_Handle", memory: bytearray) -> None:
        self._handle = handle
        self._memory = memory
        handle.mapped += 1
        self._closed = False

    def __getitem__(self, part: slice, /) -> bytes:
        assert not self._closed, "read of unmapped memory"
        return bytes(self._memory[part])

    def close(self) -> None:
        assert not self._closed
        self._closed = True
        self._handle.mapped -= 1


class _Handle:
    """One open descriptor."""

    def __init__(self, system: "FakeSystem", camera: FakeCamera) -> None:
        self._system = system
        self._camera = camera
        first = camera.modes[0] if camera.modes else FakeMode(0, 0, 0)
        self._pixel_format, self._size = first.pixel_format, (first.width, first.height)
        self._rate = 5
        self._memory: list[_Memory] = []
        self._queue: deque[int] = deque()
        self._done: deque[int] = deque()
        self.mapped = 0
        self._streaming = False
        camera.panel.is_streaming = lambda: self._streaming
        self._frame = 0
        self._sequence = 0
        self._due_ns = 0

    @property
    def _kind(self) -> BufferType:
        return BufferType.CAPTURE_MPLANE if self._camera.planar else BufferType.CAPTURE

    def ioctl(self, request: Request, argument: Argument) -> None:
        camera = self._camera
        if camera.gone:
            raise _error(errno.ENODEV)
        releasing = isinstance(argument, abi.RequestBuffers) and argument.count == 0
        if request in camera.fails and not releasing:
            raise _error(camera.fails[request])
        panel = camera.panel.calls.get(request)
        (panel or getattr(self, f"_{request.name.lower()}"))(argument)

    def _querycap(self, capability: abi.Capability) -> None:
        capability.driver, capability.card = b"fake", self._camera.name.encode()
        capability.device_caps = self._camera.device_caps
        # As on a real camera: the sum over all of its nodes, the metadata node's too.
        everything = Capabilities.VIDEO_CAPTURE | Capabilities.META_CAPTURE | Capabilities.STREAMING
        capability.capabilities = everything | Capabilities.DEVICE_CAPS

    def _enum_fmt(self, entry: abi.FormatDescription) -> None:
        self._require(entry.type == self._kind)
        entry.pixelformat = _pick(list(dict.fromkeys(mode.pixel_format for mode in self._camera.modes)), entry.index)

    def _enum_framesizes(self, entry: abi.FrameSize) -> None:
        if self._camera.size_range:
            self._require(entry.index == 0)
            low_w, high_w, low_h, high_h, step = self._camera.size_range
            entry.type = abi.SizeType.STEPWISE
            entry.size.stepwise = abi.StepwiseSize(low_w, high_w, step, low_h, high_h, step)
            return
        sizes = [(mode.width, mode.height) for mode in self._camera.modes if mode.pixel_format == entry.pixel_format]
        width, height = _pick(sizes, entry.index)
        entry.type = abi.SizeType.DISCRETE
        entry.size.discrete = abi.DiscreteSize(width, height)

    def _enum_frameintervals(self, entry: abi.FrameInterval) -> None:
        if self._camera.size_range:
            self._require(entry.index == 0)
            entry.type = abi.SizeType.STEPWISE
            entry.interval.stepwise = abi.StepwiseInterval(abi.Fraction(1, 60), abi.Fraction(1, 1), abi.Fraction(1, 60))
            return
        asked = (entry.pixel_format, entry.width, entry.height)
        rates = [r for m in self._camera.modes if (m.pixel_format, m.width, m.height) == asked for r in m.rates]
        entry.type = abi.SizeType.DISCRETE
        entry.interval.discrete = abi.Fraction(1, _pick(rates, entry.index))

    def _g_fmt(self, stream: abi.StreamFormat) -> None:
        self._require(stream.type == self._kind)
        picture = stream.fmt.pix_mp if self._camera.planar else stream.fmt.pix
        picture.width, picture.height = self._size
        picture.pixelformat, picture.field = self._pixel_format, self._camera.grants_field
        row = {abi.YUYV: self._size[0] * 2, abi.NV12: self._size[0], abi.NV12_TWO_PLANES: self._size[0]}
        stride = row.get(self._pixel_format, -self._camera.row_padding) + self._camera.row_padding
        for layout in picture.plane_fmt[: self._planes] if self._camera.planar else (picture,):
            layout.bytesperline, layout.sizeimage = stride, BUFFER_BYTES
        if self._camera.planar:
            picture.num_planes = self._planes

    def _s_fmt(self, stream: abi.StreamFormat) -> None:
        self._require_free()
        camera = self._camera
        picture = stream.fmt.pix_mp if camera.planar else stream.fmt.pix
        self._require(picture.pixelformat not in camera.refuses)
        self._pixel_format = camera.grants_format or picture.pixelformat
        self._size = camera.grants_size or (picture.width, picture.height)
        self._g_fmt(stream)

    def _s_parm(self, parameters: abi.StreamParameters) -> None:
        if not self._camera.sets_rate:
            raise _error(errno.ENOTTY)
        interval = parameters.parm.capture.timeperframe
        self._rate = self._camera.grants_rate or interval.denominator // interval.numerator
        parameters.parm.capture.timeperframe = abi.Fraction(1, self._rate)

    def _reqbufs(self, request: abi.RequestBuffers) -> None:
        self._require_free()
        if self.mapped or (request.count == 0 and self._streaming):
            raise _error(errno.EBUSY)
        count = min(max(request.count, self._camera.fewest_buffers), self._camera.most_buffers) if request.count else 0
        planes = self._planes
        self._memory = [
            _Memory(tuple(bytearray(BUFFER_BYTES) for _ in range(planes)), [0] * planes) for _ in range(count)
        ]
        self._camera.owner = self if count else None
        request.count = count

    def _querybuf(self, buffer: abi.Buffer) -> None:
        if self._camera.planar:
            for number in range(self._planes):
                plane = buffer.m.planes[number]
                plane.length, plane.m.mem_offset = BUFFER_BYTES, (buffer.index * self._planes + number) * BUFFER_BYTES
        else:
            buffer.length, buffer.m.offset = BUFFER_BYTES, buffer.index * BUFFER_BYTES

    def _qbuf(self, buffer: abi.Buffer) -> None:
        self._require(buffer.index < len(self._memory) and buffer.index not in self._queue)
        self._queue.append(buffer.index)

    def _streamon(self, kind: ctypes.c_int) -> None:
        self._require(kind.value == self._kind)
        self._streaming = True
        self._frame, self._sequence = 0, self._camera.first_sequence
        self._due_ns = self._system.now_ns + self._interval_ns

    def _streamoff(self, kind: ctypes.c_int) -> None:
        self._require(kind.value == self._kind)
        self._streaming = False
        self._queue.clear()
        self._done.clear()

    def _dqbuf(self, buffer: abi.Buffer) -> None:
        self.work()
        if not self._done and self._passed(self._camera.io_error_after):
            raise _error(errno.EIO)
        if not self._done:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        index = self._done.popleft()
        memory = self._memory[index]
        buffer.index, buffer.sequence, buffer.flags = index, memory.sequence, memory.flags
        buffer.timestamp = abi.TimeValue(memory.stamp_ns // 10**9, memory.stamp_ns % 10**9 // 1000)
        if self._camera.planar:
            for number, used in enumerate(memory.used):
                plane = buffer.m.planes[number]
                plane.bytesused, plane.data_offset = used, self._camera.data_offset
        else:
            buffer.bytesused = memory.used[0]

    def map(self, length: int, offset: int) -> FakeMapping:
        assert length == BUFFER_BYTES
        index, plane = divmod(offset // BUFFER_BYTES, self._planes)
        return FakeMapping(self, self._memory[index].planes[plane])

    def poll(self, timeout_ns: int) -> int:
        until = self._system.now_ns + timeout_ns
        while True:
            self.work()
            if self._camera.gone:
                return select.POLLERR | select.POLLHUP | select.POLLPRI
            if not self._streaming or self._passed(self._camera.stops_after):
                return select.POLLERR
            if self._done or self._passed(self._camera.io_error_after):
                return select.POLLIN
            if self._due_ns > until or self._passed(self._camera.silent_after):
                self._system.now_ns = until
                return 0
            self._system.now_ns = self._due_ns

    def work(self) -> None:
        """What the hardware did up to now; a frame without a queued buffer is lost."""
        while self._streaming and self._due_ns <= self._system.now_ns and not self._passed(self._camera.silent_after):
            if self._passed(self._camera.unplugged_after):
                self._camera.gone = True
                return
            self._sequence += self._camera.skips.get(self._frame, 0)
            if self._queue:
                index = self._queue.popleft()
                self._fill(self._memory[index])
                self._done.append(index)
            self._frame += 1
            self._sequence += self._camera.counts
            self._due_ns += self._interval_ns

    def _fill(self, memory: _Memory) -> None:
        camera = self._camera
        planes = contents(self._pixel_format, camera.frame_size or self._size, self._frame, camera.row_padding)
        damage = camera.damage.get(self._frame)
        for number, data in enumerate(planes):
            filled = b"\x99" * camera.data_offset + (damage(data) if damage else data)
            memory.planes[number][: len(filled)] = filled
            memory.used[number] = len(filled)
        memory.sequence = self._sequence % 2**32
        memory.stamp_ns = self._due_ns + camera.stamp_shift_ns
        memory.flags = camera.clock | (abi.BufferFlags.ERROR if self._frame in camera.flagged else 0)

    @property
    def _planes(self) -> int:
        return self._camera.grants_planes or (2 if self._pixel_format == abi.NV12_TWO_PLANES else 1)

    @property
    def _interval_ns(self) -> int:
        return 10**9 // self._rate

    def _passed(self, frame: int | None) -> bool:
        return frame is not None and self._frame >= frame

    def _require_free(self) -> None:
        if self._camera.owner not in (None, self):
            raise _error(errno.EBUSY)

    @staticmethod
    def _require(condition: bool) -> None:
        if not condition:
            raise _error(errno.EINVAL)


def _pick(items: Sequence[T], index: int) -> T:
    if index >= len(items):
        raise _error(errno.EINVAL)
    return items[index]


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


class FakeSystem:
    """`cameras` by node path; `links`: stable name by node path."""

    def __init__(self, cameras: dict[str, FakeCamera] | None = None, links: dict[str, str] | None = None) -> None:
        self.cameras = cameras or {}
        self.links = links or {}
        self.now_ns = START_NS
        self._handles: dict[int, _Handle] = {}
        self._next = 100

    def nodes(self) -> list[str]:
        return list(self.cameras)

    def stable_names(self) -> dict[str, str]:
        return self.links

    def open(self, path: str) -> int:
        node = next((node for node, link in self.links.items() if link == path), path)
        camera = self.cameras.get(node)
        if camera is None:
            raise _error(errno.ENOENT)
        if camera.gone or camera.fails_open:
            raise _error(camera.fails_open or errno.ENODEV)
        self._next += 1
        self._handles[self._next] = _Handle(self, camera)
        return self._next

    def close(self, descriptor: int) -> None:
        handle = self._handles.pop(descriptor)
        assert handle.mapped == 0, "closed with mapped memory"
        if handle._camera.owner is handle:
            handle._camera.owner = None

    def ioctl(self, descriptor: int, request: Request, argument: Argument) -> None:
        self._handles[descriptor].ioctl(request, argument)

    def map(self, descriptor: int, length: int, offset: int) -> FakeMapping:
        return self._handles[descriptor].map(length, offset)

    def poll(self, descriptor: int, timeout: float) -> int:
        return self._handles[descriptor].poll(round(timeout * 1e9))

    def monotonic_ns(self) -> int:
        return self.now_ns

    def released(self) -> bool:
        """Whether every descriptor, mapping and buffer was given back."""
        return not self._handles and all(camera.owner is None for camera in self.cameras.values())


class LiveSystem(FakeSystem):
    """A `FakeSystem` on the machine's clock: its cameras deliver in real time."""

    @property
    def now_ns(self) -> int:
        return time.monotonic_ns()

    @now_ns.setter
    def now_ns(self, value: int) -> None:
        if value != START_NS:
            time.sleep(max(0, value - time.monotonic_ns()) / 1e9)
