"""Which microphone there is when the settings name none."""

import re
from pathlib import Path

from hardware.errors import NoMicrophone

_DEVICES = Path("/proc/asound/pcm")
_CAPTURING = re.compile(r"^(\d+)-(\d+):.*\bcapture \d+", re.MULTILINE)


def first_microphone(devices: Path = _DEVICES) -> str:
    """The ALSA name of the first device that captures. Raises NoMicrophone."""
    try:
        found = _CAPTURING.search(devices.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        raise NoMicrophone(device="", reason="this machine has no sound cards") from None
    if found is None:
        raise NoMicrophone(device="", reason="no sound card of this machine captures sound")
    return f"plughw:{int(found[1])},{int(found[2])}"
