"""Which encoders there are, which of them work on this machine, and how each is told what a recipe asks for.

Loads av and cv2: imported when the first picture is to be encoded.
"""

import functools
import logging
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

import av
import cv2
import numpy as np

from hardware.models import Codec, Format
from hardware.pipeline.decoding import MICROS
from hardware.pipeline.h264 import CONSTANT, LEVELS, PROFILES
from hardware.pipeline.recipe import Recipe
from hardware.pipeline.shaping import Shaped

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext

log = logging.getLogger(__name__)

_CRF = "23"
_LONGEST_GOP, _HIGHEST_BITRATE = 10_000, 1_000_000_000
"""What a request may ask of an encoder, in pictures and bit/s: their own numbers are 32 bits wide."""

_BITS_PER_PIXEL = 0.1
"""For encoders that need a bit rate, when none is asked for."""

_PIXELS_PER_THREAD = 1280 * 720 * 40
"""Pixels a second for which one thread of a small board is enough; more threads cost more in sum."""

_TRIAL = Format(codec=Codec.H264, width=640, height=480, rate=30)
_TRIAL_PICTURES = 30
"""Pictures after which a hardware encoder must have given a packet."""


class Coded(NamedTuple):
    """One picture's bytes; `pts` is the one it was given with."""

    data: bytes
    pts: int
    key: bool


class Encoding(Protocol):
    """One running encoder."""

    def encode(self, shaped: Shaped, pts: int) -> Sequence[Coded]:
        """What the next picture, at `pts` microseconds, completes. Raises av.FFmpegError or ValueError."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """An encoder by its name. `hardware`: it works on few machines, so it is tried before it is used."""

    name: str
    codec: Codec
    create: Callable[[Recipe], Encoding]
    hardware: bool = False
    present: Callable[[], bool] = lambda: True


class AvEncoder:
    """An encoder of FFmpeg, opened with the first picture, whose colours it needs."""

    def __init__(self, name: str, recipe: Recipe, options: Mapping[str, str]) -> None:
        result = recipe.result
        encoder = cast("VideoCodecContext", av.CodecContext.create(name, "w"))
        encoder.width, encoder.height = result.width, result.height
        encoder.pix_fmt = "yuv420p"
        encoder.time_base = MICROS
        encoder.framerate = Fraction(result.rate).limit_denominator(1001)
        encoder.gop_size = min(recipe.gop, _LONGEST_GOP)
        encoder.max_b_frames = 0
        encoder.bit_rate = min(recipe.bitrate, _HIGHEST_BITRATE)
        encoder.thread_count = _threads(result)
        encoder.options = dict(options)
        self._encoder = encoder

    def encode(self, shaped: Shaped, pts: int) -> Sequence[Coded]:
        """See `Encoding`."""
        if not self._encoder.is_open:
            self._encoder.colorspace = shaped.colours
        frame = av.VideoFrame.from_numpy_buffer(shaped.planes, format="yuv420p")
        frame.pts, frame.time_base = pts, MICROS
        return [Coded(bytes(coded), coded.pts or 0, coded.is_keyframe) for coded in self._encoder.encode(frame)]


class JpegEncoder:
    """OpenCV's: two to three times as fast as FFmpeg's."""

    def __init__(self, recipe: Recipe) -> None:
        self._options = [cv2.IMWRITE_JPEG_QUALITY, recipe.quality]

    def encode(self, shaped: Shaped, pts: int) -> Sequence[Coded]:
        """See `Encoding`."""
        _, coded = cv2.imencode(".jpg", cv2.cvtColor(shaped.planes, cv2.COLOR_YUV2BGR_I420), self._options)
        return [Coded(coded.tobytes(), pts, key=True)]


def candidates(codec: Codec) -> Sequence[Candidate]:
    """The encoders to `codec` that work here, the one to prefer first."""
    return [candidate for candidate in CANDIDATES if candidate.codec is codec and _works(candidate)]


def software(codec: Codec) -> Sequence[Candidate]:
    """Those that work everywhere."""
    return [candidate for candidate in CANDIDATES if candidate.codec is codec and not candidate.hardware]


@functools.cache
def _works(candidate: Candidate) -> bool:
    """Whether it gives a packet; tried once in the life of the process. Software does."""
    if not candidate.hardware or not candidate.present():
        return not candidate.hardware
    recipe = Recipe(_TRIAL, bitrate=0, gop=30, rotation=0, hflip=False, vflip=False)
    try:
        encoder = candidate.create(recipe)
        works = any(encoder.encode(_grey(_TRIAL), number * 33_333) for number in range(_TRIAL_PICTURES))
    except (av.FFmpegError, ValueError) as error:
        log.info("%s does not work here: %s", candidate.name, error)
        return False
    log.info("%s %s", candidate.name, "works" if works else "gives nothing")
    return works


def _grey(shape: Format) -> Shaped:
    return Shaped(np.full((shape.height * 3 // 2, shape.width), 128, np.uint8), 0)


def _threads(result: Format) -> int:
    needed = math.ceil(result.width * result.height * result.rate / _PIXELS_PER_THREAD)
    return min(needed, os.cpu_count() or 1)


def _create_x264(recipe: Recipe) -> Encoding:
    asked = dict(recipe.parameters)
    options = {"preset": "ultrafast", "tune": "zerolatency"}
    if recipe.bitrate == 0:
        options["crf"] = _CRF
    if "h264_profile" in asked:  # the preset leaves out what only higher profiles have
        profile = PROFILES[asked["h264_profile"]]
        options["profile"] = profile.name
        options["coder"] = "cabac" if profile.arithmetic else "cavlc"
        options["8x8dct"] = str(int(profile.large_transforms))
    if "h264_level" in asked:
        level = LEVELS[asked["h264_level"]]
        options["level"] = "1b" if level == LEVELS[1] else f"{level / 10:.1f}"
    return AvEncoder("libx264", recipe, options | _rate_options(recipe, asked))


def _create_v4l2m2m(recipe: Recipe) -> Encoding:
    asked = dict(recipe.parameters)
    result = recipe.result
    options = {}
    if recipe.bitrate == 0:
        options["b"] = str(round(result.width * result.height * result.rate * _BITS_PER_PIXEL))
    if "h264_profile" in asked:
        options["profile"] = str(PROFILES[asked["h264_profile"]].number)
    if "h264_level" in asked:
        options["level"] = str(LEVELS[asked["h264_level"]])
    return AvEncoder("h264_v4l2m2m", recipe, options | _rate_options(recipe, asked))


def _rate_options(recipe: Recipe, asked: Mapping[str, int]) -> dict[str, str]:
    """What FFmpeg's encoders have in common."""
    bounds = {"qmin": asked.get("h264_minimum_qp_value"), "qmax": asked.get("h264_maximum_qp_value")}
    options = {name: str(value) for name, value in bounds.items() if value is not None}
    if recipe.bitrate and asked.get("video_bitrate_mode") == CONSTANT:
        bitrate = str(min(recipe.bitrate, _HIGHEST_BITRATE))
        options |= {"minrate": bitrate, "maxrate": bitrate, "bufsize": bitrate}
    return options


def _has_video_devices() -> bool:
    return any(Path("/dev").glob("video*"))


CANDIDATES: Sequence[Candidate] = (
    Candidate("h264_v4l2m2m", Codec.H264, _create_v4l2m2m, hardware=True, present=_has_video_devices),
    Candidate("libx264", Codec.H264, _create_x264),
    Candidate("opencv", Codec.MJPEG, JpegEncoder),
)
"""Every encoder, the one to prefer first."""
