"""A media folder with clips and photos that are only bytes, and what looks after it."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fakes.clock import ManualClock
from fakes.served_store import ServedStore

from agent.media.library import Announce, MediaLibrary
from agent.media.retention.keeping import Retention
from agent.media.taken import TakenIndex
from agent.settings import MediaSettings, Settings
from hardware.models import ClipFile, Codec, PhotoFile, SoundFile
from presets_store.storage.records import Clip

BLOCK = 4096
"""What a small file takes on the disk; a clip of ours takes two, one for its sidecar."""
CLIP = 2 * BLOCK
DAY = "2026-11-20"


@dataclass
class MediaFolder:
    """`retention` is that of an agent with `media` settings, whose disk is the machine's."""

    store: ServedStore
    state: Path
    media: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder = self.state / "media"
        self.folder.mkdir(parents=True, exist_ok=True)
        assert isinstance(self.store.clock, ManualClock)
        self.clock = self.store.clock
        services, device = self.store.services, self.store.device
        self.taken = TakenIndex(self.folder, services.media.own_images, services.media.own_sounds, device, self.clock)
        self.library = MediaLibrary(self.folder, services.clips, device, self.clock, taken=self.taken)
        values = {"min_free": 0} | self.media
        settings = Settings(state_folder=self.state, media=MediaSettings.model_validate(values))
        self.retention = Retention(settings, self.library, self.store.services, self.clock)

    def write(self, name: str, *, age: float = 1000.0, camera: str = "main", **fields: Any) -> Path:
        """A closed clip of some bytes that ended `age` seconds ago, with its sidecar."""
        path = self.folder / camera / DAY / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"m" * 100)
        values: dict[str, Any] = {
            "file": name, "index": 0, "codec": Codec.H264, "width": 64, "height": 48, "rate": 10.0, "encoded": False,
            "first_mono_ns": 1, "start_wall_ns": int((self.clock.now() - age - 1) * 1e9), "frames": 10, "size": 100,
            "clock_quality": "synchronised", "boot_id": "b", "closed": True, "seconds": 1.0, "sha256": "ab",
            "context": {"event_uuid": "e", "attempt": "1", "camera_id": camera},
        } | fields  # fmt: skip
        path.with_name(f"{name}.json").write_text(ClipFile(**values).model_dump_json())
        at_rest(path, age)
        return path

    def photo(self, name: str, *, age: float = 1000.0, **fields: Any) -> Path:
        """A photo of some bytes that was taken `age` seconds ago."""
        path = self.folder / "main" / DAY / name
        path.parent.mkdir(parents=True, exist_ok=True)
        values: dict[str, Any] = {
            "file": name, "index": 0, "width": 64, "height": 48, "encoding": "jpg", "mono_ns": 1, "taken_wall_ns": 1,
            "clock_quality": "synchronised", "boot_id": "b", "size": 100, "sha256": "ab", "copied": True,
        } | fields  # fmt: skip
        path.with_name(f"{name}.json").write_text(PhotoFile(**values).model_dump_json())
        path.write_bytes(b"p" * 100)
        moment = self.clock.now() - age
        os.utime(path, (moment, moment))
        return path

    def sound(self, name: str, *, age: float = 1000.0, **fields: Any) -> Path:
        """A sound recording of some bytes that ended `age` seconds ago."""
        path = self.folder / "main" / DAY / name
        path.parent.mkdir(parents=True, exist_ok=True)
        values: dict[str, Any] = {
            "file": name, "encoding": "opus", "sample_rate": 48000, "bitrate": 0, "microphone": "hw:0", "seconds": 2.0,
            "first_mono_ns": 1, "start_wall_ns": 1, "clock_quality": "synchronised", "boot_id": "b", "closed": True,
            "size": 100, "sha256": "ab",
        } | fields  # fmt: skip
        path.with_name(f"{name}.json").write_text(SoundFile(**values).model_dump_json())
        path.write_bytes(b"s" * 100)
        moment = self.clock.now() - age
        os.utime(path, (moment, moment))
        return path

    async def look(self, announce: Announce | None = None) -> None:
        """A look that is due."""
        self.clock.advance(60)
        if announce is not None:
            self.library.announce = announce
        await self.retention.look()

    async def clips(self) -> dict[str, Clip]:
        """What the index knows, by the file's own name."""
        return {Path(clip.file).name: clip for clip in await self.store.services.clips.all_files()}

    def names(self) -> list[str]:
        """All files there are."""
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file())


def at_rest(path: Path, age: float) -> None:
    """As if it had been written `age` seconds ago by the machine's clock."""
    moment = path.stat().st_mtime - age
    os.utime(path, (moment, moment))
