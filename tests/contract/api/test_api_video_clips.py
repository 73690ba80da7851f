"""Video clips over HTTP: what the third-party client has no call for, and what is refused."""

from typing import Any

import pytest
from fakes.served_store import SERIAL, ServedStore
from fakes.stored import make_clip
from sqlalchemy import insert

from presets_store.protocol.item_types import ItemType
from presets_store.rules.permissions import Forbidden, Principal, Role, ScopeKind
from presets_store.services.caller import Caller
from presets_store.storage.media.tables import tag_links, tags
from presets_store.storage.records import ClipState


async def told(store: ServedStore, serial: str = SERIAL, **fields: Any) -> int:
    key: int = (await store.client.json("POST", f"/v1/videoclip/{serial}", fields))["key"]
    return key


async def listed(store: ServedStore, body: dict[str, Any], path: str = "list", **options: Any) -> list[int]:
    return [clip["key"] for clip in await store.client.json("POST", f"/v1/videoclip/{path}", body, **options)]


async def another(store: ServedStore) -> int:
    key: int = (await store.client.json("POST", "/v1/device", {"serialNumber": "2", "deviceName": "Foyer"}))["key"]
    return key


async def test_lists_are_of_one_some_or_all_devices(store: ServedStore) -> None:
    other = await another(store)
    first, second = await told(store, startTime=100), await told(store, "2", startTime=200)
    assert await listed(store, {"deviceID": store.device}) == [first]
    assert await listed(store, {"deviceID": store.device}, query={"alldevices": "true"}) == [second, first]
    assert await listed(store, {}) == [second, first]
    assert await listed(store, {"count": 1, "order": "ASC"}) == [first]
    assert await listed(store, {"startEpoch": 100, "endEpoch": 199}) == [first]
    assert await listed(store, {"startEpoch": 101}) == [second]
    assert await listed(store, {"startEpoch": -(2**62), "endEpoch": 2**62}) == [second, first]
    assert await listed(store, {"deviceIDList": [other]}, "devices/list") == [second]
    assert await listed(store, {"deviceIDList": [], "order": "asc"}, "devices/list") == [first, second]
    unknown = await store.client.call("POST", "/v1/videoclip/devices/list", {"deviceIDList": [4711]})
    assert unknown.status == 404
    get = await store.client.call("GET", "/v1/videoclip/list")
    assert get.status == 501


async def test_list_by_tags_shows_them(store: ServedStore) -> None:
    keys = [await told(store, startTime=second) for second in (1, 2, 3)]

    def tag(connection: Any) -> None:
        for key, name in ((1, "Goal"), (2, "corner")):
            connection.execute(insert(tags).values(key=key, name=name, folded=name.lower(), created=5))
        for clip, key in ((keys[0], 1), (keys[0], 2), (keys[2], 2)):
            connection.execute(
                insert(tag_links).values(item_type_id=int(ItemType.VIDEO_CLIP), item_key=clip, tag_key=key)
            )
        connection.execute(insert(tag_links).values(item_type_id=int(ItemType.IMAGE), item_key=keys[1], tag_key=2))

    await store.services.database.write(tag)
    assert await listed(store, {"tagList": [2]}) == [keys[2], keys[0]]
    (only,) = await store.client.json("POST", "/v1/videoclip/list", {"tagList": [1, 4711]})
    assert [each["tagName"] for each in only["tagList"]] == ["corner", "Goal"]


async def test_people_create_clips_and_change_them(store: ServedStore) -> None:
    body = {
        "deviceName": "Lobby", "startTime": 1_700_000_000, "startTimeMs": 5, "clipLengthInSeconds": 2.25,
        "videoClipTypeID": 2, "videoClipStatus": 6, "videoClipParameters": "{}", "height": 480, "width": 640,
    }  # fmt: skip
    made = await store.client.json("POST", "/v1/videoclip", body)
    assert (made["deviceID"], made["videoClipTypeID"], made["videoClipStatus"]) == (store.device, 2, 6)
    assert (made["endTime"], made["endTimeMs"]) == (1_700_000_002, 255)
    path = f"/v1/videoclip/{made['key']}"
    changed = {**made, "height": 720, "deviceID": 4711, "creationDate": None, "videoClipStatus": 4}
    assert (await store.client.call("PUT", path, changed)).body == b""
    shown = await store.client.json("GET", path)
    assert shown == {**made, "height": 720, "videoClipStatus": 4}
    assert (await store.client.call("PUT", path, {"endTime": 1_700_000_010})).status == 200
    assert (await store.client.json("GET", path))["clipLengthInSeconds"] == 9.995


async def test_wrong_values_name_the_member(store: ServedStore) -> None:
    other = await another(store)
    foreign = await store.client.json("POST", "/v1/file", {"deviceID": other, "fileSize": 0, "sHA256Hash": "0" * 64})
    for body, named in (
        ({"startTime": -1}, "startTime"),
        ({"startTime": 2**62}, "startTime"),
        ({"startTime": 1, "startTimeMs": 1000}, "startTimeMs"),
        ({"clipLengthInSeconds": -2}, "clipLengthInSeconds"),
        ({"height": -1}, "height"),
        ({"videoClipStatus": 9}, "videoClipStatus"),
        ({"videoClipTypeID": 4}, "videoClipTypeID"),
        ({"fileID": 4711}, "fileID"),
        ({"tSFileID": foreign["key"]}, "tSFileID"),
    ):
        answer = await store.client.call("POST", f"/v1/videoclip/{SERIAL}", body)
        assert answer.status == 400, body
        assert answer.json()["detail"].startswith(named), answer.json()["detail"]
    assert await listed(store, {}) == []
    clip = await told(store)
    for operations in ([{"fieldName": "height", "value": "4"}], [{"fieldName": "VideoClipStatus", "value": "9"}]):
        assert (await store.client.call("PATCH", f"/v1/videoclip/{clip}", operations)).status == 400
    both = [{"fieldName": "Height", "value": "4"}, {"fieldName": "FileID", "value": "0"}]
    assert (await store.client.call("PATCH", f"/v1/videoclip/{clip}", both)).status == 400


async def test_list_is_told_whole_or_not_at_all(store: ServedStore) -> None:
    bodies = [{"startTime": 1}, {"startTime": -1}]
    assert (await store.client.call("POST", f"/v1/videoclip/createlist/{SERIAL}", bodies)).status == 400
    assert await listed(store, {}) == []
    assert await store.client.json("POST", f"/v1/videoclip/createlist/{SERIAL}", []) == []


async def test_what_a_recording_says_of_itself_is_not_changed(store: ServedStore) -> None:
    clip = await store.services.clips.index(
        make_clip(store.device, state=ClipState.CLOSED, width=640, height=480, start=1_700_000_000_123_456, seconds=2.1)
    )
    path = f"/v1/videoclip/{clip.key}"
    shown = await store.client.json("GET", path)
    assert (await store.client.call("PUT", path, {**shown, "videoClipParameters": "{}"})).status == 200
    refused = await store.client.call("PUT", path, {**shown, "width": 1920})
    assert (refused.status, refused.json()["detail"][:5]) == (400, "width")
    unfiled = await store.client.call("PATCH", path, [{"fieldName": "fileID", "value": "0"}])
    assert (unfiled.status, unfiled.json()["detail"][:6]) == (400, "fileID")
    (kept,) = await store.services.clips.all_files()
    assert (kept.start, kept.video_clip_parameters, kept.width) == (1_700_000_000_123_456, "{}", 640)


async def test_uploaded_is_what_retention_hears_of(store: ServedStore) -> None:
    """A recording that can be fetched here is not for that reason one that somebody else has."""
    clip = await store.services.clips.index(make_clip(store.device, state=ClipState.CLOSED))
    assert (await store.client.json("GET", f"/v1/videoclip/{clip.key}"))["videoClipStatus"] == 4
    shown = await store.client.json("GET", f"/v1/videoclip/{clip.key}")
    assert (await store.client.call("PUT", f"/v1/videoclip/{clip.key}", shown)).status == 200
    before = (await store.services.clips.indexed_files())[clip.file].video_clip_status
    await store.client.call("PATCH", f"/v1/videoclip/{clip.key}", [{"fieldName": "VideoClipStatus", "value": "4"}])
    after = (await store.services.clips.indexed_files())[clip.file].video_clip_status
    assert (before.name, after.name) == ("ANNOUNCED", "FILE_AVAILABLE")


async def test_own_folder_and_told_clips_are_kept_apart(store: ServedStore) -> None:
    """Another device has a file of the same name; it is neither adopted nor removed with ours."""
    await another(store)
    theirs = await told(store, "2", localFilePath="main/a.mp4")
    ours = await store.services.clips.index(make_clip(store.device, file="main/a.mp4", state=ClipState.CLOSED))
    assert ours.key != theirs
    assert await store.services.clips.mark_removed(["main/a.mp4"]) == set()
    assert await listed(store, {}) == [theirs]
    assert [each.key for each in (await store.services.clips.with_files()).values()] == []


async def test_scopes_end_at_foreign_clips(store: ServedStore) -> None:
    clip = await told(store, startTime=1)
    foreign = Caller(name="d", principal=Principal(name="d", role=Role.READER, scope=ScopeKind.DEVICE, scope_key=99))
    clips = store.services.media.video_clips
    for attempt in (clips.get(foreign, clip), clips.get(foreign, 4711), clips.remove(foreign, clip)):
        with pytest.raises(Forbidden):
            await attempt
