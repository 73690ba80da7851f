"""Steps of workflows: each one event, made once, found again by its cause."""

import asyncio
import json
from typing import Any

import pytest
from fakes.served_store import SERIAL, ServedStore

from presets_store.errors import CuelightError
from presets_store.protocol.startup import StandalonePreset
from presets_store.rules.event import Event
from presets_store.rules.workflow import NestedWorkflow, goes_on, step_index, workflow_of
from presets_store.services.errors import InvalidInput, NotFound

WHOLE = StandalonePreset(key=9, event_preset_name="inside", device_id=4711, event_type_id=7, max_attempts=3)


async def workflow(store: ServedStore) -> Event:
    body = {"deviceSerial": SERIAL, "eventType": "Workflow_Event_preset_workflow"}
    key = (await store.client.json("POST", "/v1/event", body))["eventID"]
    return await store.services.events.require(key)


async def preset(store: ServedStore, **fields: Any) -> int:
    body = {"eventPresetName": "p", "deviceID": store.device, "eventType": "Video_Test_event", **fields}
    return int((await store.client.json("POST", "/v1/eventpreset", body))["key"])


async def test_a_step_is_made_once_however_often_and_at_once_it_is_asked_for(store: ServedStore) -> None:
    parent, key = await workflow(store), await preset(store, maxAttempts=2)
    events = store.services.events
    made = await asyncio.gather(*(events.child(parent, 0, key) for _ in range(8)))
    assert len({event.key for event in made}) == 1
    assert (made[0].preset_key, made[0].max_attempts, made[0].device_key) == (key, 2, store.device)
    other = await events.child(parent, 1, key)
    assert other.key != made[0].key
    assert await events.child(parent, 0, 4711) == made[0], "what is made needs no preset any more"


async def test_step_ten_is_not_step_one(store: ServedStore) -> None:
    parent, key = await workflow(store), await preset(store)
    events = store.services.events
    made = [await events.child(parent, index, key) for index in (10, 1, 100)]
    assert len({event.key for event in made}) == 3
    found = await events.steps_of(parent)
    assert [step_index(event) for event in found] == [10, 1, 100]
    assert {workflow_of(event) for event in found} == {parent.uuid}
    assert await events.steps_of(await workflow(store)) == []


async def test_a_step_runs_where_it_says_else_where_its_preset_does(store: ServedStore) -> None:
    other = (await store.client.json("POST", "/v1/device", {"serialNumber": "other"}))["key"]
    parent, events = await workflow(store), store.services.events
    key = await preset(store, deviceID=other)
    assert (await events.child(parent, 0, key)).device_key == other
    assert (await events.child(parent, 1, key, store.device)).device_key == store.device
    whole = await events.child(parent, 2, WHOLE)
    assert (whole.device_key, whole.preset_key, whole.max_attempts) == (store.device, 9, 3)


async def test_a_step_whose_preset_is_a_groups_needs_a_device(store: ServedStore) -> None:
    group = (await store.client.json("POST", "/v1/devicegroup", {"value": "Foyer"}))["key"]
    parent, key = await workflow(store), await preset(store, deviceID=0, deviceGroupID=group)
    with pytest.raises(InvalidInput, match=f"targets device group {group}"):
        await store.services.events.child(parent, 0, key)
    assert (await store.services.events.child(parent, 0, key, store.device)).device_key == store.device


async def test_what_cannot_be_a_step_is_refused_and_nothing_is_made(store: ServedStore) -> None:
    parent, events = await workflow(store), store.services.events
    nested = await preset(store, eventType="Workflow_Event_preset_workflow")
    for wrong, device, error in (
        (4711, 0, NotFound),
        (await preset(store), 4711, NotFound),
        (nested, 0, NestedWorkflow),
        (WHOLE.model_copy(update={"event_type_id": 33}), 0, NestedWorkflow),
        (WHOLE.model_copy(update={"event_type_id": 99}), 0, CuelightError),
    ):
        with pytest.raises(error):
            await events.child(parent, 0, wrong, device)
    assert await events.steps_of(parent) == []
    assert set(await events.presets([nested, 4711])) == {nested}


@pytest.mark.parametrize(
    ("event_type", "parameters", "expected"),
    [
        (1, {}, True),
        (1, {"durationSeconds": 2}, False),
        (29, {"durationSeconds": 0}, True),
        (2, {}, False),
        (7, {}, False),
        (9, {}, True),
        (9, {"durationSeconds": 1}, False),
        (14, {}, True),
        (28, {}, True),
        (60, {}, False),
        (62, {}, False),
        (62, {"intervalSeconds": 5}, True),
        (62, {"intervalSeconds": 5, "durationSeconds": 60}, False),
        (33, [], False),
        (1, {"width": "wide"}, False),
    ],
)
def test_a_start_without_an_end_of_its_own_goes_on(event_type: int, parameters: object, expected: bool) -> None:
    event = Event(
        uuid="u", device_key=1, agent_type_id=1, event_type_id=event_type, event_parameters=json.dumps(parameters)
    )
    assert goes_on(event) is expected
