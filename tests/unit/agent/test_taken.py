"""Photos and recorded sounds as rows of the index, whatever becomes of folder, database and process."""

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Any

import pytest
from fakes.media_folder import BLOCK, DAY, MediaFolder
from fakes.served_store import ServedStore

from agent.media import taken as module
from agent.media.removing import Removing
from agent.media.taken import WRITTEN_EVERY
from hardware.models import PhotoFile, SoundFile
from presets_store.protocol.statuses import MediaStatus
from presets_store.storage.errors import StorageUnavailable
from presets_store.storage.media.uploads import find_outgoing, mark_sent


async def listed(media: MediaFolder, kind: str = "image") -> dict[str, dict[str, Any]]:
    """What the device's own API shows, by the file's own name."""
    body = {"deviceID": media.store.device, "order": "asc"}
    found = await media.store.client.json("POST", f"/v1/{kind}/list", body)
    return {Path(each["localFilePath"]).name: each for each in found}


def index(media: MediaFolder, path: Path) -> None:
    photo = PhotoFile.model_validate_json(path.with_name(f"{path.name}.json").read_bytes())
    media.library.index_photo(photo, path.parent)


async def test_a_photo_is_listed_and_fetched_like_anything_that_was_sent_here(
    store: ServedStore, tmp_path: Path
) -> None:
    media = MediaFolder(store, tmp_path)
    index(media, media.photo("a-0.jpg"))
    await media.library.write_index()
    image = (await listed(media))["a-0.jpg"]
    assert (image["imageStatus"], image["width"], image["filesize"]) == (MediaStatus.FILE_AVAILABLE, 64, 100)
    file = await store.client.json("GET", f"/v1/file/{image['fileID']}")
    answer = await store.client.send("GET", file["fileLocation"].removeprefix(store.root))
    assert answer.body == b"p" * 100


async def test_a_sound_is_one_too_once_it_is_whole(store: ServedStore, tmp_path: Path) -> None:
    media = MediaFolder(store, tmp_path)
    whole = media.sound("a.ogg")
    media.sound("open.ogg", closed=False)
    sound = SoundFile.model_validate_json(whole.with_name("a.ogg.json").read_bytes())
    media.library.index_sound(sound, whole.parent)
    await media.library.write_index()
    assert await media.taken.reconcile() == 0
    clip = (await listed(media, "audioclip"))["a.ogg"]
    assert (clip["clipLengthInSeconds"], clip["bitrate"], clip["fileSize"]) == (2.0, 400, 100)
    assert list(await listed(media, "audioclip")) == ["a.ogg"]


async def test_many_photos_are_written_together(store: ServedStore, tmp_path: Path) -> None:
    media = MediaFolder(store, tmp_path)
    stored: list[bool] = []
    media.taken.stored = lambda: stored.append(True)
    running = asyncio.create_task(media.taken.run())
    for number in range(20):
        index(media, media.photo(f"a-{number}.jpg"))
    await asyncio.sleep(0.05)
    assert await listed(media) == {}
    for _ in range(20):
        media.clock.advance(WRITTEN_EVERY)
        await asyncio.sleep(0.01)
        if stored:
            break
    assert len(await listed(media)) == 20
    assert len(stored) == 1
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_a_start_takes_up_what_the_index_lacks_and_notes_what_is_gone(store: ServedStore, tmp_path: Path) -> None:
    media = MediaFolder(store, tmp_path)
    for number in range(module.AT_ONCE + 3):
        media.photo(f"a-{number}.jpg")
    media.sound("a.ogg")
    (media.folder / "main" / DAY / "no-sidecar.jpg").write_bytes(b"x")
    (media.folder / "main" / DAY / "bad.jpg").write_bytes(b"x")
    (media.folder / "main" / DAY / "bad.jpg.json").write_text("{")
    assert await media.taken.reconcile() == module.AT_ONCE + 4
    assert await media.taken.reconcile() == 0, "a repeat changes nothing"
    keys = {name: image["key"] for name, image in (await listed(media)).items()}
    (media.folder / "main" / DAY / "a-1.jpg").rename(tmp_path / "elsewhere.jpg")
    assert await media.taken.reconcile() == 1
    assert (await listed(media))["a-1.jpg"]["imageStatus"] == MediaStatus.ANNOUNCED_BUT_MISSING
    (tmp_path / "elsewhere.jpg").rename(media.folder / "main" / DAY / "a-1.jpg")
    assert await media.taken.reconcile() == 1
    back = await listed(media)
    assert back["a-1.jpg"]["imageStatus"] == MediaStatus.FILE_AVAILABLE
    assert {name: image["key"] for name, image in back.items()} == keys


async def test_what_was_fetched_is_nothing_that_was_recorded_here(store: ServedStore, tmp_path: Path) -> None:
    media = MediaFolder(store, tmp_path)
    (media.folder / "downloads").mkdir()
    for name in ("x.jpg", "x.jpg.json"):
        (media.folder / "downloads" / name).write_bytes(b"x")
    assert await media.taken.reconcile() == 0


async def test_photos_that_retention_removes_are_known_to_be_gone(store: ServedStore, tmp_path: Path) -> None:
    media = MediaFolder(store, tmp_path, {"max_size": 2 * BLOCK * 2})
    for number, age in enumerate((300, 200, 100)):
        media.photo(f"a-{number}.jpg", age=age)
    media.sound("a.ogg", age=400)
    await media.taken.reconcile()
    await media.look()
    statuses = {name: image["imageStatus"] for name, image in (await listed(media)).items()}
    assert statuses == {"a-0.jpg": 5, "a-1.jpg": 4, "a-2.jpg": 4}
    assert (await listed(media, "audioclip"))["a.ogg"]["audioClipStatus"] == 5
    gone = (await listed(media))["a-0.jpg"]
    assert (await store.client.call("GET", f"/v1/file/{gone['fileID']}")).status == 404
    assert await media.taken.reconcile() == 0


async def test_what_an_upstream_has_is_removed_first_and_only_for_room(store: ServedStore, tmp_path: Path) -> None:
    media = MediaFolder(store, tmp_path, {"max_size": 2 * BLOCK * 3})
    for number, age in enumerate((300, 200, 100)):
        media.photo(f"a-{number}.jpg", age=age)
    await media.taken.reconcile()
    await sent(media, f"main/{DAY}/a-2.jpg")
    await media.look()
    assert len([name for name in media.names() if name.endswith(".jpg")]) == 3, "an upload alone removes nothing"
    media.sound("a.ogg", age=10)
    await media.taken.reconcile()
    await media.look()
    assert [name for name in media.names() if not name.endswith(".json")] == ["a-0.jpg", "a-1.jpg", "a.ogg"]


async def sent(media: MediaFolder, file: str) -> None:
    """As if an upstream had it."""
    database, device = media.store.services.database, media.store.device
    found = await database.read(lambda connection: find_outgoing(connection, device, file))
    assert found is not None
    await database.write(lambda connection: mark_sent(connection, found.kind.item_type, found.item.key))


async def test_a_sound_that_is_being_recorded_is_never_removed(store: ServedStore, tmp_path: Path) -> None:
    media = MediaFolder(store, tmp_path, {"max_size": 1})
    media.sound("open.ogg", closed=False)
    media.sound("whole.ogg")
    await media.look()
    assert media.names() == ["open.ogg", "open.ogg.json"]


async def test_while_the_index_cannot_be_written_photos_wait_and_none_is_lost(
    store: ServedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    media = MediaFolder(store, tmp_path)
    monkeypatch.setattr(module, "LONGEST_QUEUE", 3)
    service, full = store.services.media.own_images, [True]
    write = service.index

    async def index_or_not(*given: Any) -> None:
        if full[0]:
            raise StorageUnavailable(database="cuelight.db", reason="database or disk is full")
        await write(*given)

    monkeypatch.setattr(service, "index", index_or_not)
    for number in range(7):
        index(media, media.photo(f"a-{number}.jpg"))
    with caplog.at_level(logging.ERROR):
        await media.library.write_index()
    assert "indexed later" in caplog.text
    full[0] = False
    await media.library.write_index()
    assert len(await listed(media)) == 7, "those that did not fit in memory were found in the folder"


async def test_a_photo_is_removed_on_request_with_its_file_and_row(store: ServedStore, tmp_path: Path) -> None:
    media = MediaFolder(store, tmp_path)
    store.services.media.files.remover = Removing(media.library)
    media.photo("a-0.jpg")
    media.photo("b-0.jpg")
    await media.taken.reconcile()
    image = (await listed(media))["a-0.jpg"]
    assert (await store.client.call("DELETE", f"/v1/image/{image['key']}")).status == 200
    assert media.names() == ["b-0.jpg", "b-0.jpg.json"]
    assert list(await listed(media)) == ["b-0.jpg"]
    other = (await listed(media))["b-0.jpg"]
    answer = await store.client.call("DELETE", f"/v1/device/{store.device}/file/{other['fileID']}")
    assert answer.status == 200
    assert media.names() == []


async def test_what_the_file_says_cannot_be_written_otherwise(store: ServedStore, tmp_path: Path) -> None:
    media = MediaFolder(store, tmp_path)
    media.photo("a-0.jpg")
    await media.taken.reconcile()
    image = (await listed(media))["a-0.jpg"]
    del image["deviceName"], image["tagList"]
    path = f"/v1/image/{image['key']}"
    assert (await store.client.call("PUT", path, {**image, "imageTypeID": 7})).status == 200
    after = (await listed(media))["a-0.jpg"]
    assert (after["imageTypeID"], after["imageStatus"]) == (7, MediaStatus.FILE_AVAILABLE)
    for name, value in {"width": 1, "filesize": 1, "fileID": 0, "localFilePath": "x", "startTime": 5}.items():
        answer = await store.client.call("PUT", path, {**image, name: value})
        assert answer.status == 400, name
        assert name in answer.body.decode()
    patch = [{"operation": "", "fieldName": "FileID", "value": "0"}]
    assert (await store.client.call("PATCH", path, patch)).status == 400
