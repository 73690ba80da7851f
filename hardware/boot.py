"""The name of this boot: monotonic time means something within one boot only."""

from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """The kernel's identifier of this boot (a UUID)."""
    return _BOOT_ID.read_text(encoding="ascii").strip()
