"""Video nodes: which of them are cameras, and which formats, sizes and rates they have."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

from hardware.models import Codec, Format
from hardware.v4l2 import abi
from hardware.v4l2.abi import BufferType, Capabilities, Request, SizeType
from hardware.v4l2.system import Argument, System, camera_error

CODECS = {
    abi.H264: Codec.H264,
    abi.HEVC: Codec.HEVC,
    abi.MJPG: Codec.MJPEG,
    abi.JPEG: Codec.MJPEG,
    abi.YUYV: Codec.YUYV,
    abi.NV12: Codec.NV12,
    abi.NV12_TWO_PLANES: Codec.NV12,
}
"""The pixel formats that capture carries, best first: a compressed one leaves room on the bus."""

CARRIED = "H.264, H.265, MJPG, YUYV or NV12"

COMMON_SIZES = (
    (320, 240),
    (640, 360),
    (640, 480),
    (800, 600),
    (1024, 768),
    (1280, 720),
    (1280, 960),
    (1920, 1080),
    (2560, 1440),
    (3840, 2160),
)
"""What is offered of a device that takes any size in a range."""

COMMON_RATES = (60.0, 50.0, 30.0, 25.0, 20.0, 15.0, 10.0, 5.0)
_NOMINAL_RATE = 30.0
_MOST_ENTRIES = 256  # a driver whose enumeration never ends must not hang us
_MOST_MODES = 512  # of one pixel format: what a camera claims to have must fit into a report

LARGEST_SIDE, FASTEST_RATE = 16384, 1000.0
"""The limits of `hardware.models.Format`: what a driver claims beyond them is not believed."""


@dataclass(frozen=True, slots=True)
class Mode:
    """One pixel format, size and rate that a node enumerates."""

    pixel_format: int
    format: Format


@dataclass(frozen=True, slots=True)
class Node:
    """A camera node. `path` is what the kernel calls it now, `address` its most stable name."""

    path: str
    address: str
    name: str
    driver: str
    planar: bool
    modes: tuple[Mode, ...]

    @property
    def formats(self) -> tuple[Format, ...]:
        """The distinct formats of `modes`, in their order."""
        return tuple(dict.fromkeys(mode.format for mode in self.modes))


def examine(system: System, path: str, camera: str = "") -> Node | None:
    """The camera at `path` (a node or a link to one); None when it is a node of another kind, such as metadata.

    `camera` names it in errors. Raises CameraUnavailable, CameraBusy.
    """
    camera = camera or path
    try:
        with opened(system, path) as descriptor:
            return _describe(system, descriptor, path)
    except OSError as error:
        raise camera_error(camera, f"looking at {path}", error) from error


@contextmanager
def opened(system: System, path: str) -> Iterator[int]:
    """A descriptor of `path` for the length of a block."""
    descriptor = system.open(path)
    try:
        yield descriptor
    finally:
        system.close(descriptor)


def _describe(system: System, descriptor: int, path: str) -> Node | None:
    capability = abi.Capability()
    if not _ask(system, descriptor, Request.QUERYCAP, capability):
        return None
    # One camera has several nodes; only device_caps speak of this one.
    known = Capabilities(capability.capabilities)
    own = Capabilities(capability.device_caps) if Capabilities.DEVICE_CAPS in known else known
    planar = Capabilities.VIDEO_CAPTURE_MPLANE in own
    if Capabilities.STREAMING not in own or not (planar or Capabilities.VIDEO_CAPTURE in own):
        return None
    return Node(
        path=path,
        address=system.stable_names().get(path, path),
        name=bytes(capability.card).decode("utf-8", "replace").strip() or path,
        driver=bytes(capability.driver).decode("utf-8", "replace"),
        planar=planar,
        modes=tuple(_modes(system, descriptor, planar)),
    )


def _ask(system: System, descriptor: int, request: Request, argument: Argument) -> bool:
    """Whether the driver answered; False when it does not know the request or the index is past the end."""
    try:
        system.ioctl(descriptor, request, argument)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOTTY, errno.ENODATA):
            return False
        raise
    return True


def _modes(system: System, descriptor: int, planar: bool) -> Iterator[Mode]:
    offered = set(_pixel_formats(system, descriptor, planar))
    for pixel_format, codec in CODECS.items():
        if pixel_format not in offered:
            continue
        yield from islice(_modes_of(system, descriptor, planar, pixel_format, codec), _MOST_MODES)


def _modes_of(system: System, descriptor: int, planar: bool, pixel_format: int, codec: Codec) -> Iterator[Mode]:
    for width, height in _sizes(system, descriptor, planar, pixel_format):
        for rate in _rates(system, descriptor, pixel_format, width, height):
            yield Mode(pixel_format, Format(codec=codec, width=width, height=height, rate=rate))


def _pixel_formats(system: System, descriptor: int, planar: bool) -> Iterator[int]:
    kind = BufferType.CAPTURE_MPLANE if planar else BufferType.CAPTURE
    for index in range(_MOST_ENTRIES):
        description = abi.FormatDescription(index=index, type=kind)
        if not _ask(system, descriptor, Request.ENUM_FMT, description):
            return
        yield int(description.pixelformat)


def _sizes(system: System, descriptor: int, planar: bool, pixel_format: int) -> list[tuple[int, int]]:
    sizes: list[tuple[int, int]] = []
    for index in range(_MOST_ENTRIES):
        entry = abi.FrameSize(index=index, pixel_format=pixel_format)
        if not _ask(system, descriptor, Request.ENUM_FRAMESIZES, entry):
            break
        if entry.type != SizeType.DISCRETE:
            sizes += _sizes_in_range(entry.size.stepwise)
            break
        sizes.append((int(entry.size.discrete.width), int(entry.size.discrete.height)))
    if not sizes:
        sizes = _current_size(system, descriptor, planar)
    return [size for size in dict.fromkeys(sizes) if all(0 < side <= LARGEST_SIDE for side in size)]


def _sizes_in_range(limits: abi.StepwiseSize) -> list[tuple[int, int]]:
    def fits(side: int, lowest: int, highest: int, step: int) -> bool:
        return lowest <= side <= highest and (side - lowest) % max(step, 1) == 0

    common = [
        (width, height)
        for width, height in COMMON_SIZES
        if fits(width, limits.min_width, limits.max_width, limits.step_width)
        and fits(height, limits.min_height, limits.max_height, limits.step_height)
    ]
    return [*common, (int(limits.max_width), int(limits.max_height))]


def _current_size(system: System, descriptor: int, planar: bool) -> list[tuple[int, int]]:
    """Of a driver that cannot enumerate sizes: the one that it is set to."""
    stream = abi.StreamFormat(type=BufferType.CAPTURE_MPLANE if planar else BufferType.CAPTURE)
    if not _ask(system, descriptor, Request.G_FMT, stream):
        return []
    picture = stream.fmt.pix_mp if planar else stream.fmt.pix
    return [(int(picture.width), int(picture.height))]


def _rates(system: System, descriptor: int, pixel_format: int, width: int, height: int) -> list[float]:
    """Frames per second; a nominal rate of a driver that cannot enumerate (opening tells what is granted)."""
    rates: list[float] = []
    for index in range(_MOST_ENTRIES):
        entry = abi.FrameInterval(index=index, pixel_format=pixel_format, width=width, height=height)
        if not _ask(system, descriptor, Request.ENUM_FRAMEINTERVALS, entry):
            break
        if entry.type != SizeType.DISCRETE:
            rates += _rates_in_range(entry.interval.stepwise)
            break
        rates.append(rate_of(entry.interval.discrete))
    usable = [rate for rate in dict.fromkeys(rates) if 0 < rate <= FASTEST_RATE]
    return usable or [_NOMINAL_RATE]


def _rates_in_range(limits: abi.StepwiseInterval) -> list[float]:
    fastest = min(rate_of(limits.min), FASTEST_RATE)
    slowest = rate_of(limits.max)
    return [fastest, *(rate for rate in COMMON_RATES if slowest <= rate <= fastest)]


def rate_of(interval: abi.Fraction) -> float:
    """Frames per second of a frame interval, 0 when the driver gives none; rounded, so that 1/30 s is 30."""
    if not interval.numerator or not interval.denominator:
        return 0.0
    return round(float(interval.denominator) / float(interval.numerator), 3)
