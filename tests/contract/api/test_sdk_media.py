"""Files and video clips by the unmodified third-party client."""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from actionstreamer import CommonFunctions
from actionstreamer.Model import VideoClip
from actionstreamer.WebService import File as FileCalls
from actionstreamer.WebService import VideoClip as ClipCalls
from fakes.sdk import SdkClient
from fakes.served_store import SERIAL, ServedStore, served_store

from presets_store.clock import SystemClock

FILM = bytes(range(256)) * 3000
HASH = hashlib.sha256(FILM).hexdigest()


@pytest.fixture
async def store(tmp_path: Path, database_url: str) -> AsyncIterator[ServedStore]:
    async with served_store(tmp_path, SystemClock(trusted=True), url=database_url) as served:
        yield served


@pytest.fixture
async def sdk(store: ServedStore) -> AsyncIterator[SdkClient]:
    client = SdkClient(store.root, store.client.key)
    yield client
    client.close()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(FILM)
    return path


async def test_file_is_announced_sent_confirmed_and_fetched(
    store: ServedStore, sdk: SdkClient, film: Path, tmp_path: Path
) -> None:
    file = (await sdk(FileCalls.create_file, SERIAL, film.name, len(FILM), HASH.upper())).file
    assert (file.device_id, file.filename, file.file_size, file.sha256_hash) == (
        store.device,
        film.name,
        len(FILM),
        HASH,
    )
    assert file.file_location.startswith(f"{store.root}/v1/file/content/{file.file_guid}?")
    before = await sdk.refused(409, FileCalls.update_file_upload_success, SERIAL, file.key)
    assert "PUT them to its fileLocation" in before
    assert (await sdk(FileCalls.get_file, file.key)).file.file_location == ""
    assert await sdk.plain(CommonFunctions.upload_file_to_s3, str(film), file.file_location) == 0
    assert await sdk.plain(CommonFunctions.upload_file_to_s3, str(film), file.file_location) == 0  # its answer was lost
    assert not (await sdk(FileCalls.get_file, file.key)).file.file_in_s3
    assert (await sdk(FileCalls.update_file_upload_success, SERIAL, file.key)).description == ""
    await sdk(FileCalls.update_file_upload_success, SERIAL, file.key)
    there = (await sdk(FileCalls.get_file, file.key)).file
    assert there.file_in_s3
    assert there.file_expiration.endswith("Z")
    fetched = tmp_path / "fetched.mp4"
    assert await sdk.plain(CommonFunctions.download_file, str(fetched), there.file_location) == 0
    assert fetched.read_bytes() == FILM


async def test_temporary_file_has_an_address_and_no_key(store: ServedStore, sdk: SdkClient, film: Path) -> None:
    file = (await sdk(FileCalls.create_temp_file, SERIAL, film.name, len(FILM), HASH)).file
    assert file.key == 0
    assert await sdk.plain(CommonFunctions.upload_file_to_s3, str(film), file.file_location) == 0


async def test_clips_are_told_listed_changed_and_removed(
    store: ServedStore, sdk: SdkClient, film: Path, tmp_path: Path
) -> None:
    told = VideoClip(
        local_file_path="main/a.mp4", height=480, width=640, file_size=len(FILM), frames_per_second=25.0,
        start_time=1_700_000_000, start_time_ms=250, clip_length_in_seconds=2.5, video_clip_status=1,
    )  # fmt: skip
    made = (await sdk(ClipCalls.create_video_clip, SERIAL, told)).video_clip
    assert (made.device_id, made.start_time_ms, made.end_time, made.end_time_ms) == (
        store.device,
        250,
        1_700_000_002,
        750,
    )
    again = (await sdk(ClipCalls.create_video_clip, SERIAL, told)).video_clip
    assert again.key == made.key
    later = [VideoClip(start_time=1_700_000_100 + index, local_file_path=f"main/{index}.mp4") for index in range(3)]
    listed = (await sdk(ClipCalls.create_video_clip_list, SERIAL, later)).video_clip_list
    assert [clip.start_time for clip in listed] == [1_700_000_100, 1_700_000_101, 1_700_000_102]

    file = (await sdk(FileCalls.create_file, SERIAL, film.name, len(FILM), HASH)).file
    await sdk.plain(CommonFunctions.upload_file_to_s3, str(film), file.file_location)
    await sdk(FileCalls.update_file_upload_success, SERIAL, file.key)
    patched = await sdk(ClipCalls.update_file_id, made.key, file.key)
    assert json.loads(patched.description) == "Patch applied successfully."
    await sdk(ClipCalls.update_status, made.key, 4)
    shown = (await sdk(ClipCalls.get_video_clip, made.key)).video_clip
    assert (shown.file_id, shown.video_clip_status, shown.local_file_path) == (file.key, 4, "main/a.mp4")
    assert "nothing" not in await sdk.refused(400, ClipCalls.update_file_id, made.key, 4711)

    found = (await sdk(ClipCalls.get_video_clip_list, store.device, 1_700_000_000, 1_700_000_101)).video_clip_list
    assert [clip.start_time for clip in found] == [1_700_000_101, 1_700_000_100, 1_700_000_000]
    within = await sdk(ClipCalls.get_extract_video_clip_list, SERIAL, 1_700_000_001, 1_700_000_100)
    assert [clip.key for clip in within.video_clip_list] == [made.key, listed[0].key]
    none = await sdk(ClipCalls.get_video_clip_list, store.device, 0, 0, 0, "asc", 3)
    assert none.video_clip_list == []

    await sdk(ClipCalls.delete_video_clip, made.key)
    await sdk.refused(404, ClipCalls.get_video_clip, made.key)
    await sdk.refused(404, FileCalls.get_file, file.key)


async def test_serial_with_blanks_and_slashes_is_found(store: ServedStore, sdk: SdkClient) -> None:
    for serial in ("AB 12/ü", "tail/"):
        body = {"serialNumber": serial, "deviceName": "x"}
        device = (await store.client.json("POST", "/v1/device", body))["key"]
        made = (await sdk(ClipCalls.create_video_clip, serial, VideoClip(start_time=1))).video_clip
        assert made.device_id == device
    text = await sdk.refused(404, ClipCalls.create_video_clip, "nobody", VideoClip())
    assert "nobody" in text
