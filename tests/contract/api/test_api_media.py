"""Images, sounds, tags, requests to devices and media tokens: what the third-party client has no call for."""

import json
from typing import Any

import pytest
from fakes.clock import ManualClock
from fakes.principals import client_of
from fakes.served_store import SEALER, SERIAL, ServedStore, SigningClient
from fakes.stored import make_clip

from presets_store.protocol.media.tokens import MediaRequest
from presets_store.rules.permissions import Role, ScopeKind
from presets_store.services.media.errors import MediaRefused
from presets_store.services.media.tokens import MediaTokensService
from presets_store.services.unit import Units
from presets_store.storage.records import ClipState

KINDS = (("videoclip", "videoClip"), ("image", "image"), ("audioclip", "audioClip"))
AUTH = "/v1/mediarouter/auth"


async def told(store: ServedStore, path: str = "image", serial: str = SERIAL, **fields: Any) -> int:
    key: int = (await store.client.json("POST", f"/v1/{path}/{serial}", fields))["key"]
    return key


async def tag(store: ServedStore, member: str, key: int, *names: str) -> list[dict[str, Any]]:
    body = {f"{member}ID": key, "tagNames": names}
    found: list[dict[str, Any]] = await store.client.json("POST", f"/v1/tag/{member.lower()}", body)
    return found


async def another(store: ServedStore) -> int:
    key: int = (await store.client.json("POST", "/v1/device", {"serialNumber": "2", "deviceName": "Foyer"}))["key"]
    return key


async def test_image_is_created_changed_and_listed_of_devices(store: ServedStore) -> None:
    other = await another(store)
    made = await store.client.json("POST", "/v1/image", {"deviceName": "Lobby", "startTime": 5, "filesize": 7})
    second = await told(store, serial="2", startTime=6)
    path = f"/v1/image/{made['key']}"
    assert (await store.client.call("PUT", path, {**made, "height": 4, "deviceID": other})).status == 200
    assert await store.client.json("GET", path) == {**made, "height": 4}
    for body, keys in (
        ({"deviceIDList": [other]}, [second]),
        ({"order": "asc"}, [made["key"], second]),
        ({"startEpoch": 6}, [second]),
    ):
        found = await store.client.json("POST", "/v1/image/devices/list", body)
        assert [each["key"] for each in found] == keys
    (listed,) = await store.client.json("POST", "/v1/image/list", {"deviceID": other, "audioClipTypeID": 9})
    assert (listed["deviceName"], listed["tagList"]) == ("Foyer", [])
    within = await store.client.json("POST", "/v1/image/extract/list", {"deviceSerial": SERIAL, "endEpoch": 5})
    assert [each["key"] for each in within] == [made["key"]]
    assert len(await store.client.json("POST", "/v1/image/list", {"deviceID": 1}, query={"alldevices": "true"})) == 2


async def test_wrong_values_name_the_member_and_nothing_is_taken(store: ServedStore) -> None:
    for path, body, named in (
        ("image", {"startTime": -1}, "startTime"),
        ("image", {"imageStatus": 9}, "imageStatus"),
        ("image", {"width": -1}, "width"),
        ("image", {"fileID": 4711}, "fileID"),
        ("audioclip", {"clipLengthInSeconds": -1}, "clipLengthInSeconds"),
        ("audioclip", {"audioClipTypeID": -1}, "audioClipTypeID"),
        ("audioclip", {"endTime": 2**62}, "endTime"),
    ):
        answer = await store.client.call("POST", f"/v1/{path}/createlist/{SERIAL}", [{}, body])
        assert (answer.status, answer.json()["detail"].startswith(named)) == (400, True), (body, answer.body)
        assert await store.client.json("POST", f"/v1/{path}/list", {}) == []
    for path in ("image", "audioclip"):
        assert (await store.client.call("GET", f"/v1/{path}/list")).status == 501
        assert (await store.client.call("GET", f"/v1/{path}/1")).status == 404


@pytest.mark.parametrize(("path", "member"), KINDS, ids=[path for path, _ in KINDS])
async def test_lists_by_tags(store: ServedStore, clock: ManualClock, path: str, member: str) -> None:
    now = int(clock.now())
    keys = [await told(store, path, startTime=now - 60 * minutes) for minutes in (30, 20, 10)]
    goal, corner = (await tag(store, member, keys[0], "Goal", " corner "))[::-1]
    assert (goal["tagName"], corner["tagName"]) == ("Goal", "corner")
    await tag(store, member, keys[2], "GOAL")
    assert await store.client.json("GET", "/v1/tag/list") == [corner, goal]

    async def found(minutes: int = 0, **body: Any) -> dict[str, Any]:
        query = {"minutes": str(minutes)}
        answer: dict[str, Any] = await store.client.json("POST", f"/v1/{path}/devices/tag/list", body, query=query)
        return answer

    def keys_of(answer: dict[str, Any]) -> list[int]:
        return [each["key"] for each in answer[f"{member}List"]]

    by_tag = await found(tagIDList=[goal["key"]], order="asc")
    assert keys_of(by_tag) == [keys[0], keys[2]]
    links = {(each[f"{member}ID"], each["tagID"]) for each in by_tag[f"{member}TagList"]}
    assert links == {(keys[0], goal["key"]), (keys[0], corner["key"]), (keys[2], goal["key"])}
    assert by_tag["tagList"] == [corner, goal]
    assert keys_of(await found(searchText="ORN")) == [keys[0]]
    assert keys_of(await found(searchText="%")) == []
    assert keys_of(await found(minutes=15)) == [keys[2]]
    assert keys_of(await found(deviceIDList=[store.device], count=1)) == [keys[2]]
    listed = await store.client.json("POST", f"/v1/{path}/list", {"tagList": [corner["key"]]})
    assert [(each["key"], each["tagList"]) for each in listed] == [(keys[0], [corner, goal])]

    untag = f"/v1/tag/{path}/{keys[0]}/{goal['key']}"
    assert (await store.client.call("DELETE", untag)).body == b""
    assert (await store.client.call("DELETE", untag)).status == 404
    assert keys_of(await found(tagIDList=[goal["key"]])) == [keys[2]]
    await store.client.call("DELETE", f"/v1/{path}/{keys[2]}")
    assert await store.client.json("GET", "/v1/tag/list") == [corner]


async def test_tags_are_of_what_is_in_reach_and_not_too_many(store: ServedStore) -> None:
    other = await another(store)
    await tag(store, "image", await told(store), "mine")
    await tag(store, "image", await told(store, serial="2"), "theirs")
    client = await client_of(store, Role.READER, ScopeKind.DEVICE, other)
    assert [each["tagName"] for each in await client.json("GET", "/v1/tag/list")] == ["theirs"]
    key = await told(store, startTime=9)
    await tag(store, "image", key, *(f"t{number}" for number in range(32)))
    for names in (["one more"], [" "], ["x" * 257]):
        answer = await store.client.call("POST", "/v1/tag/image", {"imageID": key, "tagNames": names})
        assert answer.status == 400, names
    assert (await store.client.call("POST", "/v1/tag/image", {"imageID": 4711})).status == 404


async def test_device_is_asked_for_what_it_has_not_sent(store: ServedStore, client: SigningClient) -> None:
    kept = await store.services.clips.index(make_clip(store.device, state=ClipState.CLOSED, file="main/a.mp4"))
    sent = await told(store, "videoclip", videoClipStatus=4)
    for path, body, item_type, key, file in (
        ("videoclip", {"videoClips": [kept.key, sent, kept.key]}, 33, kept.key, "main/a.mp4"),
        ("image", {"imageIDList": [await told(store, localFilePath="a.jpg")]}, 40, 1, "a.jpg"),
        ("audioclip", {"audioClipIDList": [await told(store, "audioclip", localFilePath="a.ogg")]}, 41, 1, "a.ogg"),
    ):
        answer = await client.call("POST", f"/v1/{path}/upload", {"deviceID": store.device, **body})
        assert (answer.status, answer.body) == (200, b"")
        (event,) = await client.json("POST", "/v1/event/list", {"deviceID": store.device, "count": 1})
        assert event["eventType"] == "Transfer_Transfer_file"
        assert json.loads(event["eventParameters"]) == {
            "action": "upload", "itemTypeID": item_type, "objectID": key, "localFilePath": file,
        }  # fmt: skip
    await another(store)
    foreign = await told(store, "videoclip", serial="2")
    wrong: tuple[dict[str, list[int]], ...] = ({"videoClips": [kept.key, foreign]}, {"videoClips": []}, {})
    for asked_for in wrong:
        refused = await client.call("POST", "/v1/videoclip/upload", {"deviceID": store.device, **asked_for})
        assert refused.status == 400
    assert len(await client.json("POST", "/v1/event/list", {})) == 3


async def test_concatenation_needs_a_time_or_clips(client: SigningClient) -> None:
    path, device = "/v1/videoclip/concatenate", {"deviceName": "Lobby"}
    for body in ({}, {"startEpoch": 5, "endEpoch": 5}, {"startEpoch": -1, "endEpoch": 5}):
        assert (await client.call("POST", path, {**device, **body})).status == 400, body
    too_long = [{"videoClipParameters": "x" * 60_000}] * 5
    assert (await client.call("POST", path, {**device, "videoClips": too_long})).status == 400
    assert (await client.call("POST", path, {"startEpoch": 1, "endEpoch": 5})).status == 400, "of no device"
    event = await client.json("POST", path, {**device, "videoClips": [{"key": 3}], "timeout": 5})
    assert json.loads(event["eventParameters"])["timeout"] == "5"
    assert json.loads(event["eventParameters"])["videoClips"] == [{"key": 3}]


async def asked(store: ServedStore, **body: str) -> int:
    said = {"action": "publish", "path": "stage", **body}
    return (await store.client.send("POST", AUTH, json.dumps(said).encode())).status


async def token_of(client: SigningClient, action: str = "publish", path: str = "stage") -> str:
    made = await client.json("POST", f"/v1/token/mediarouter/{action}", {"streamPath": path})
    return str(made["token"])


async def test_token_is_for_one_path_one_action_and_five_minutes(store: ServedStore, clock: ManualClock) -> None:
    publish, read = await token_of(store.client), await token_of(store.client, "read")
    for body in ({"token": publish}, {"password": publish}, {"user": "token", "password": publish},
                 {"query": f"?a=b&token={publish}"}, {"token": publish, "path": "/stage"},
                 {"token": read, "action": "read"}):  # fmt: skip
        assert await asked(store, ip="192.0.2.1", **body) == 200, body
    end, _, code = publish.partition(".")
    refused: tuple[dict[str, str], ...] = (
        {"token": read}, {"token": publish, "action": "read"}, {"token": publish, "path": "stage2"},
        {"user": "root", "password": publish}, {"token": publish, "action": "api"}, {"user": "root"}, {"token": "x"},
        {"token": f"{int(end) + 60}.{code}"}, {"token": f"{end}.{code[:-1]}é"},
    )  # fmt: skip
    for number, body in enumerate(refused):
        assert await asked(store, ip=f"192.0.2.{number}", **body) == 403, body
    assert await asked(store, query="&".join([f"token={publish}"] * 9)) == 401, "more than is looked at"
    assert await asked(store) == await asked(store, action="read") == 401
    clock.advance(299)
    assert await asked(store, token=publish) == 200
    clock.advance(1)
    assert await asked(store, token=publish) == 403
    assert (await store.client.send("POST", AUTH, b'{"path": "stage"}')).status == 400


async def test_any_replica_takes_the_token_of_another(store: ServedStore, clock: ManualClock) -> None:
    services = store.services
    units = Units(services.database, clock, services.live, services.wakeups)
    token = await token_of(store.client)
    MediaTokensService(units, SEALER, clock).check(MediaRequest(action="publish", path="stage", token=token))
    other = type(SEALER)(b"o" * 32, "11" * 8)
    with pytest.raises(MediaRefused):
        MediaTokensService(units, other, clock).check(MediaRequest(action="publish", path="stage", token=token))


async def test_guesses_of_one_client_do_not_lock_out_others(store: ServedStore) -> None:
    token = await token_of(store.client)
    assert [await asked(store, token="x", ip="192.0.2.1") for _ in range(11)] == [403] * 10 + [429]
    assert await asked(store, token=token, ip="192.0.2.1") == 429
    assert [await asked(store, ip="192.0.2.2") for _ in range(11)] == [401] * 11, "showing nothing is no guess"
    assert await asked(store, token=token, ip="192.0.2.2") == 200


async def test_a_device_gets_tokens_for_its_own_streams_only(store: ServedStore) -> None:
    other = await another(store)
    device = await client_of(store, Role.DEVICE, ScopeKind.DEVICE, store.device)
    reader = await client_of(store, Role.READER)
    stream = {"streamType": "SRT", "streamPath": "stage"}
    path = "/v1/token/mediarouter/publish"
    assert (await device.call("POST", path, {"streamPath": "stage"})).status == 403, "nobody's stream yet"
    await device.json("POST", "/v1/stream", {**stream, "deviceID": store.device})
    assert await asked(store, token=await token_of(device)) == 200
    assert (await reader.call("POST", path, {"streamPath": "stage"})).status == 403
    assert await asked(store, token=await token_of(reader, "read"), action="read") == 200
    await store.client.json("POST", "/v1/stream", {**stream, "streamPath": "/stage", "deviceID": other})
    for route in ("token/mediarouter/publish", "token/mediarouter/read", "srt/publish-credential"):
        assert (await device.call("POST", f"/v1/{route}", {"streamPath": "stage"})).status == 403, route
