"""A camera source that a test scripts: real packets of real codecs, stalls, losses, other formats."""

import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import cycle

import av
import numpy as np

from hardware.camera import Source
from hardware.errors import CameraUnavailable
from hardware.models import CameraInfo, Codec, Format, Packet

RATE = 50.0
"""Frames per second of the scripted camera: tests shall not wait for pictures."""


def picture(number: int, width: int, height: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    """An RGB picture with a bright left upper quarter; its colour tells the number."""
    pixels = np.full((height, width, 3), 40, np.uint8)
    pixels[: height // 2, : width // 2] = (250, (number * 9) % 200, 200)
    return pixels


def coded_pictures(codec: Codec, width: int, height: int, count: int = 50, gop: int = 10) -> list[tuple[bytes, bool]]:
    """`count` pictures as a camera would code them, with whether each is a key frame."""
    frames = [av.VideoFrame.from_ndarray(picture(number, width, height), format="rgb24") for number in range(count)]
    if codec is Codec.YUYV:
        return [(frame.reformat(format="yuyv422").to_ndarray().tobytes(), True) for frame in frames]
    encoder = av.CodecContext.create("mjpeg" if codec is Codec.MJPEG else "libx264", "w")
    encoder.width, encoder.height = width, height
    encoder.time_base = Fraction(1, int(RATE))
    encoder.framerate = Fraction(int(RATE))
    encoder.pix_fmt = "yuvj420p" if codec is Codec.MJPEG else "yuv420p"
    encoder.gop_size = gop
    if codec is Codec.H264:
        encoder.options = {"preset": "ultrafast", "tune": "zerolatency"}
    coded = []
    for number, frame in enumerate(frames):
        converted = frame.reformat(format=encoder.pix_fmt)
        converted.pts = number
        coded += [(bytes(packet), packet.is_keyframe) for packet in encoder.encode(converted)]
    return coded


class FakeSource(Source):
    """Implements `hardware.camera.Source`. `formats` are granted one after the other, the last one for ever.

    Set `stalled` or `lost` from the test. `opened` and `notes` tell what happened.
    """

    def __init__(self, *formats: Format, gop: int = 10) -> None:
        self.formats = formats
        self.stalled = False
        self.lost = False
        self.hang = 0.0
        self.opened: list[Format] = []
        self.closed = 0
        self.notes: list[tuple[str, str]] = []
        self._gop = gop
        self._pictures: Iterator[tuple[bytes, bool]] = iter(())
        self._sequence = 0
        self._due_ns = 0
        self._granted: Format | None = None

    def probe(self) -> CameraInfo:
        return CameraInfo(name="fake", backend="null", address="", live=True, formats=self.formats)

    def open(self, wanted: Format | None) -> Format:
        if self.lost:
            raise CameraUnavailable(camera="fake", reason="unplugged")
        granted = wanted or self.formats[min(len(self.opened), len(self.formats) - 1)]
        self.opened.append(granted)
        self._pictures = cycle(coded_pictures(granted.codec, granted.width, granted.height, gop=self._gop))
        self._sequence = 0
        self._due_ns = time.monotonic_ns()
        self._granted = granted
        return granted

    def read(self, timeout: float) -> Packet | None:
        assert self._granted is not None
        if self.hang:
            time.sleep(self.hang)
        if self.lost:
            raise CameraUnavailable(camera="fake", reason="unplugged")
        if self.stalled:
            time.sleep(min(timeout, 0.02))
            return None
        time.sleep(max(0.0, (self._due_ns - time.monotonic_ns()) / 1e9))
        data, key = next(self._pictures)
        packet = Packet(
            data=data,
            codec=self._granted.codec,
            width=self._granted.width,
            height=self._granted.height,
            mono_ns=self._due_ns,
            sequence=self._sequence,
            key=key,
        )
        self._sequence += 1
        self._due_ns = max(self._due_ns + round(1e9 / RATE), time.monotonic_ns() - 40_000_000)
        return packet

    def close(self) -> None:
        self.closed += 1

    def note(self, consumer: str, what: str) -> None:
        self.notes.append((consumer, what))
