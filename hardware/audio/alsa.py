"""Samples from an ALSA device, through FFmpeg's demuxer. Loads av."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hardware.audio.sound import RATE, SAMPLE_BYTES
from hardware.errors import MicrophoneFailed

_CONFIGURATION = "ALSA_CONFIG_PATH"
_USUAL_CONFIGURATION = Path("/usr/share/alsa/alsa.conf")
_BLOCK = RATE // 50 * SAMPLE_BYTES
"""Bytes that are handed on at once: 20 ms."""
_MOST_AHEAD = 0.1
"""Seconds by which a device may be faster than its own sample rate: one that is none paces nobody."""


@contextmanager
def open_alsa(device: str) -> Iterator[Iterator[bytes]]:
    """Opens the device for as long as the context lasts; the iterator gives its samples as they come.

    Raises MicrophoneFailed, also while iterating.
    """
    import av

    if _USUAL_CONFIGURATION.exists():  # the library that comes with av looks for it where it was built
        os.environ.setdefault(_CONFIGURATION, str(_USUAL_CONFIGURATION))
    options = {"sample_rate": str(RATE), "ch_layout": "mono"}
    try:
        with av.open(device, format="alsa", options=options) as container:
            coded = container.streams.audio[0].codec_context
            if (coded.name, coded.sample_rate) != ("pcm_s16le", RATE):
                raise MicrophoneFailed(device=device, reason=f"it gives {coded.name} at {coded.sample_rate} Hz")
            yield _paced(bytes(packet) for packet in container.demux(audio=0))
    except (av.FFmpegError, OSError) as error:
        raise MicrophoneFailed(device=device, reason=getattr(error, "strerror", "") or str(error)) from error


def _paced(packets: Iterator[bytes]) -> Iterator[bytes]:
    """Blocks of a useful size, not faster than they can have been recorded."""
    began, given = time.monotonic(), 0
    block = bytearray()
    for packet in packets:
        block += packet
        if len(block) < _BLOCK:
            continue
        given += len(block)
        ahead = began + given / (RATE * SAMPLE_BYTES) - time.monotonic()
        if ahead > _MOST_AHEAD:
            time.sleep(ahead)
        yield bytes(block)
        block.clear()
