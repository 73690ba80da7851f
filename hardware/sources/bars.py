"""A test picture with a running time code, encoded like a camera's H.264: shows that everything behind it works."""

import time
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import av
import cv2

from hardware.camera import Source
from hardware.errors import CameraUnavailable, FormatUnsupported
from hardware.models import CameraInfo, CameraSpec, Codec, Format, Packet
from hardware.sources.elementary import CodedPicture
from hardware.sources.pacing import Pacer
from hardware.sources.picture import BarsPicture, time_code

_SIZES = ((1280, 720), (1920, 1080), (640, 360))
_RATE = 30.0
_LARGEST = (1920, 1080, 60.0)


class _Playing(NamedTuple):
    granted: Format
    picture: BarsPicture
    encoder: av.VideoCodecContext


class BarsSource(Source):
    """Colour bars with the wall time (UTC) and the frame number in them, 1280x720 at 30 per second or as wanted.

    H.264 without B-frames in Annex B, a key frame a second with its parameter sets. A picture is drawn when it is due
    and stamped with that moment; a late reader gets every picture, with the time code of its own moment.
    `hardware.sources.picture.read_frame_number` reads the sequence number back from a decoded picture.
    """

    def __init__(self, spec: CameraSpec, pacer: Pacer | None = None, wall_ns: Callable[[], int] = time.time_ns) -> None:
        self._spec = spec
        self._pacer = pacer or Pacer()
        self._wall_ns = wall_ns
        self._playing: _Playing | None = None
        self._sequence = 0

    def probe(self) -> CameraInfo:
        """Three sizes at 30 frames per second, the preferred first; `open` grants others too."""
        formats = tuple(Format(codec=Codec.H264, width=width, height=height, rate=_RATE) for width, height in _SIZES)
        return CameraInfo(
            name=self._spec.name, backend="bars", address="", live=False, formats=formats, note="colour bars"
        )

    def open(self, wanted: Format | None) -> Format:
        """Grants the wanted size (made even) and rate (at least 1) as H.264.

        Raises FormatUnsupported above 1920x1080 at 60.
        """
        self.close()
        granted = self._grant(wanted)
        rate = Fraction(granted.rate).limit_denominator(1001)
        cv2.setNumThreads(1)  # a pool of threads costs memory and gains nothing on this picture
        picture = BarsPicture(granted.width, granted.height)
        self._playing = _Playing(granted, picture, _create_encoder(granted, rate))
        self._sequence = 0
        self._pacer.start(rate)
        return granted

    def _grant(self, wanted: Format | None) -> Format:
        if wanted is None:
            return self.probe().formats[0]
        if wanted.width > _LARGEST[0] or wanted.height > _LARGEST[1] or wanted.rate > _LARGEST[2]:
            asked = f"{wanted.width}x{wanted.height} at {wanted.rate:g}"
            raise FormatUnsupported(camera=self._spec.camera_id, asked=asked, reason="at most 1920x1080 at 60")
        width, height = max(16, wanted.width & ~1), max(16, wanted.height & ~1)
        return Format(codec=Codec.H264, width=width, height=height, rate=max(1.0, wanted.rate))

    def read(self, timeout: float) -> Packet | None:
        """The next picture when it is due, None when that is later than `timeout` seconds. Raises CameraUnavailable."""
        if self._playing is None:
            raise RuntimeError("read before open")
        if not self._pacer.wait_for(self._sequence, timeout):
            return None
        mono_ns = self._pacer.due_ns(self._sequence)
        data, key = self._encode(self._playing, self._pacer.wall_at(mono_ns, self._wall_ns()))
        granted = self._playing.granted
        packet = Packet(data, granted.codec, granted.width, granted.height, mono_ns, self._sequence, key)
        self._sequence += 1
        return packet

    def _encode(self, playing: _Playing, wall_ns: int) -> CodedPicture:
        drawn = playing.picture.draw(self._sequence, time_code(wall_ns, playing.granted.rate))
        frame = av.VideoFrame.from_ndarray(drawn, format="yuv420p")
        frame.pts = self._sequence
        try:
            (coded,) = playing.encoder.encode(frame)  # zerolatency: one in, one out
        except av.FFmpegError as error:
            raise CameraUnavailable(camera=self._spec.camera_id, reason=f"the encoder failed: {error}") from error
        return CodedPicture(bytes(coded), coded.is_keyframe)

    def close(self) -> None:
        """Releases the encoder; harmless when it is not open."""
        self._playing = None

    def note(self, consumer: str, what: str) -> None:
        """Nothing to journal."""


def _create_encoder(granted: Format, rate: Fraction) -> av.VideoCodecContext:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width = granted.width
    encoder.height = granted.height
    encoder.pix_fmt = "yuv420p"
    encoder.framerate = rate
    encoder.time_base = 1 / rate
    encoder.gop_size = max(1, round(rate))
    encoder.max_b_frames = 0
    encoder.thread_count = 1
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "26"}
    return encoder
