"""Images, audio clips, tags, requests to devices and media tokens by the unmodified third-party client."""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from actionstreamer import CommonFunctions
from actionstreamer.Model import AudioClip, CreateAudioClip, CreateImage, Image, VideoClip
from actionstreamer.WebService import AudioClip as AudioCalls
from actionstreamer.WebService import Auth as AuthCalls
from actionstreamer.WebService import File as FileCalls
from actionstreamer.WebService import Image as ImageCalls
from actionstreamer.WebService import Tag as TagCalls
from actionstreamer.WebService import Token as TokenCalls
from actionstreamer.WebService import VideoClip as ClipCalls
from fakes.sdk import SdkClient
from fakes.served_store import SERIAL, ServedStore, served_store

from presets_store.clock import SystemClock

BYTES = b"\xff\xd8 a picture or a sound" * 50


@pytest.fixture
async def store(tmp_path: Path, database_url: str) -> AsyncIterator[ServedStore]:
    async with served_store(tmp_path, SystemClock(trusted=True), url=database_url) as served:
        yield served


@pytest.fixture
async def sdk(store: ServedStore) -> AsyncIterator[SdkClient]:
    client = SdkClient(store.root, store.client.key)
    yield client
    client.close()


async def sent_file(sdk: SdkClient, folder: Path) -> int:
    """The key of a file that was announced, sent and confirmed."""
    path = folder / "a.bin"
    path.write_bytes(BYTES)
    digest = hashlib.sha256(BYTES).hexdigest()
    file = (await sdk(FileCalls.create_file, SERIAL, path.name, len(BYTES), digest)).file
    assert await sdk.plain(CommonFunctions.upload_file_to_s3, str(path), file.file_location) == 0
    await sdk(FileCalls.update_file_upload_success, SERIAL, file.key)
    return int(file.key)


@pytest.mark.parametrize("kind", ["image", "audio_clip"])
async def test_images_and_sounds_are_told_listed_changed_and_removed(
    store: ServedStore, sdk: SdkClient, tmp_path: Path, kind: str
) -> None:
    calls: ModuleType = ImageCalls if kind == "image" else AudioCalls
    create: Any = CreateImage if kind == "image" else CreateAudioClip
    model: Any = Image if kind == "image" else AudioClip
    told = create(local_file_path="main/a", start_time=1_700_000_000, start_time_ms=250)
    made = getattr(await sdk(getattr(calls, f"create_{kind}"), SERIAL, told), kind)
    again = getattr(await sdk(getattr(calls, f"create_{kind}"), SERIAL, told), kind)
    assert (made.device_id, made.start_time_ms, again.key) == (store.device, 250, made.key)
    assert (getattr(made, f"{kind}_status"), getattr(made, f"{kind}_type_id")) == (1, 1)
    later = [model(start_time=1_700_000_100 + index) for index in range(3)]
    listed = getattr(await sdk(getattr(calls, f"create_{kind}_list"), SERIAL, later), f"{kind}_list")
    assert [each.start_time for each in listed] == [1_700_000_100, 1_700_000_101, 1_700_000_102]

    file = await sent_file(sdk, tmp_path)
    patched = await sdk(calls.update_file_id, made.key, file)
    assert json.loads(patched.description) == "Patch applied successfully."
    await sdk(calls.update_status, made.key, 4)
    shown = getattr(await sdk(getattr(calls, f"get_{kind}"), made.key), kind)
    assert (shown.file_id, getattr(shown, f"{kind}_status"), shown.local_file_path) == (file, 4, "main/a")
    assert "4711" in await sdk.refused(400, calls.update_file_id, made.key, 4711)

    found = await sdk(getattr(calls, f"get_{kind}_list"), store.device, 1_700_000_000, 1_700_000_101)
    times = [each.start_time for each in getattr(found, f"{kind}_list")]
    assert times == [1_700_000_101, 1_700_000_100, 1_700_000_000]

    await sdk(getattr(calls, f"delete_{kind}"), made.key)
    await sdk.refused(404, getattr(calls, f"get_{kind}"), made.key)
    await sdk.refused(404, FileCalls.get_file, file)


async def test_extract_of_sounds_and_their_types(store: ServedStore, sdk: SdkClient) -> None:
    bodies = [AudioClip(start_time=100, clip_length_in_seconds=10.0), AudioClip(start_time=200, audio_clip_type_id=2)]
    first, second = (await sdk(AudioCalls.create_audio_clip_list, SERIAL, bodies)).audio_clip_list
    assert (first.end_time, second.audio_clip_type_id) == (110, 2)
    within = (await sdk(AudioCalls.get_extract_audio_clip_list, SERIAL, 105, 150)).audio_clip_list
    assert [each.key for each in within] == [first.key]
    of_type = (await sdk(AudioCalls.get_audio_clip_list, store.device, 0, 0, 0, "asc", 2)).audio_clip_list
    assert [each.key for each in of_type] == [second.key]


async def test_tags_are_answered_and_found(store: ServedStore, sdk: SdkClient) -> None:
    clip = (await sdk(ClipCalls.create_video_clip, SERIAL, VideoClip(start_time=1))).video_clip.key
    assert json.loads((await sdk(TagCalls.create_tags_for_video_clip, clip)).description) == []
    body = {"videoClipID": clip, "tagNames": ["Goal"]}
    (tag,) = await store.client.json("POST", "/v1/tag/videoclip", body)
    assert json.loads((await sdk(TagCalls.create_tags_for_video_clip, str(clip))).description) == [tag]
    found = await sdk(ClipCalls.get_video_clip_list, store.device, 0, 0, 0, "desc", 1, [tag["key"]])
    assert [each.key for each in found.video_clip_list] == [clip]
    await sdk.refused(501, TagCalls.get_tags_for_uploaded_temp_image, "x", store.device, SERIAL)


@pytest.mark.parametrize(("calls", "item_type"), [(ClipCalls, 33), (AudioCalls, 41)], ids=["video", "audio"])
async def test_concatenation_is_queued(store: ServedStore, sdk: SdkClient, calls: ModuleType, item_type: int) -> None:
    for usevrs in (False, True):
        result = await sdk(calls.concatenate_clips, store.device, "Lobby", 10, 20, "https://x/u", "", usevrs, 30)
        event = result.event
        assert (event.device_id, event.event_type_id, event.event_status) == (store.device, 16, 1)
        asked = json.loads(event.event_parameters)
        assert (asked["startEpoch"], asked["endEpoch"], asked["uploadURL"]) == (10, 20, "https://x/u")
        assert (asked["timeout"], asked["usevrs"], asked["itemTypeID"]) == ("30", usevrs, item_type)
    refused = await sdk.plain(calls.concatenate_clips, sdk.config, store.device, "Lobby", 20, 10, "", "")
    assert refused.code == 0  # the client's own way of telling


async def test_publisher_gets_in_by_token_and_by_srt_credential(store: ServedStore, sdk: SdkClient) -> None:
    async def status(**asked: str) -> int:
        body = {"action": "publish", "path": "stage/one", "protocol": "srt", **asked}
        return (await store.client.send("POST", "/v1/mediarouter/auth", json.dumps(body).encode())).status

    token = (await sdk(TokenCalls.create_publish_token, "stage/one")).token
    assert token.expires_utc.endswith("Z")
    assert await status(token=token.token) == 200
    credential = (await sdk(AuthCalls.create_srt_publish_credential, "stage/one")).srt_publish_credential
    assert credential.stream_path == "stage/one"
    assert await status(user=credential.user, password=credential.password) == 200
    assert await status(user=credential.user, password=credential.password, path="stage/two") == 403
    assert await status() == 401
