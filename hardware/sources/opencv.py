"""What only OpenCV opens: a number, a path or, where OpenCV is built with it, a GStreamer pipeline."""

import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2

from hardware.errors import CameraUnavailable
from hardware.models import CameraInfo, Codec, Format, Packet
from hardware.sources.feed import FedSource, Feed
from hardware.sources.pacing import Pacer

OPEN_SECONDS = 15.0
HANG_SECONDS = 60.0
"""For the camera that was opened before to be released: longer than the host's patience, which replaces the process."""

_RATES = (1.0, 240.0)
_MEASURED_FRAMES = 8


class OpencvSource(FedSource):
    """Implements `hardware.camera.Source` by `cv2.VideoCapture`: raw pictures (YUYV), for what no other backend opens.

    `isOpened` stays true after an unplug, so a camera is there while its frames advance. Time stamps are those of the
    arrival; a regular file is played once, in real time. It takes the size that it is asked for as a hint, and declares
    none but the one that it has. No addresses on a network: those may hold secrets, which OpenCV would log.
    """

    def probe(self) -> CameraInfo:
        """The format of the last `open`, none before it: OpenCV cannot tell."""
        return CameraInfo(
            name=self._spec.name,
            backend="opencv",
            address=self._spec.address,
            live=not Path(self._spec.address).is_file(),
            formats=(self._format,) if self._format else (),
        )

    def open(self, wanted: Format | None) -> Format:
        """Opens it and waits for its first frame, up to OPEN_SECONDS. Raises CameraUnavailable."""
        self.close()
        if problem := _address_problem(self._spec.address):
            raise self._unavailable(problem)
        self._await_end(HANG_SECONDS, "OpenCV hangs in the camera that was opened before")
        wish = wanted or self._spec.prefer
        return self._begin(lambda feed: self._film(feed, wish), OPEN_SECONDS)

    def _film(self, feed: Feed, wish: Format | None) -> None:
        address = self._spec.address
        capture = cv2.VideoCapture(int(address)) if address.isdecimal() else cv2.VideoCapture(address)
        try:
            if not capture.isOpened():
                raise self._unavailable(f"OpenCV does not open {address!r}")
            _configure(capture, wish)
            first = self._next(capture)
            rate = _rate_of(capture, wish) or self._measure(capture)
            height, width = first.shape[:2]
            granted = Format(codec=Codec.YUYV, width=width & ~1, height=height, rate=rate)
            feed.grant(granted)
            self._pass_on(capture, feed, granted)
        finally:
            capture.release()

    def _pass_on(self, capture: cv2.VideoCapture, feed: Feed, granted: Format) -> None:
        pacer = Pacer()
        pacer.start(Fraction(granted.rate).limit_denominator(1001))
        is_file = Path(self._spec.address).is_file()
        position = -1.0
        sequence = 0
        latest_ns = 0
        while not feed.stopping.is_set():
            frame = self._next(capture)
            before, position = position, capture.get(cv2.CAP_PROP_POS_MSEC)
            if position == before and position > 0:
                continue  # after an unplug some drivers give the last frame again and again
            height, width = frame.shape[:2]
            if (width & ~1, height) != (granted.width, granted.height):
                raise self._unavailable(f"its pictures are {width}x{height} now: it is opened anew")
            if is_file:
                pacer.wait_for(sequence, 1 / _RATES[0])
            latest_ns = max(time.monotonic_ns(), latest_ns + 1)
            feed.put(Packet(_yuyv(frame), Codec.YUYV, granted.width, granted.height, latest_ns, sequence, True))
            sequence += 1

    def _next(self, capture: cv2.VideoCapture) -> Any:
        """The next frame: height x width x 3, BGR. Raises CameraUnavailable."""
        there, frame = capture.read()
        if not there:
            raise self._unavailable("OpenCV gets no more frames")
        return frame

    def _measure(self, capture: cv2.VideoCapture) -> float:
        """Frames per second of a camera that does not tell."""
        began = time.monotonic()
        for _ in range(_MEASURED_FRAMES):
            self._next(capture)
        rate = _MEASURED_FRAMES / max(time.monotonic() - began, 1e-6)
        return min(max(round(rate), _RATES[0]), _RATES[1])

    def _unavailable(self, reason: str) -> CameraUnavailable:
        return CameraUnavailable(camera=self._spec.camera_id, reason=reason)


def _address_problem(address: str) -> str:
    if not address:
        return "give OpenCV an address: a number, a path or a pipeline"
    if "://" in address:
        return "OpenCV is given no network addresses; use the backend 'network'"
    return ""


def _configure(capture: cv2.VideoCapture, wish: Format | None) -> None:
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest frame, where the driver lets us
    if wish is not None:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, wish.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wish.height)
        capture.set(cv2.CAP_PROP_FPS, wish.rate)


def _rate_of(capture: cv2.VideoCapture, wish: Format | None) -> float:
    """Frames per second as told, else as wished; 0 when nobody knows."""
    told = float(capture.get(cv2.CAP_PROP_FPS))
    if _RATES[0] <= told <= _RATES[1]:
        return told
    return wish.rate if wish else 0.0


def _yuyv(frame: Any) -> bytes:
    even = frame[:, : frame.shape[1] & ~1]
    return bytes(cv2.cvtColor(even, cv2.COLOR_BGR2YUV_YUY2).tobytes())
