"""An ALSA device without hardware: a file is read in its place, by ALSA's own plugins."""

import math
import struct
from pathlib import Path

DEVICE = "test"

_CONFIGURATION = """
pcm.{device} {{
    type file
    slave.pcm {{ type null }}
    file "/dev/null"
    infile "{samples}"
    format "raw"
}}
"""


def tone(start: int, count: int, rate: int = 48_000) -> bytes:
    """Samples of 440 Hz from sample `start` on."""
    wave = (round(12_000 * math.sin(2 * math.pi * 440 * number / rate)) for number in range(start, start + count))
    return b"".join(struct.pack("<h", value) for value in wave)


def alsa_configuration(folder: Path, samples: bytes) -> Path:
    """What ALSA_CONFIG_PATH is to name so that the device DEVICE plays `samples`."""
    (folder / "samples.raw").write_bytes(samples)
    configuration = folder / "asound.conf"
    configuration.write_text(_CONFIGURATION.format(device=DEVICE, samples=folder / "samples.raw"))
    return configuration
