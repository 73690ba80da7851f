"""Who this machine is and which boot it is in."""

import hashlib
import secrets
from pathlib import Path

from presets_store.durable import write_durably

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
BOARD_SERIAL = Path("/sys/firmware/devicetree/base/serial-number")
MACHINE_ID = Path("/etc/machine-id")
SERIAL_FILE = "serial"


def boot_id() -> str:
    """The kernel's identifier of this boot."""
    return BOOT_ID.read_text().strip()


def serial_number(configured: str, state_folder: Path) -> str:
    """The device's serial: configured, else the board's, else derived from the machine id, else made once and kept."""
    if configured:
        return configured
    board = _read(BOARD_SERIAL).strip("\0 \n")
    if board:
        return board
    machine = _read(MACHINE_ID).strip()
    if machine and machine != "uninitialized":
        return hashlib.sha256(b"cuelight device serial " + machine.encode()).hexdigest()[:16]
    kept = state_folder / SERIAL_FILE
    if not kept.exists():
        write_durably(kept, secrets.token_hex(8).encode())
    return kept.read_text().strip()


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
