"""Better times than those in the sidecars: one small file for each boot that learnt the time only while it recorded.

Sidecars, and the links of the chain over them, stay as they were written. Whoever reads a sidecar in which the clock's
quality is worse than that of its boot's file (`clock/<boot ID>.json`) takes `first_mono_ns` or `mono_ns` plus `offset`.
"""

import json
import logging
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from presets_store.clock import ClockQuality
from presets_store.durable import make_folder_durably, write_durably
from presets_store.rules.dating import Dating

logger = logging.getLogger(__name__)

FOLDER = "clock"
_MODE = 0o640


class BootFile(BaseModel):
    """`offset`: microseconds from the clock of the boot that only goes forward to wall time since the Unix epoch."""

    model_config = ConfigDict(frozen=True)

    boot_id: str
    offset: int
    clock_quality: ClockQuality


def keep_dating(media_folder: Path, boot_id: str, dating: Dating) -> None:
    """Writes the boot's file. Blocks. Raises OSError."""
    file = BootFile(boot_id=boot_id, offset=dating.offset, clock_quality=dating.quality)
    make_folder_durably(media_folder / FOLDER)
    write_durably(media_folder / FOLDER / f"{boot_id}.json", json.dumps(file.model_dump()).encode(), _MODE)


def kept_datings(media_folder: Path) -> dict[str, Dating]:
    """By boot ID. Blocks."""
    found = {}
    for path in sorted((media_folder / FOLDER).glob("*.json")):
        try:
            file = BootFile.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            logger.error("a boot's time cannot be read: %s", error, extra={"file": str(path)})
        else:
            found[file.boot_id] = Dating(file.offset, file.clock_quality)
    return found
