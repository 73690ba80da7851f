"""What `rpicam-vid --list-cameras` prints, and the formats that follow from it. Pure."""

import re
from typing import NamedTuple

from hardware.models import Codec, Format

_CAMERA = re.compile(r"^\s*(?P<number>\d{1,2}) : (?P<name>\S+) \[(?P<width>\d{1,5})x(?P<height>\d{1,5})[^\]]*\]")
_MODE = re.compile(r"(?P<width>\d{1,5})x(?P<height>\d{1,5}) \[(?P<rate>\d{1,4}(?:\.\d{1,4})?) fps")

_SIZES = ((1920, 1080), (1280, 720), (640, 480))
_USUAL_RATE = 30.0
_LARGEST_H264 = (1920, 1080)
"""Of the encoder of a Raspberry Pi 4 and before; the later ones encode with their processor."""


class Mode(NamedTuple):
    """A size in pixels that the sensor has, and the most frames per second in it."""

    width: int
    height: int
    rate: float


class Listed(NamedTuple):
    """One camera: its number on the command line, its sensor's name, its modes, the largest first."""

    number: int
    name: str
    modes: tuple[Mode, ...]


def parse_listing(text: str) -> tuple[Listed, ...]:
    """The cameras in order; empty when there is none. One without modes has its full size at the usual rate."""
    found: list[Listed] = []
    full: list[Mode] = []
    for line in text.splitlines():
        if camera := _CAMERA.match(line):
            found.append(Listed(int(camera["number"]), camera["name"], ()))
            full.append(Mode(int(camera["width"]), int(camera["height"]), _USUAL_RATE))
        elif found:
            last = found[-1]
            modes = (
                Mode(int(mode["width"]), int(mode["height"]), float(mode["rate"])) for mode in _MODE.finditer(line)
            )
            found[-1] = last._replace(modes=(*last.modes, *(mode for mode in modes if mode.rate >= 1)))
    return tuple(
        camera._replace(modes=tuple(sorted(set(camera.modes) or {size}, reverse=True)))
        for camera, size in zip(found, full, strict=True)
        if size.width and size.height
    )


def formats_of(camera: Listed) -> tuple[Format, ...]:
    """The usual sizes, and all that the sensor has as JPEG; at 30 frames per second and at the most, if it is more.

    The camera scales to any other size too.
    """
    full = camera.modes[0]
    sizes = [size for size in _SIZES if size[0] <= full.width and size[1] <= full.height]
    formats = [
        Format(codec=codec, width=width, height=height, rate=rate)
        for codec in (Codec.H264, Codec.MJPEG)
        for width, height in sizes
        for rate in _rates(camera, width, height)
    ]
    if full[:2] not in sizes:
        formats.append(
            Format(codec=Codec.MJPEG, width=full.width, height=full.height, rate=min(full.rate, _USUAL_RATE))
        )
    return tuple(formats)


def refusal_of(camera: Listed, wanted: Format) -> str:
    """Why the camera cannot deliver `wanted`; empty when it can."""
    full = camera.modes[0]
    if wanted.codec not in (Codec.H264, Codec.MJPEG):
        return "it delivers h264 and mjpeg"
    if wanted.width > full.width or wanted.height > full.height:
        return f"its sensor has {full.width}x{full.height}"
    if wanted.codec is Codec.H264 and wanted.width * wanted.height > _LARGEST_H264[0] * _LARGEST_H264[1]:
        return f"h264 only up to {_LARGEST_H264[0]}x{_LARGEST_H264[1]}; mjpeg has no such limit"
    return ""


def fastest(camera: Listed, width: int, height: int) -> float:
    """The most frames per second of the modes that are large enough."""
    return max((mode.rate for mode in camera.modes if mode.width >= width and mode.height >= height), default=1.0)


def _rates(camera: Listed, width: int, height: int) -> tuple[float, ...]:
    most = fastest(camera, width, height)
    return (_USUAL_RATE, most) if most > _USUAL_RATE else (most,)
