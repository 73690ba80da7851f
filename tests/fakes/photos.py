"""Photos as a camera host leaves them."""

from pathlib import Path
from typing import Any

from hardware.models import PhotoFile

UUID = "01900000-0000-7000-8000-000000000001"
STEM = f"120000-{UUID}-1"


def take_photo(folder: Path, index: int, *, stem: str = STEM, data: bytes | None = b"jpeg", **fields: Any) -> PhotoFile:
    """Writes a photo (unless `data` is None) with its sidecar; answers what the sidecar says."""
    values: dict[str, Any] = {
        "file": f"{stem}-{index}.jpg", "index": index, "width": 64, "height": 48, "encoding": "jpg", "mono_ns": 1,
        "taken_wall_ns": 1_800_000_000_000_000_000, "clock_quality": "floor", "boot_id": "b", "size": 4,
        "sha256": f"{index:02x}", "copied": False,
    }  # fmt: skip
    photo = PhotoFile(**(values | fields))
    folder.mkdir(parents=True, exist_ok=True)
    if data is not None:
        (folder / photo.file).write_bytes(data)
    (folder / f"{photo.file}.json").write_text(photo.model_dump_json())
    return photo
