"""Folder and index, with a real index; the file job is a stand-in, since only its answer counts here."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from fakes.served_store import ServedStore

from agent.media.library import MediaLibrary
from agent.media.sidecars import MAX_SIDECAR, read_sidecar
from hardware.errors import JobFailed, StorageFailed
from hardware.models import ClipFile, Codec
from presets_store.storage.records import Clip, ClipState

UUID = "01900000-0000-7000-8000-000000000001"


def written(folder: Path, name: str = "a-0.mp4", *, media: bytes | None = b"media", **fields: Any) -> Path:
    """A media file (unless `media` is None) with its sidecar; answers the sidecar's path."""
    values: dict[str, Any] = {
        "file": name, "index": 0, "codec": Codec.H264, "width": 64, "height": 48, "rate": 10.0, "encoded": False,
        "first_mono_ns": 1, "start_wall_ns": 2_000_000_000, "clock_quality": "floor", "boot_id": "b", "closed": True,
        "seconds": 1.0, "frames": 10, "size": 5, "sha256": "ab", "context": {"event_uuid": UUID, "attempt": "1"},
    } | fields  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    if media is not None:
        (folder / name).write_bytes(media)
    sidecar = folder / f"{name}.json"
    sidecar.write_text(ClipFile(**values).model_dump_json())
    return sidecar


class Jobs:
    """Answers `recover` with the sidecar closed, or as told."""

    def __init__(self, **fields: Any) -> None:
        self.asked: list[str] = []
        self.fields = fields

    async def __call__(self, name: str, **arguments: Any) -> dict[str, Any]:
        path = Path(arguments["path"])
        self.asked.append(path.name)
        if self.fields.get("fails"):
            raise JobFailed(job=name, reason="as the test says")
        file = await asyncio.to_thread(read_sidecar, path.with_name(path.name + ".json"))
        assert file is not None
        return file.model_copy(update={"closed": True, "recovered": True, **self.fields}).model_dump(mode="json")


def library(store: ServedStore, folder: Path, **fields: Any) -> tuple[MediaLibrary, Jobs]:
    jobs = Jobs(**fields)
    return MediaLibrary(folder, store.services.clips, store.device, store.clock, job=jobs), jobs


async def indexed(store: ServedStore) -> dict[str, Clip]:
    return {clip.file: clip for clip in await store.services.clips.all_files()}


async def test_a_second_look_changes_nothing(store: ServedStore, tmp_path: Path) -> None:
    media, jobs = library(store, tmp_path / "media")
    written(media.folder / "main")
    written(media.folder / "main", "b-0.mp4", closed=False)
    first = await media.reconcile()
    assert (first.adopted, first.recovered) == (1, 1)
    written(media.folder / "main", "b-0.mp4", recovered=True)
    assert not await media.reconcile()
    assert jobs.asked == ["b-0.mp4"]
    clips = await indexed(store)
    assert clips["main/a-0.mp4"].state is ClipState.CLOSED
    assert clips["main/b-0.mp4"].state is ClipState.RECOVERED


async def test_a_file_that_is_gone_is_missing_until_it_is_back(store: ServedStore, tmp_path: Path) -> None:
    media, _ = library(store, tmp_path / "media")
    written(media.folder)
    await media.reconcile()
    key = (await indexed(store))["a-0.mp4"].key
    (media.folder / "a-0.mp4").unlink()
    assert (await media.reconcile()).missing == 1
    assert not await media.reconcile()
    assert (await indexed(store))["a-0.mp4"].state is ClipState.MISSING
    written(media.folder)
    assert (await media.reconcile()).adopted == 1
    back = (await indexed(store))["a-0.mp4"]
    assert (back.key, back.state) == (key, ClipState.CLOSED)


async def test_a_sidecar_without_its_file_is_no_clip(store: ServedStore, tmp_path: Path) -> None:
    media, jobs = library(store, tmp_path / "media")
    closed = written(media.folder, media=None)
    opened = written(media.folder, "b-0.mp4", media=None, closed=False)
    assert (await media.reconcile()).empty == 1
    assert (closed.exists(), opened.exists(), jobs.asked) == (True, False, [])
    assert await indexed(store) == {}


async def test_an_open_segment_of_a_camera_that_is_still_written_is_left(store: ServedStore, tmp_path: Path) -> None:
    media, jobs = library(store, tmp_path / "media")
    written(media.folder, closed=False, context={"camera_id": "side"})
    written(media.folder, "b-0.mp4", closed=False, context={"camera_id": "main"})
    assert (await media.reconcile(occupied={"side"})).recovered == 1
    assert jobs.asked == ["b-0.mp4"]


async def test_a_failed_recovery_is_told_and_deletes_nothing(
    store: ServedStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    media, _ = library(store, tmp_path / "media", fails=True)
    sidecar = written(media.folder, closed=False)
    assert (await media.reconcile()).unreadable == 1
    assert sidecar.exists()
    assert "as the test says" in caplog.text


@pytest.mark.parametrize("file", ["../../etc/passwd", "/etc/passwd", "another-0.mp4", ""])
async def test_a_sidecar_speaks_only_of_its_own_file(store: ServedStore, tmp_path: Path, file: str) -> None:
    media, _ = library(store, tmp_path / "media")
    sidecar = written(media.folder)
    sidecar.write_text(sidecar.read_text().replace('"a-0.mp4"', f'"{file}"'))
    assert (await media.reconcile()).unreadable == 1
    assert await indexed(store) == {}


async def test_a_context_of_nonsense_is_no_reason_not_to_start(store: ServedStore, tmp_path: Path) -> None:
    media, _ = library(store, tmp_path / "media")
    written(media.folder, context={"event_key": "seven", "attempt": "9" * 40, "event_uuid": "?"})
    assert (await media.reconcile()).adopted == 1
    clip = (await indexed(store))["a-0.mp4"]
    assert (clip.event_key, clip.attempt) == (None, 0)


def test_what_is_too_large_to_be_a_sidecar_is_not_read(tmp_path: Path) -> None:
    sidecar = written(tmp_path, context={"x": "y" * MAX_SIDECAR})
    assert read_sidecar(sidecar) is None
    assert read_sidecar(tmp_path / "none.mp4.json") is None


async def test_a_folder_that_cannot_be_made_is_a_storage_failure(
    store: ServedStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    (tmp_path / "media").write_text("a file")
    media, _ = library(store, tmp_path / "media")
    with pytest.raises(StorageFailed, match="media"):
        await media.prepare(media.folder / "main" / "2026-11-23")
