"""A small picture of a clip's first frame, made beside the recording.

In the recorder's process because the codecs are loaded there: a process of its own would cost ten times the decode.
"""

import logging
import threading
from pathlib import Path

from hardware.durable import write_durably
from hardware.models import Format, Packet
from hardware.pipeline.decoding import MICROS, coded_packet, create_decoder

log = logging.getLogger(__name__)

WIDTH = 320
"""Pixels; a narrower picture stays as it is."""

_QUALITY = 5
"""FFmpeg's scale: 2 is best, 31 worst."""

_USUAL_RATE = 30.0


class Thumbnail:
    """A JPEG of the key frame `packet`, written to `path` in a thread of its own; a failure is only logged."""

    def __init__(self, packet: Packet, path: Path) -> None:
        self._packet = packet
        self._path = path
        self._done = False
        self._thread = threading.Thread(target=self._make, name="thumbnail", daemon=True)
        self._thread.start()

    def name(self, timeout: float) -> str:
        """The file's name once it is there; empty when it failed or takes longer than `timeout` seconds."""
        self._thread.join(timeout)
        return self._path.name if self._done else ""

    def _make(self) -> None:
        import av

        try:
            write_durably(self._path, _small_jpeg(self._packet))
            self._done = True
        except (av.FFmpegError, OSError, LookupError) as error:
            log.warning("no thumbnail %s: %s", self._path.name, error)


def _small_jpeg(packet: Packet) -> bytes:
    """Raises av.FFmpegError, LookupError when the frame does not decode by itself."""
    import av

    source = Format(codec=packet.codec, width=packet.width, height=packet.height, rate=_USUAL_RATE)
    by = max(factor for factor in (1, 2, 4, 8) if factor == 1 or packet.width // factor >= WIDTH)
    decoder = create_decoder(source, by)
    pictures = [*decoder.decode(coded_packet(packet.data, 0)), *decoder.decode(None)]
    if not pictures:
        raise LookupError("the first frame does not decode by itself")
    width = min(WIDTH, packet.width) & ~1
    height = max(2, round(packet.height * width / packet.width) & ~1)
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = width, height, "yuvj420p", MICROS
    encoder.qmin = encoder.qmax = _QUALITY
    small = pictures[0].reformat(width=width, height=height, format="yuvj420p")
    small.pts, small.time_base = 0, MICROS
    return b"".join(bytes(coded) for coded in (*encoder.encode(small), *encoder.encode(None)))
