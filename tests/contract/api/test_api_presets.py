"""Presets changed, deleted and copied; the common mistakes and what is said about each."""

import json
from typing import Any

import pytest
from fakes.clock import ManualClock
from fakes.served_store import Answer, ServedStore
from fakes.stored import make_preset

from presets_store.storage.presets import get_preset, insert_preset
from presets_store.storage.records import Camera, Preset


async def make(store: ServedStore, name: str = "Stage", **fields: Any) -> dict[str, Any]:
    body = {"deviceID": store.device, "eventType": "Video_Start_recording", "eventPresetName": name, **fields}
    preset: dict[str, Any] = await store.client.json("POST", "/v1/eventpreset", body)
    return preset


async def another_device(store: ServedStore, serial: str = "20005678") -> int:
    key: int = (await store.client.json("POST", "/v1/device", {"serialNumber": serial}))["key"]
    return key


async def show(store: ServedStore, key: int) -> dict[str, Any]:
    preset: dict[str, Any] = await store.client.json("GET", f"/v1/eventpreset/{key}")
    return preset


async def row(store: ServedStore, key: int) -> Preset | None:
    return await store.services.database.read(lambda connection: get_preset(connection, key))


def said(answer: Answer, status: int) -> str:
    """The text of a refusal."""
    assert answer.status == status, answer.body
    detail: str = answer.json()["detail"]
    return detail


async def test_a_preset_is_changed_as_a_whole(store: ServedStore, clock: ManualClock) -> None:
    before = await make(store)
    clock.advance(5)
    wanted = {
        **before, "eventPresetName": "Roof", "eventTypeID": 62, "agentTypeID": 1, "eventParameters": "", "priority": 7,
        "maxAttempts": 2, "expirationEpoch": 2_000_000_000, "tagString": "t", "tagNumber": 9,
        "key": 4711, "result": "mine", "eventStatus": 4, "creationDate": "", "percentComplete": 50,
    }  # fmt: skip
    answer = await store.client.call("PUT", f"/v1/eventpreset/{before['key']}", wanted)
    assert (answer.status, answer.body) == (200, b"")
    after = await show(store, before["key"])
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {
        "eventPresetName", "eventTypeID", "priority", "maxAttempts", "expirationEpoch", "tagString", "tagNumber",
        "lastModifiedDate",
    }  # fmt: skip
    assert (after["eventParameters"], after["result"]) == ("{}", "")


async def test_what_a_change_does_not_give_stays(store: ServedStore) -> None:
    before = await make(store, eventParameters='{"fps": 25}', maxAttempts=3, priority=2)
    path = f"/v1/eventpreset/{before['key']}"
    change = {"deviceID": store.device, "eventTypeID": 29, "tagString": "t", "maxAttempts": None}
    assert (await store.client.call("PUT", path, change)).status == 200
    after = await show(store, before["key"])
    assert after == {**before, "eventTypeID": 29, "tagString": "t", "lastModifiedDate": after["lastModifiedDate"]}
    text = said(await store.client.call("PUT", path, {"deviceID": store.device, "eventTypeID": 33}), 400)
    assert "is not the steps of a workflow" in text
    assert await show(store, before["key"]) == after


async def test_what_was_answered_can_be_sent_back(store: ServedStore) -> None:
    before = await make(store, eventParameters='{"fps": 25, "colour": "red"}')
    assert (await store.client.call("PUT", f"/v1/eventpreset/{before['key']}/", before)).status == 200
    assert {**await show(store, before["key"]), "lastModifiedDate": ""} == {**before, "lastModifiedDate": ""}


async def test_a_change_that_cannot_be_leaves_the_preset_alone(store: ServedStore) -> None:
    before = await make(store)
    path = f"/v1/eventpreset/{before['key']}"
    for change, status, words in (
        ({"eventParameters": '{"fps": -1}'}, 400, "fps is too small"),
        ({"maxAttempts": -1}, 400, "maxAttempts is too small"),
        ({"eventTypeID": 99}, 400, "there is no event type '99'"),
        ({"agentTypeID": 11}, 400, "is served by agent type Video"),
        ({"deviceID": 0}, 400, "deviceID or deviceGroupID"),
        ({"deviceGroupID": 3}, 400, "only one of deviceID and deviceGroupID"),
        ({"deviceID": 4711}, 404, "GET /v1/device/list"),
        ({"deviceID": 0, "deviceGroupID": 3}, 404, "There is no device group 3"),
    ):
        assert words in said(await store.client.call("PUT", path, {**before, **change}), status)
    assert await show(store, before["key"]) == before
    assert "cuelight preset list" in said(await store.client.call("PUT", "/v1/eventpreset/4711", before), 404)


async def test_a_preset_goes_and_its_events_stay(store: ServedStore) -> None:
    preset = await make(store)
    path = f"/v1/eventpreset/{preset['key']}"
    await store.client.json("POST", f"/v1/eventpreset/run/{preset['key']}", {})
    answer = await store.client.call("DELETE", path)
    assert (answer.status, answer.body) == (200, b"")
    assert len(await store.client.json("POST", "/v1/event/list", {})) == 1
    for method in ("GET", "DELETE"):
        assert "There is no event preset" in said(await store.client.call(method, path), 404)
    assert (await make(store))["key"] > preset["key"]


async def test_a_copy_is_new_and_its_source_untouched(store: ServedStore) -> None:
    wanted = make_preset(
        store.device, event_preset_name="Stage", event_parameters='{"fps": 25}', priority=4, max_attempts=3, created=5,
        modified=6, created_by="someone", modified_by="someone", result="r", percent_complete=3.0, attempt_number=2,
        tag_string="t", tag_number=8, expiration_epoch=9, process_id=77, agent_id=6,
    )  # fmt: skip
    source = await store.services.database.write(lambda connection: insert_preset(connection, wanted))
    other = await another_device(store)
    copied = await store.client.json("POST", f"/v1/eventpreset/{source.key}/copy/{other}")
    assert await row(store, source.key) == source
    assert copied.pop("warnings") == ["The device has no camera, or has not told of any yet."]
    assert await show(store, copied["key"]) == copied
    made = await row(store, copied["key"])
    assert made is not None
    assert made.uuid != source.uuid
    assert (made.device_key, made.created_by) == (other, store.client.key.access_key)
    same = ("event_preset_name", "event_parameters", "priority", "max_attempts", "tag_string", "tag_number", "agent_id")
    assert all(getattr(made, name) == getattr(source, name) for name in same)
    assert (made.result, made.percent_complete, made.attempt_number, made.process_id) == ("", 0.0, 0, 0)
    await store.client.call("PUT", f"/v1/eventpreset/{copied['key']}", {**copied, "eventPresetName": "Roof"})
    assert (await store.client.call("DELETE", f"/v1/eventpreset/{copied['key']}")).status == 200
    assert await row(store, source.key) == source


async def test_a_copy_needs_both_ends(store: ServedStore) -> None:
    preset = await make(store)
    unknown_source = said(await store.client.call("POST", f"/v1/eventpreset/4711/copy/{store.device}"), 404)
    assert "event preset 4711" in unknown_source
    assert "cuelight preset list" in unknown_source
    unknown_device = said(await store.client.call("POST", f"/v1/eventpreset/{preset['key']}/copy/4711"), 404)
    assert unknown_device == "There is no device 4711. The devices that there are: GET /v1/device/list."
    assert len(await store.client.json("GET", f"/v1/eventpreset/list/device/{store.device}")) == 1


async def test_a_copy_from_a_group_gets_a_device(store: ServedStore) -> None:
    wanted = make_preset(None, device_group_id=3)
    source = await store.services.database.write(lambda connection: insert_preset(connection, wanted))
    copied = await store.client.json("POST", f"/v1/eventpreset/{source.key}/copy/{store.device}")
    assert (copied["deviceID"], copied["deviceGroupID"]) == (store.device, 0)
    assert await row(store, source.key) == source


async def test_a_copy_names_what_the_cameras_lack(store: ServedStore) -> None:
    other = await another_device(store)
    formats = {"live": True, "formats": [{"codec": "h264", "width": 1280, "height": 720, "rate": 30.0}]}
    camera = Camera(device_key=0, camera_index=0, camera_id="usb-1", capabilities=json.dumps(formats))
    await store.services.cameras.declare(other, [camera])
    preset = await make(store, eventParameters='{"fps": 30}')
    copied = await store.client.json("POST", f"/v1/eventpreset/{preset['key']}/copy/{other}")
    assert copied["warnings"] == ["Camera usb-1 gives at most 1280x720; 1920x1080 was asked."]
    steps = json.dumps([{"eventPresetID": preset["key"]}, {"eventPresetID": copied["key"]}])
    workflow = await make(store, eventType="Workflow_Event_preset_workflow", eventParameters=steps)
    copied = await store.client.json("POST", f"/v1/eventpreset/{workflow['key']}/copy/{other}")
    expected = f"Step 1 still names event preset {preset['key']} of device {store.device}; copy that one too."
    assert copied["warnings"] == [expected]


MISTAKES: list[tuple[dict[str, Any], list[str]]] = [
    ({"eventParameters": {"fps": 25}}, ["eventParameters", "a JSON document inside a string"]),
    ({"eventParameters": '{"eventParameters": {"fps": 25}}'}, ["is nested in itself", "the inner members alone"]),
    ({"eventParameters": '{"fps" 25}'}, ["eventParameters is not JSON", "at position 7"]),
    ({"deviceID": 0}, ["deviceID is missing", "deviceID or deviceGroupID"]),
    ({"deviceGroupID": 3}, ["deviceGroupID is given beside deviceID", "only one of"]),
    ({"eventType": "Video_Start_recordin"}, ["did you mean Video_Start_recording"]),
    ({"eventType": "start_rtpm", "agentType": "Video"}, ["did you mean"]),
    ({"eventType": "Start_recording"}, ["write Video_Start_recording or Audio_Start_recording"]),
    ({"agentType": "Vidio"}, ["there is no agent type 'Vidio'", "did you mean Video"]),
]


@pytest.mark.parametrize(("mistake", "words"), MISTAKES, ids=lambda part: str(part)[:40])
async def test_common_mistakes_get_clear_refusals(
    store: ServedStore, mistake: dict[str, Any], words: list[str]
) -> None:
    body = {"deviceID": store.device, "eventType": "Video_Start_recording", **mistake}
    text = said(await store.client.call("POST", "/v1/eventpreset", body), 400)
    assert all(word in text for word in words), text
    assert await store.client.json("GET", f"/v1/eventpreset/list/device/{store.device}") == []


async def test_a_wrong_number_when_running_says_where_the_right_ones_are(store: ServedStore) -> None:
    preset = await make(store)
    assert "cuelight preset list" in said(await store.client.call("POST", "/v1/eventpreset/run/4711", {}), 404)
    answer = await store.client.call("POST", f"/v1/eventpreset/run/{preset['key']}", {"data": [4711]})
    assert "GET /v1/device/list" in said(answer, 404)


async def test_the_last_event_of_each_device(store: ServedStore, clock: ManualClock) -> None:
    other = await another_device(store)

    async def queue(device: int, kind: str) -> int:
        clock.advance(10)
        body = {"deviceID": device, "eventType": kind}
        key: int = (await store.client.json("POST", "/v1/event", body))["eventID"]
        return key

    async def last(agent_type: int, **query: Any) -> list[int]:
        found = await store.client.json("POST", f"/v1/event/lastevent/agenttype/{agent_type}", query)
        return [event["key"] for event in found]

    first = await queue(store.device, "Video_Test_event")
    newest = await queue(store.device, "Image_Start_taking_photos")
    elsewhere = await queue(other, "Video_Test_event")
    reboot = await queue(store.device, "Device_Reboot_device")
    assert await last(1) == [elsewhere, newest]
    assert await last(1, order="asc") == [newest, elsewhere]
    assert await last(1, count=1) == [elsewhere]
    assert await last(1, deviceID=store.device) == [newest]
    assert await last(11) == [reboot]
    assert await last(13) == []
    (event,) = await store.client.json("POST", "/v1/event/lastevent/agenttype/11", {})
    assert (event["eventType"], event["deviceName"]) == ("Device_Reboot_device", "Lobby")
    dates = {event["key"]: event["creationDate"] for event in await store.client.json("POST", "/v1/event/list", {})}
    assert await last(1, endDate=dates[first]) == [first]
    assert await last(1, startDate=dates[elsewhere]) == [elsewhere]
    assert "agent type" in said(await store.client.call("POST", "/v1/event/lastevent/agenttype/99", {}), 400)
