"""The media folder kept within its limits: real files, a real index."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.media_folder import BLOCK, CLIP, DAY, MediaFolder, at_rest
from fakes.served_store import ServedStore, served_store, until

from agent.media.retention.keeping import ROUND_EVERY, TRIED_AGAIN_AFTER
from presets_store.clock import ClockQuality
from presets_store.protocol.clips import KeepClip
from presets_store.protocol.statuses import MediaStatus
from presets_store.services.caller import INSIDE
from presets_store.storage.clips import update_clip
from presets_store.storage.errors import StorageUnavailable
from presets_store.storage.records import ClipState

FULL = StorageUnavailable(database="cuelight.db", reason="database or disk is full")


async def protect(media: MediaFolder, name: str, *, protected: bool = True) -> None:
    key = (await media.clips())[name].key
    await media.store.services.clips.keep(INSIDE, key, KeepClip(protected=protected))


async def test_over_the_maximum_size_the_oldest_goes_with_all_that_belongs_to_it(
    store: ServedStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    media = MediaFolder(store, tmp_path, {"max_size": 2 * CLIP})
    media.write("a-0.mp4", age=300, thumbnail="a-0.jpg")
    (media.folder / "main" / DAY / "a-0.jpg").write_bytes(b"small")
    media.write("b-0.mkv", age=200)
    media.write("c-0.ts", age=100)
    await media.library.reconcile()
    with caplog.at_level(logging.INFO):
        await media.look()
    assert media.names() == ["b-0.mkv", "b-0.mkv.json", "c-0.ts", "c-0.ts.json"]
    assert {name: clip.state for name, clip in (await media.clips()).items()} == {
        "a-0.mp4": ClipState.REMOVED, "b-0.mkv": ClipState.CLOSED, "c-0.ts": ClipState.CLOSED,
    }  # fmt: skip
    assert f"removed main/{DAY}/a-0.mp4" in caplog.text
    assert "over the maximum size; not uploaded" in caplog.text
    assert (media.retention.kept.used, media.retention.removed) == (2 * CLIP, 1)
    assert media.retention.last_removed.file.endswith("a-0.mp4")
    assert not await media.library.reconcile(), "what was removed is not missing"


async def test_the_clips_are_announced_while_they_are_there(store: ServedStore, tmp_path: Path) -> None:
    media = MediaFolder(store, tmp_path, {"max_size": 1})
    clip = media.write("a-0.mp4")
    media.photo("b-0.jpg")
    await media.library.reconcile()
    told: list[tuple[str, str, str]] = []

    async def announce(files: Sequence[tuple[str, str, str]]) -> bool:
        assert await asyncio.to_thread(clip.exists)
        told.extend(files)
        return True

    await media.look(announce)
    assert told == [("main", f"main/{DAY}/a-0.mp4", "over the maximum size; not uploaded")]
    assert media.names() == []


async def test_a_removal_that_could_not_be_announced_is_announced_later(store: ServedStore, tmp_path: Path) -> None:
    media = MediaFolder(store, tmp_path, {"max_size": 1})
    media.write("a-0.mp4")
    await media.library.reconcile()
    told: list[tuple[str, str]] = []

    async def refuse(_: Sequence[tuple[str, str, str]]) -> bool:
        return False

    async def announce(files: Sequence[tuple[str, str, str]]) -> bool:
        told.extend((camera, file) for camera, file, _ in files)
        return True

    await media.look(refuse)
    assert media.names() == ["a-0.mp4.removed"], "room comes first"
    media.library.announce = announce
    await media.library.reconcile()
    assert told == [("main", f"main/{DAY}/a-0.mp4")]
    assert media.names() == []
    assert (await media.clips())["a-0.mp4"].state is ClipState.REMOVED


async def test_a_file_of_another_that_is_named_like_a_tombstone_takes_nothing_with_it(
    store: ServedStore, tmp_path: Path
) -> None:
    media = MediaFolder(store, tmp_path)
    for name in ("notes", "notes.removed"):
        (media.folder / name).write_text("not ours")
    await media.library.reconcile()
    await media.look()
    assert media.names() == ["notes", "notes.removed"]


async def test_a_clip_that_could_not_be_removed_is_not_told_as_removed(store: ServedStore, tmp_path: Path) -> None:
    media = MediaFolder(store, tmp_path, {"max_size": 1})
    media.write("a-0.mp4")
    await media.library.reconcile()
    (media.folder / "main" / DAY / "a-0.mp4.removed" / "in the way").mkdir(parents=True)
    await media.look()
    assert media.names() == ["a-0.mp4", "a-0.mp4.json"]
    assert (await media.clips())["a-0.mp4"].state is ClipState.CLOSED


async def test_a_folder_that_an_order_names_is_left_however_long_the_camera_is_away(
    store: ServedStore, tmp_path: Path
) -> None:
    media = MediaFolder(store, tmp_path)
    waiting = media.folder / "main" / DAY
    await media.library.prepare(waiting)
    at_rest(waiting, 4000)
    await media.look()
    assert waiting.is_dir()


async def test_what_was_filmed_by_a_clock_that_begins_anew_goes_in_the_order_of_its_recording(
    store: ServedStore, tmp_path: Path
) -> None:
    """A device without a clock and without a network: each boot begins at the same moment."""
    media = MediaFolder(store, tmp_path, {"max_size": 2 * CLIP})
    for name, age in (("a-0.mp4", 9000), ("b-0.mp4", 5000), ("c-0.mp4", 8000), ("d-0.mp4", 7000)):
        media.write(name, age=age, clock_quality="unset")
        await media.library.reconcile()
    await media.look()
    assert [name for name in media.names() if name.endswith(".mp4")] == ["c-0.mp4", "d-0.mp4"]


async def test_a_thumbnail_that_came_too_late_for_the_sidecar_goes_too(store: ServedStore, tmp_path: Path) -> None:
    media = MediaFolder(store, tmp_path, {"max_size": 1})
    clip = media.write("a-0.mp4")
    clip.with_name("a-0.mp4.jpg").write_bytes(b"small")
    await media.library.reconcile()
    await media.look()
    assert media.names() == []


async def test_what_is_uploaded_goes_before_what_is_older(store: ServedStore, tmp_path: Path) -> None:
    media = MediaFolder(store, tmp_path, {"max_size": CLIP})
    media.write("a-0.mp4", age=300)
    media.write("b-0.mp4", age=200)
    await media.library.reconcile()
    clip = (await media.clips())["b-0.mp4"]
    sent = replace(clip, video_clip_status=MediaStatus.FILE_AVAILABLE)
    await store.services.database.write(lambda connection: update_clip(connection, clip, sent))
    await media.look()
    assert media.names() == ["a-0.mp4", "a-0.mp4.json"]


async def test_a_protected_clip_stays_and_a_limit_that_cannot_be_kept_is_told_once(
    store: ServedStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    media = MediaFolder(store, tmp_path, {"max_size": 1})
    media.write("a-0.mp4")
    await media.library.reconcile()
    await protect(media, "a-0.mp4")
    for _ in range(3):
        await media.look()
    assert caplog.text.count("the maximum size of the media folder cannot be kept") == 1
    assert "8.2 kB are protected" in caplog.text
    assert list(media.retention.kept.unmet) == ["the maximum size of the media folder"]
    assert media.names() == ["a-0.mp4", "a-0.mp4.json", "a-0.mp4.keep"]
    await protect(media, "a-0.mp4", protected=False)
    await media.look()
    assert (media.names(), media.retention.kept.unmet) == ([], {})


async def test_protection_outlasts_the_database(store: ServedStore, tmp_path: Path) -> None:
    media = MediaFolder(store, tmp_path)
    media.write("a-0.mp4")
    media.write("b-0.mp4")
    await media.library.reconcile()
    await protect(media, "a-0.mp4")
    await media.look()
    async with another(tmp_path) as fresh:
        anew = MediaFolder(fresh, tmp_path)
        await anew.library.reconcile()
        assert {name: clip.protected for name, clip in (await anew.clips()).items()} == {
            "a-0.mp4": True, "b-0.mp4": False,
        }  # fmt: skip


def another(folder: Path) -> AbstractAsyncContextManager[ServedStore]:
    """A fresh database for the same folder."""
    (folder / "anew").mkdir()
    return served_store(folder / "anew")


async def test_an_open_segment_is_counted_and_left(store: ServedStore, tmp_path: Path) -> None:
    media = MediaFolder(store, tmp_path, {"max_size": 1})
    media.write("a-0.mp4", closed=False)
    foreign = media.folder / "main" / DAY / "foreign.mp4"
    foreign.write_bytes(b"not ours")
    (media.folder / "main" / DAY / "b-0.mp4").write_bytes(b"x")
    (media.folder / "main" / DAY / "b-0.mp4.json").write_text("unreadable")
    await media.look()
    assert media.names() == ["a-0.mp4", "a-0.mp4.json", "b-0.mp4", "b-0.mp4.json", "foreign.mp4"]
    assert media.retention.kept.used == 2 * CLIP


async def test_a_segment_that_was_just_closed_is_not_removed_before_it_is_indexed(
    store: ServedStore, tmp_path: Path
) -> None:
    media = MediaFolder(store, tmp_path, {"max_size": 1})
    path = media.write("a-0.mp4", age=0)
    await media.look()
    assert path.exists()
    at_rest(path, 3600)
    path.with_name("touched").touch()  # the folder has changed
    await media.look()
    assert not path.exists()


async def test_by_age_photos_too_but_only_where_the_clock_was_right(store: ServedStore, tmp_path: Path) -> None:
    media = MediaFolder(store, tmp_path, {"max_age_days": 1})
    old = 2 * 86_400
    media.write("a-0.mp4", age=old)
    media.write("b-0.mp4", age=old, clock_quality="floor")
    media.write("c-0.mp4", age=60)
    media.photo("d-0.jpg", age=old)
    media.photo("e-0.jpg", age=old, clock_quality="unset")
    media.photo("f-0.jpg", age=60)
    await media.library.reconcile()
    media.clock.declared = ClockQuality.FLOOR
    await media.look()
    assert "a-0.mp4" in media.names()
    media.clock.declared = ClockQuality.SYNCHRONISED
    await media.look()
    left = [name for name in media.names() if not name.endswith(".json")]
    assert left == ["b-0.mp4", "c-0.mp4", "e-0.jpg", "f-0.jpg"]
    assert not [name for name in media.names() if name.startswith(("a-0", "d-0"))]


async def test_while_the_index_cannot_be_written_room_is_made_and_the_index_follows(
    store: ServedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = MediaFolder(store, tmp_path, {"max_size": BLOCK})
    media.write("a-0.mp4")
    await media.library.reconcile()

    async def full(_files: Sequence[str]) -> set[str]:
        raise FULL

    with monkeypatch.context() as patched:
        patched.setattr(store.services.clips, "mark_removed", full)
        patched.setattr(store.services.clips, "index", full)
        await media.look()
        assert media.names() == ["a-0.mp4.removed"]
        with pytest.raises(StorageUnavailable):
            await media.look()
        assert (await media.clips())["a-0.mp4"].state is ClipState.CLOSED
    await media.look()
    assert media.names() == []
    assert (await media.clips())["a-0.mp4"].state is ClipState.REMOVED


async def test_without_the_index_the_marks_in_the_folder_count(
    store: ServedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = MediaFolder(store, tmp_path, {"max_size": 1})
    media.write("a-0.mp4")
    media.write("b-0.mp4")
    (media.folder / "main" / DAY / "a-0.mp4.keep").touch()

    async def broken() -> None:
        raise FULL

    monkeypatch.setattr(store.services.clips, "indexed_files", broken)
    await media.look()
    assert media.names() == ["a-0.mp4", "a-0.mp4.json", "a-0.mp4.keep"]


async def test_a_clip_that_is_put_back_is_one_again(store: ServedStore, tmp_path: Path) -> None:
    media = MediaFolder(store, tmp_path, {"max_size": BLOCK})
    media.write("a-0.mp4")
    await media.library.reconcile()
    await media.look()
    key = (await media.clips())["a-0.mp4"].key
    media.write("a-0.mp4")
    assert (await media.library.reconcile()).adopted == 1
    back = (await media.clips())["a-0.mp4"]
    assert (back.key, back.state) == (key, ClipState.CLOSED)


async def test_what_cannot_be_removed_is_told_once_and_keeps_no_other_from_going(
    store: ServedStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    media = MediaFolder(store, tmp_path, {"max_size": 1})
    media.write("a-0.mp4", age=300)
    media.write("b-0.mp4", age=200)
    (media.folder / "main" / DAY / "a-0.mp4.removed" / "in the way").mkdir(parents=True)
    await media.library.reconcile()
    for _ in range(2):
        await media.look()
    assert caplog.text.count("a-0.mp4 cannot be removed") == 1
    assert media.names() == ["a-0.mp4", "a-0.mp4.json"]


async def test_what_could_not_be_removed_is_tried_again(
    store: ServedStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    media = MediaFolder(store, tmp_path, {"max_size": 1})
    media.write("a-0.mp4", age=300)
    in_the_way = media.folder / "main" / DAY / "a-0.mp4.removed" / "in the way"
    in_the_way.mkdir(parents=True)
    await media.library.reconcile()
    await media.look()
    media.clock.advance(TRIED_AGAIN_AFTER)
    await media.look()
    assert caplog.text.count("a-0.mp4 cannot be removed") == 2
    in_the_way.rmdir()
    in_the_way.parent.rmdir()
    media.clock.advance(TRIED_AGAIN_AFTER - ROUND_EVERY - 1)
    await media.look()
    assert media.names() == ["a-0.mp4", "a-0.mp4.json"], "not yet"
    await media.look()
    assert media.names() == []
    assert (await media.clips())["a-0.mp4"].state is ClipState.REMOVED


async def test_a_folder_that_is_empty_for_an_hour_goes(store: ServedStore, tmp_path: Path) -> None:
    media = MediaFolder(store, tmp_path)
    for name in ("deserted", "new"):
        (media.folder / "main" / name).mkdir(parents=True)
    at_rest(media.folder / "main" / "deserted", 4000)
    await media.look()
    assert [path.name for path in (media.folder / "main").iterdir()] == ["new"]


async def test_removals_and_looks_only_when_they_are_due(store: ServedStore, tmp_path: Path) -> None:
    media = MediaFolder(store, tmp_path, {"max_size": 1})
    running = asyncio.create_task(media.retention.run())
    await until(lambda: media.retention.kept.policy.max_size == 1)
    media.write("a-0.mp4")
    media.clock.advance(30)
    await asyncio.sleep(0.05)
    assert "a-0.mp4" in media.names(), "nothing has happened, and the minute is not over"
    media.library.room.changed = True
    media.clock.advance(5)
    await until(lambda: "a-0.mp4" not in media.names())
    media.write("b-0.mp4")
    began = media.clock.monotonic()

    def gone_as_time_passes() -> bool:
        media.clock.advance(1)
        return "b-0.mp4" not in media.names()

    await until(gone_as_time_passes)
    assert media.clock.monotonic() - began >= 50
    running.cancel()
