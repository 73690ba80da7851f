"""Presets, devices, cameras, clips and the server's own routes over HTTP."""

from dataclasses import replace
from typing import Any

import pytest
from fakes.served_store import SERIAL, ServedStore, SigningClient
from fakes.stored import make_clip

from presets_store.storage.records import Camera, ClipState


async def create_preset(store: ServedStore, **fields: Any) -> dict[str, Any]:
    body = {
        "deviceID": store.device, "deviceGroupID": 0, "agentType": "Video", "eventType": "Video_Start_recording",
        "eventParameters": '{"fps": 25}', "eventPresetName": "Stage", "priority": 1, "maxAttempts": 5,
        "expirationEpoch": 0, **fields,
    }  # fmt: skip
    preset: dict[str, Any] = await store.client.json("POST", "/v1/eventpreset/", body)
    return preset


async def another_device(client: SigningClient, serial: str = "20005678") -> int:
    body = {
        "serialNumber": serial,
        "deviceName": "Foyer",
        "key": 0,
        "softwareDate": "",
        "isArchived": True,
        "gUID": "x",
    }
    key: int = (await client.json("POST", "/v1/device", body))["key"]
    return key


async def test_preset_is_created_shown_and_listed(store: ServedStore) -> None:
    preset = await create_preset(store)
    assert (preset["eventPresetName"], preset["deviceID"], preset["eventTypeID"]) == ("Stage", store.device, 1)
    assert (preset["eventParameters"], preset["maxAttempts"]) == ('{"fps": 25}', 5)
    assert preset["creationDate"].endswith("Z")
    assert await store.client.json("GET", f"/v1/eventpreset/{preset['key']}") == preset
    assert await store.client.json("GET", f"/v1/eventpreset/list/device/{store.device}") == [preset]
    assert (await create_preset(store, eventParameters=""))["eventParameters"] == "{}"


async def test_preset_needs_one_target_that_exists(store: ServedStore) -> None:
    for target, status in (((0, 0), 400), ((store.device, 3), 400), ((4711, 0), 404), ((0, 3), 404)):
        body = {"deviceID": target[0], "deviceGroupID": target[1], "eventType": "Video_Test_event"}
        assert (await store.client.call("POST", "/v1/eventpreset", body)).status == status
    assert (await store.client.call("GET", "/v1/eventpreset/4711")).status == 404
    assert (await store.client.call("GET", "/v1/eventpreset/list/device/4711")).status == 404


async def test_run_queues_the_presets_event(store: ServedStore) -> None:
    preset = await create_preset(store)
    answer = await store.client.json("POST", f"/v1/eventpreset/run/{preset['key']}", "{}")
    assert list(answer) == ["EventID"]
    (event,) = await store.client.json("POST", "/v1/event/list", {})
    assert (event["key"], event["maxAttempts"], event["eventParameters"]) == (answer["EventID"], 5, '{"fps": 25}')


async def test_run_on_other_devices_is_all_or_nothing(store: ServedStore) -> None:
    preset, other = await create_preset(store), await another_device(store.client)
    path = f"/v1/eventpreset/run/{preset['key']}"
    assert (await store.client.call("POST", path, {"data": [other, 4711]})).status == 404
    assert await store.client.json("POST", "/v1/event/list", {}) == []
    single = await store.client.json("POST", path, {"data": [other, other]})
    both = await store.client.json("POST", path, {"data": [other, store.device]})
    assert both["EventIDs"][0] == both["EventID"] == both["GroupRunID"]
    events = await store.client.json("POST", "/v1/event/list", {"order": "asc"})
    assert [event["key"] for event in events] == [single["EventID"], *both["EventIDs"]]
    assert [event["deviceID"] for event in events] == [other, other, store.device]


async def test_devices_are_known_by_serial_then_name(store: ServedStore) -> None:
    other = await another_device(store.client)
    listed = await store.client.json("GET", "/v1/device/list", query={"orderby": ""})
    assert [device["key"] for device in listed] == [store.device, other]
    assert listed[1]["gUID"] != "x"
    assert listed[1]["isArchived"] is False
    named_like_serial = await store.client.json("POST", "/v1/device", {"serialNumber": "3", "deviceName": "20005678"})
    assert (await store.client.json("POST", "/v1/device/name", {"deviceName": "20005678"}))["key"] == other
    assert (await store.client.json("POST", "/v1/device/name", {"deviceName": "Lobby"}))["key"] == store.device
    assert await store.client.json("GET", f"/v1/device/{named_like_serial['key']}") == named_like_serial
    assert (await store.client.call("POST", "/v1/device", {"serialNumber": "3"})).status == 409
    assert (await store.client.call("POST", "/v1/device", {"deviceName": "no serial"})).status == 400
    assert (await store.client.call("GET", "/v1/device/4711")).status == 404


async def test_ready_notes_that_the_device_was_heard_from(store: ServedStore) -> None:
    before = await store.client.json("GET", f"/v1/device/{store.device}")
    assert before["lastHeardFromDate"] is None
    body = {"deviceName": SERIAL, "deviceSerial": SERIAL, "agentType": "Device", "agentVersion": "1"}
    ready = await store.client.json("POST", "/v1/device/ready", body)
    assert ready["lastHeardFromDate"].endswith("Z")
    assert await store.client.json("GET", f"/v1/device/{store.device}") == ready


async def test_cameras_are_declared_by_the_device_and_named_by_people(store: ServedStore) -> None:
    path = f"/v1/device/{store.device}/cameras"
    assert await store.client.json("GET", path) == []
    declared = [
        Camera(device_key=0, camera_index=0, camera_id="usb-1", name="usb-1", backend="v4l2", capabilities='{"a": 1}'),
        Camera(device_key=0, camera_index=1, camera_id="footage", backend="file", state="idle"),
    ]
    first, second = await store.services.cameras.declare(store.device, declared)
    named = await store.client.json("PUT", path, [{"key": first.key, "name": "Left"}, {"cameraIndex": 1, "name": "R"}])
    assert [(camera["name"], camera["cameraID"]) for camera in named] == [("Left", "usb-1"), ("R", "footage")]
    assert named[0]["capabilities"] == {"a": 1}
    refused = await store.client.call("PUT", path, [{"key": second.key, "name": "x"}, {"key": 4711, "name": "y"}])
    assert refused.status == 404
    assert await store.client.json("GET", path) == named
    assert (await store.client.call("PUT", path, [{"name": "which?"}])).status == 400


async def test_clips_by_event_and_device(store: ServedStore) -> None:
    clips = store.services.clips
    key = (await store.client.json("POST", "/v1/event", {"deviceID": store.device, "eventTypeID": 1}))["eventID"]
    (event,) = await store.services.events.pending(store.device)
    mine = await clips.index(
        make_clip(store.device, event_key=key, event_uuid=event.uuid, start=2, state=ClipState.CLOSED)
    )
    lost = await clips.index(make_clip(store.device, event_key=4711, event_uuid="gone", start=1, seconds=2.5))
    assert lost.event_key is None
    listed = await store.client.json("GET", "/v1/clip/list", query={"device": str(store.device)})
    assert [clip["key"] for clip in listed] == [mine.key, lost.key]
    by_event = await store.client.json("GET", "/v1/clip/list", query={"event": str(key), "device": str(store.device)})
    assert [clip["clipUUID"] for clip in by_event] == [mine.uuid]
    assert await store.client.json("GET", "/v1/clip/list", query={"event": str(key), "device": "4711"}) == []
    assert (await store.client.json("GET", f"/v1/clip/{lost.key}"))["clipLengthInSeconds"] == 2.5
    assert (await store.client.call("GET", "/v1/clip/list", query={"event": "last"})).status == 400
    assert (await store.client.call("GET", "/v1/clip/4711")).status == 404


async def test_indexing_a_clip_again_changes_nothing_or_what_is_new(store: ServedStore) -> None:
    clips = store.services.clips
    clip = make_clip(store.device, event_uuid="e", frames=10)
    first = await clips.index(clip)
    assert await clips.index(make_clip(store.device, event_uuid="e", frames=10, file=clip.file)) == first
    grown = await clips.index(make_clip(store.device, event_uuid="e", frames=20, file=clip.file))
    assert (grown.key, grown.uuid, grown.frames) == (first.key, first.uuid, 20)
    await clips.mark_missing(first.key)
    assert [clip.state for clip in await clips.of_event("e")] == [ClipState.MISSING]
    assert len(await clips.all_files()) == 1


async def test_a_protected_clip_is_not_removed_to_make_room(store: ServedStore) -> None:
    clips = store.services.clips
    kept, other = [await clips.index(make_clip(store.device, event_uuid="e", state=ClipState.CLOSED)) for _ in "ab"]
    path = f"/v1/clip/{kept.key}"
    assert (await store.client.json("PUT", path, {"protected": True}))["protected"] is True
    assert (await store.client.json("GET", path))["protected"] is True
    assert await clips.mark_removed([kept.file, other.file, "not/indexed.mp4"]) == {kept.file}
    assert list(await clips.indexed_files()) == [kept.file]
    assert [clip.state for clip in await clips.of_event("e")] == [ClipState.CLOSED, ClipState.REMOVED]
    again = await clips.index(replace(kept, key=0, uuid="another", frames=7, protected=False))
    assert (again.uuid, again.frames, again.protected) == (kept.uuid, 7, True)
    assert (await store.client.json("PUT", path, {"protected": False}))["protected"] is False


async def test_what_cannot_be_protected(store: ServedStore) -> None:
    clip = await store.services.clips.index(make_clip(store.device, state=ClipState.CLOSED))
    await store.services.clips.mark_removed([clip.file])
    gone = await store.client.call("PUT", f"/v1/clip/{clip.key}", {"protected": True})
    assert (gone.status, gone.json()["code"]) == (409, "clip_gone")
    assert (await store.client.call("PUT", f"/v1/clip/{clip.key}", {"protected": False})).status == 200
    assert (await store.client.call("PUT", "/v1/clip/4711", {"protected": True})).status == 404
    assert (await store.client.call("PUT", f"/v1/clip/{clip.key}", {})).status == 400


async def test_rows_of_removed_clips_do_not_grow_without_end(
    store: ServedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("presets_store.services.clips.REMOVED_KEPT", 2)
    clips = store.services.clips
    files = [(await clips.index(make_clip(store.device, state=ClipState.CLOSED))).file for _ in range(5)]
    await clips.mark_removed(files[:4])
    assert [clip.file for clip in await clips.all_files()] == files[2:]


async def test_constants(client: SigningClient) -> None:
    statuses = await client.json("GET", "/v1/eventstatus/list")
    assert [(status["key"], status["eventStatusName"]) for status in statuses][:2] == [
        (1, "Pending"),
        (2, "Checked_out"),
    ]
    assert len(await client.json("POST", "/v1/eventtype/list")) == 64
    workflow = await client.json("POST", "/v1/eventtype/list", {"agentType": "Device"})
    assert "Workflow_Event_preset_workflow" in {kind["eventTypeName"] for kind in workflow}
    assert (await client.json("GET", "/v1/agenttype/list"))[10]["agentTypeName"] == "Device"
    assert (await client.call("POST", "/v1/eventtype/list", {"agentType": "Vidio"})).status == 400


async def test_test_and_version(client: SigningClient) -> None:
    assert (await client.send("GET", "/v1/test")).json() == {"Message": "Success"}
    version = (await client.send("GET", "/v1/version")).json()
    assert (version["Version"], version["BuildDate"]) == ("cuelight 1.2.3", "2026-11-23")
    for route in ("testauth", "testapicall", "versionauth", "versionapicall"):
        answer = await client.call("POST", f"/v1/{route}")
        assert (answer.status, answer.body) == (200, b"")
        assert (await client.send("POST", f"/v1/{route}")).status == 401


@pytest.mark.parametrize("path", ["/v1/test/", "/v1/version/"])
async def test_a_trailing_slash_is_no_redirect(client: SigningClient, path: str) -> None:
    assert (await client.send("GET", path)).status == 200


async def test_every_route_takes_a_trailing_slash(store: ServedStore) -> None:
    for resource in store.app.router.resources():
        # A serial number may itself hold a slash.
        ends = ("{slash}", "{rest}", "{serial}", "/openapi.json")
        assert resource.canonical.endswith(ends), resource.canonical


@pytest.mark.parametrize(
    ("method", "path", "word"),
    [
        ("POST", "/v1/device/share", "sharing"),
        ("POST", "/v1/device/5/transfer", "transfer"),
        ("PUT", "/v1/device/5/comment/7", "comments"),
        ("GET", "/v1/devicegroup/tree", "trees"),
        ("POST", "/v1/caption/audio/10001234", "captions"),
        ("POST", "/v1/tag/image/10001234", "temporary images"),
        ("GET", "/v1/shareddevicegroup/treenode/list", "shared device groups"),
    ],
)
async def test_what_is_left_out_says_so_by_name(client: SigningClient, method: str, path: str, word: str) -> None:
    answer = await client.call(method, path)
    assert answer.status == 501
    assert word in answer.json()["detail"]
