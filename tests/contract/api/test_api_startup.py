"""Start-up presets: bound, sent to their device, fired once, and kept from harm while they are bound."""

import asyncio
import json
from typing import Any

import pytest
from fakes.clock import ManualClock
from fakes.served_store import SERIAL, Answer, ServedStore
from fakes.stored import make_preset

from presets_store.protocol.event_types import EVENT_TYPES
from presets_store.protocol.parameters import read_parameters, read_workflow
from presets_store.protocol.parameters.device import UpdateSetting
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.startup import STANDALONE_SETTING, StandalonePreset
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event
from presets_store.storage.devices import get_device
from presets_store.storage.presets import insert_preset

WORKFLOW = "Workflow_Event_preset_workflow"


async def make(store: ServedStore, **fields: Any) -> int:
    body = {"deviceID": store.device, "eventType": "Video_Start_recording", "eventPresetName": "Stage", **fields}
    key: int = (await store.client.json("POST", "/v1/eventpreset", body))["key"]
    return key


async def workflow_of(store: ServedStore, *steps: int, **fields: Any) -> int:
    text = json.dumps([{"eventPresetID": step, **fields} for step in steps])
    return await make(store, eventType=WORKFLOW, eventParameters=text)


async def another_device(store: ServedStore) -> int:
    key: int = (await store.client.json("POST", "/v1/device", {"serialNumber": "20005678"}))["key"]
    return key


async def bind(store: ServedStore, state: str, preset: int, body: Any = None) -> Answer:
    return await store.client.call("POST", f"/v1/eventpreset/startupevent/{state}/{preset}", body)


async def bound(store: ServedStore, state: str, preset: int) -> int:
    answer = await bind(store, state, preset)
    assert answer.status == 200, answer.body
    assert list(answer.json()) == ["EventID"]
    event: int = answer.json()["EventID"]
    return event


async def bindings(store: ServedStore) -> tuple[int, int]:
    device = await store.client.json("GET", f"/v1/device/{store.device}")
    return device["deviceReadyEventPresetID"], device["standaloneEventPresetID"]


async def ready(store: ServedStore, boot: str = "") -> None:
    body = {"deviceName": SERIAL, "deviceSerial": SERIAL, "agentType": "Device", "agentVersion": "1"}
    await store.client.json("POST", "/v1/device/ready", body, headers={"X-Boot-ID": boot} if boot else {})


async def pending(store: ServedStore) -> list[Event]:
    return await store.services.events.pending(store.device)


async def sealed(store: ServedStore) -> list[str]:
    """The values of all settings that wait for the device."""
    values = []
    for event in await pending(store):
        if event.event_type_id == 22:
            setting = read_parameters(UpdateSetting, event.event_parameters, EVENT_TYPES[22])
            assert setting.name == STANDALONE_SETTING
            values.append(setting.value)
    return values


def whole(value: str) -> StandalonePreset:
    return parse_body(StandalonePreset, value)


async def finish(store: ServedStore, event: Event) -> None:
    begun = await store.services.events.begin(event.key, "h", "b", 1)
    await store.services.events.finish(event.key, begun.attempt_number, EventStatus.COMPLETE, "{}")


def said(answer: Answer, status: int) -> str:
    assert answer.status == status, answer.body
    detail: str = answer.json()["detail"]
    return detail


async def test_online_is_bound_without_an_event(store: ServedStore) -> None:
    preset = await make(store)
    assert await bound(store, "online", preset) == 0
    assert await bindings(store) == (preset, 0)
    record = await store.services.startup.online_of(store.device)
    assert record is not None
    assert record.key == preset
    answer = await store.client.json("DELETE", f"/v1/eventpreset/startupevent/online/device/{store.device}")
    assert answer == {"EventID": 0}
    assert await bindings(store) == (0, 0)
    assert await store.services.startup.online_of(store.device) is None
    assert await pending(store) == []


async def test_standalone_is_sent_to_the_device_ahead_of_all_else(store: ServedStore) -> None:
    preset = await make(store, eventParameters='{"fps": 25, "note": "ü"}', priority=1, maxAttempts=3)
    await store.client.json("POST", f"/v1/eventpreset/run/{preset}", {})
    key = await bound(store, "standalone", preset)
    first, _ = await pending(store)
    assert (first.key, first.event_type_id, first.agent_type_id) == (key, 22, 11)
    (value,) = await sealed(store)
    kept = whole(value)
    assert (kept.key, kept.event_preset_name, kept.device_id) == (preset, "Stage", store.device)
    assert (kept.event_type_id, kept.event_parameters, kept.max_attempts) == (1, '{"fps": 25, "note": "ü"}', 3)
    assert kept.revision > 0
    assert await store.services.startup.standalone_of(store.device) == kept
    cleared = await store.client.json("DELETE", f"/v1/eventpreset/startupevent/standalone/device/{store.device}")
    assert [event.key for event in await pending(store)][:2] == [key, cleared["EventID"]]
    assert await sealed(store) == [value, ""]
    assert await bindings(store) == (0, 0)
    assert await store.services.startup.standalone_of(store.device) is None


async def test_a_workflow_is_sent_with_its_members(store: ServedStore) -> None:
    members = [await make(store, eventParameters=f'{{"fps": {rate}}}') for rate in (25, 30)]
    workflow = await workflow_of(store, *members, deviceID=store.device, note="kept")
    await bound(store, "standalone", workflow)
    steps = read_workflow(whole((await sealed(store))[0]).event_parameters)
    assert [step.event_preset_id for step in steps] == members
    assert [step.preset and step.preset.event_parameters for step in steps] == ['{"fps": 25}', '{"fps": 30}']
    assert [step.dump()["note"] for step in steps] == ["kept", "kept"]


async def test_what_cannot_be_bound_is_refused_with_the_reason(store: ServedStore) -> None:
    preset, other = await make(store), await another_device(store)
    foreign = await make(store, deviceID=other)
    group = await store.services.database.write(lambda c: insert_preset(c, make_preset(None, device_group_id=3)))
    gone = await make(store)
    of_gone = await workflow_of(store, preset, gone)
    await store.client.call("DELETE", f"/v1/eventpreset/{gone}")
    refusals = [
        ("offline", preset, None, 400, "it is online (the device starts and reaches its server) or standalone"),
        ("online", group.key, None, 400, "it targets a device group, and a start-up preset belongs to one device"),
        ("standalone", group.key, None, 400, "copy it to each device"),
        ("online", preset, {"deviceID": other}, 400, f"belongs to device {store.device}, not to device {other}"),
        ("online", preset, {"deviceGroupID": 3}, 400, "names device group 3"),
        ("online", 4711, None, 404, "cuelight preset list"),
        ("standalone", await workflow_of(store, preset, foreign), None, 400, f"step 2 names event preset {foreign}"),
        ("standalone", await workflow_of(store, preset, deviceID=other), None, 400, f"is for device {other}"),
        ("standalone", await workflow_of(store, await workflow_of(store)), None, 400, "is a workflow itself"),
        ("standalone", of_gone, None, 400, f"step 2 names event preset {gone}, which does not exist"),
    ]
    for state, key, body, status, words in refusals:
        assert words in said(await bind(store, state, key, body), status), (state, key)
    unknown = await store.client.call("DELETE", "/v1/eventpreset/startupevent/online/device/4711")
    assert "GET /v1/device/list" in said(unknown, 404)
    unknown = await store.client.call("DELETE", f"/v1/eventpreset/startupevent/offline/device/{store.device}")
    assert "standalone" in said(unknown, 400)
    assert await bindings(store) == (0, 0)
    assert await pending(store) == []


@pytest.mark.parametrize("body", [{}, {"deviceID": 0, "deviceGroupID": 0}, {"deviceID": 1}])
async def test_the_body_may_name_the_presets_own_device(store: ServedStore, body: dict[str, int]) -> None:
    assert (await bind(store, "online", await make(store), body)).status == 200


async def test_a_preset_too_large_for_its_device_is_refused(store: ServedStore) -> None:
    preset = await make(store, eventParameters=json.dumps({"note": "x" * 66_000}))
    text = said(await bind(store, "standalone", preset), 400)
    assert "shorten" in text
    assert "65536" in text
    assert (await bind(store, "online", preset)).status == 200
    many = [await make(store, eventParameters=json.dumps({"note": "x" * 8000})) for _ in range(5)]
    assert (await bind(store, "standalone", await workflow_of(store, *many))).status == 200
    text = said(await bind(store, "standalone", await workflow_of(store, *many, *many)), 400)
    assert "shorten" in text


async def test_a_bound_preset_is_sent_again_when_it_changes(store: ServedStore, clock: ManualClock) -> None:
    member, single = await make(store), await make(store)
    workflow = await workflow_of(store, member)
    await bound(store, "standalone", workflow)
    await bound(store, "online", single)

    async def change(key: int, **fields: Any) -> None:
        clock.advance(1)
        preset = await store.client.json("GET", f"/v1/eventpreset/{key}")
        answer = await store.client.call("PUT", f"/v1/eventpreset/{key}", {**preset, **fields})
        assert answer.status == 200, answer.body

    await change(single, priority=5)
    assert len(await sealed(store)) == 1
    await change(member, eventParameters='{"fps": 50}')
    before, after = map(whole, await sealed(store))
    assert after.revision > before.revision
    (step,) = read_workflow(after.event_parameters)
    assert step.preset is not None
    assert step.preset.event_parameters == '{"fps": 50}'
    await change(workflow, eventParameters=json.dumps([{"eventPresetID": single}]))
    (step,) = read_workflow(whole((await sealed(store))[2]).event_parameters)
    assert step.event_preset_id == single
    await change(member, priority=2)
    assert len(await sealed(store)) == 3


async def test_a_change_that_would_break_a_binding_is_refused_whole(store: ServedStore) -> None:
    member, other = await make(store), await another_device(store)
    workflow = await workflow_of(store, member)
    await bound(store, "standalone", workflow)
    before = await store.client.json("GET", f"/v1/eventpreset/{member}")
    nested = {**before, "eventTypeID": 33, "agentTypeID": 0, "eventParameters": "[]"}
    assert "is a workflow itself" in said(await store.client.call("PUT", f"/v1/eventpreset/{member}", nested), 400)
    path = f"/v1/eventpreset/startupevent/standalone/device/{store.device}"
    for target in ({"deviceID": other}, {"deviceID": 0, "deviceGroupID": 3}):
        moved = said(await store.client.call("PUT", f"/v1/eventpreset/{member}", {**before, **target}), 409)
        assert f"a step of event preset {workflow}, the standalone start-up preset of device {store.device}" in moved
        assert f"DELETE {path}" in moved
    flow = await store.client.json("GET", f"/v1/eventpreset/{workflow}")
    moved = said(await store.client.call("PUT", f"/v1/eventpreset/{workflow}", {**flow, "deviceID": other}), 409)
    assert "it is the standalone start-up preset of device" in moved
    assert await store.client.json("GET", f"/v1/eventpreset/{member}") == before
    assert len(await sealed(store)) == 1


async def test_a_bound_preset_is_not_deleted(store: ServedStore) -> None:
    member = await make(store)
    workflow = await workflow_of(store, member)
    await bound(store, "online", member)
    await bound(store, "standalone", workflow)
    text = said(await store.client.call("DELETE", f"/v1/eventpreset/{member}"), 409)
    assert f"it is the online start-up preset of device {store.device} ({SERIAL})" in text
    assert f"it is a step of event preset {workflow}, the standalone start-up preset" in text
    await store.client.json("DELETE", f"/v1/eventpreset/startupevent/online/device/{store.device}")
    assert "step of" in said(await store.client.call("DELETE", f"/v1/eventpreset/{member}"), 409)
    assert "it is the standalone" in said(await store.client.call("DELETE", f"/v1/eventpreset/{workflow}"), 409)
    await store.client.json("DELETE", f"/v1/eventpreset/startupevent/standalone/device/{store.device}")
    for key in (member, workflow):
        assert (await store.client.call("DELETE", f"/v1/eventpreset/{key}")).status == 200


async def test_ready_fires_the_online_preset_once_in_each_boot(store: ServedStore) -> None:
    await ready(store, "boot-1")
    preset = await make(store)
    await bound(store, "online", preset)
    await ready(store, "boot-1")
    (event,) = await pending(store)
    assert (event.cause, event.preset_key, event.event_type_id) == ("startup:online", preset, 1)
    await ready(store, "boot-1")
    await finish(store, event)
    await ready(store, "boot-1")
    assert await pending(store) == []
    await asyncio.gather(*(ready(store, "boot-2") for _ in range(8)))
    assert len(await pending(store)) == 1
    assert await store.services.startup.fire_online("boot-2") is None


async def test_ready_without_a_boot_id_waits_for_the_event_before(store: ServedStore) -> None:
    await bound(store, "online", await make(store))
    await asyncio.gather(*(ready(store) for _ in range(8)))
    (event,) = await pending(store)
    await finish(store, event)
    await ready(store)
    assert len(await pending(store)) == 1


async def test_the_own_device_fires_its_online_preset_itself(store: ServedStore) -> None:
    startup = store.services.startup
    assert await startup.fire_online("boot-1") is None
    await bound(store, "online", await make(store))
    fired = await asyncio.gather(*(startup.fire_online("boot-1") for _ in range(5)))
    (event,) = [each for each in fired if each is not None]
    assert [each.key for each in await pending(store)] == [event.key]
    await ready(store, "boot-1")
    assert len(await pending(store)) == 1


async def test_a_standalone_start_needs_the_sealed_preset_alone(store: ServedStore) -> None:
    startup = store.services.startup
    preset = StandalonePreset(
        key=4711, event_type_id=7, event_parameters='{"durationSeconds": 1}', max_attempts=2, tag_string="t"
    )
    fired = await asyncio.gather(*(startup.fire_standalone("boot-1", preset) for _ in range(5)))
    (event,) = [each for each in fired if each is not None]
    assert (event.cause, event.preset_key, event.device_key) == ("startup:standalone", 4711, store.device)
    assert (event.event_type_id, event.agent_type_id, event.max_attempts, event.tag_string) == (7, 1, 2, "t")
    assert event.event_parameters == '{"durationSeconds": 1}'
    assert await startup.fire_standalone("boot-1", preset) is None
    assert await startup.fire_standalone("boot-1", preset, again=True) is not None
    assert await startup.fire_standalone("boot-2", preset) is not None
    assert await startup.fire_standalone("", preset) is None
    await bound(store, "online", await make(store))
    assert await startup.fire_online("boot-2") is not None, "each binding has a mark of its own"


async def test_firing_does_not_disturb_who_edits_the_device(store: ServedStore, clock: ManualClock) -> None:
    await bound(store, "online", await make(store))
    before = await store.services.database.read(lambda connection: get_device(connection, store.device))
    clock.advance(1)
    await ready(store, "boot-1")
    after = await store.services.database.read(lambda connection: get_device(connection, store.device))
    assert before is not None
    assert after is not None
    assert (after.ready_boot_id, after.modified) == ("boot-1", before.modified)


async def test_what_is_sent_last_is_what_is_stored(store: ServedStore) -> None:
    """However changes of a workflow, of its member and of the binding meet."""
    member = await make(store)
    workflow = await workflow_of(store, member)
    await bound(store, "standalone", workflow)
    step, flow = [await store.client.json("GET", f"/v1/eventpreset/{key}") for key in (member, workflow)]
    state = f"/v1/eventpreset/startupevent/standalone/device/{store.device}"
    for number in range(4):
        steps = "[]" if number % 2 else json.dumps([{"eventPresetID": member}])
        answers = await asyncio.gather(
            store.client.call("PUT", f"/v1/eventpreset/{member}", {**step, "tagNumber": number}),
            store.client.call("PUT", f"/v1/eventpreset/{workflow}", {**flow, "eventParameters": steps}),
            store.client.call("DELETE", state) if number > 1 else bind(store, "standalone", workflow),
        )
        assert [answer.status for answer in answers] == [200] * 3
        kept = await store.services.startup.standalone_of(store.device)
        last = (await sealed(store))[-1]
        assert (whole(last) if last else None) == kept
        await bound(store, "standalone", workflow)


async def test_deleting_and_binding_at_once_leave_no_binding_to_nothing(store: ServedStore) -> None:
    for _ in range(5):
        member = await make(store)
        workflow = await workflow_of(store, member)
        await asyncio.gather(
            bind(store, "standalone", workflow),
            store.client.call("DELETE", f"/v1/eventpreset/{member}"),
            bind(store, "online", member),
        )
        online, standalone = await bindings(store)
        there = (await store.client.call("GET", f"/v1/eventpreset/{member}")).status == 200
        assert there == (member == online or workflow == standalone)
        for state in ("online", "standalone"):
            await store.client.json("DELETE", f"/v1/eventpreset/startupevent/{state}/device/{store.device}")
