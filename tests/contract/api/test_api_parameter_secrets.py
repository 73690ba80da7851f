"""Passwords in parameters: sealed where they are kept, hidden where they are shown, whole where the event is run."""

import json
from typing import Any

import pytest
from fakes.served_store import SERIAL, ServedStore
from sqlalchemy import Connection, select

from presets_store.protocol.statuses import EventStatus
from presets_store.sealing import Keyring, Sealer
from presets_store.storage.tables import events, presets

SECRET = "correct horse battery"
ADD, UPDATE = "Device_Add_network", "Device_Update_networks"
NETWORK = {"sSID": "Bühne", "password": SECRET, "priority": 5}
SHOWN = {**NETWORK, "password": "[redacted]"}
OLD, NEW = Sealer(b"k" * 32, "00" * 8), Sealer(b"n" * 32, "11" * 8)


def kept(connection: Connection) -> str:
    """All parameters of the database."""
    rows = [row[0] for table in (events, presets) for row in connection.execute(select(table.c.event_parameters))]
    return "\n".join(rows)


async def queue(store: ServedStore, parameters: object = NETWORK, event_type: str = ADD, **fields: Any) -> int:
    body = {"deviceSerial": SERIAL, "eventType": event_type, "eventParameters": json.dumps(parameters), **fields}
    key: int = (await store.client.json("POST", "/v1/event", body))["eventID"]
    return key


async def make_preset(store: ServedStore, parameters: object = NETWORK, **fields: Any) -> dict[str, Any]:
    body = {"deviceID": store.device, "eventType": ADD, "eventPresetName": "net", **fields}
    made: dict[str, Any] = await store.client.json(
        "POST", "/v1/eventpreset", {**body, "eventParameters": json.dumps(parameters)}
    )
    return made


async def handed_out(store: ServedStore) -> Any:
    """The parameters of the next event as the device gets them."""
    event = await store.client.json("POST", "/v1/event/dequeue", {"deviceName": SERIAL, "agentType": "Device"})
    return json.loads(event["eventParameters"])


async def test_only_the_device_gets_the_password(store: ServedStore) -> None:
    key = await queue(store)
    assert SECRET not in await store.services.database.read(kept)
    shown = await store.client.json("GET", f"/v1/event/{key}")
    assert json.loads(shown["eventParameters"]) == SHOWN
    for path in ("/v1/event/list", "/v1/event/list/pending"):
        (listed,) = await store.client.json("POST", path, {"deviceName": SERIAL})
        assert json.loads(listed["eventParameters"]) == SHOWN
    assert await handed_out(store) == NETWORK
    assert SECRET not in await store.services.database.read(kept)


async def test_every_password_of_a_list(store: ServedStore) -> None:
    parameters = [NETWORK, {**NETWORK, "sSID": "two", "password": 12345678}]
    key = await queue(store, parameters, UPDATE)
    shown = await store.client.json("GET", f"/v1/event/{key}")
    assert [network["password"] for network in json.loads(shown["eventParameters"])] == ["[redacted]"] * 2
    assert [network["password"] for network in await handed_out(store)] == [SECRET, "12345678"]


async def test_a_preset_keeps_its_password_when_it_is_changed_otherwise(store: ServedStore) -> None:
    made = await make_preset(store)
    assert json.loads(made["eventParameters"]) == SHOWN
    path = f"/v1/eventpreset/{made['key']}"
    await store.client.call("PUT", path, {**made, "eventPresetName": "network"})
    preset = await store.client.json("GET", path)
    assert (preset["eventPresetName"], json.loads(preset["eventParameters"])) == ("network", SHOWN)
    await store.client.json("POST", f"/v1/eventpreset/run/{made['key']}")
    assert await handed_out(store) == NETWORK

    another = json.dumps({**NETWORK, "password": "another password"})
    await store.client.call("PUT", path, {**made, "eventParameters": another})
    copy = await store.client.json("POST", f"{path}/copy/{store.device}")
    await store.client.json("POST", f"/v1/eventpreset/run/{copy['key']}")
    assert (await handed_out(store))["password"] == "another password"
    assert "another password" not in await store.services.database.read(kept)


async def test_what_is_shown_is_no_password(store: ServedStore) -> None:
    body = {"deviceSerial": SERIAL, "eventType": ADD, "eventParameters": json.dumps(SHOWN)}
    refused = await store.client.call("POST", "/v1/event", body)
    assert (refused.status, refused.json()["code"]) == (400, "bad_parameters")
    made = await make_preset(store)
    changed = {**made, "eventParameters": json.dumps({**SHOWN, "sSID": "other"})}
    refused = await store.client.call("PUT", f"/v1/eventpreset/{made['key']}", changed)
    assert (refused.status, refused.json()["code"]) == (400, "bad_parameters")


async def test_a_preset_with_a_password_is_no_start_up_preset(store: ServedStore) -> None:
    made = await make_preset(store)
    refused = await store.client.call("POST", f"/v1/eventpreset/startupevent/standalone/{made['key']}")
    assert (refused.status, refused.json()["code"]) == (400, "preset_not_bindable")


async def test_a_new_seal_key_opens_what_the_old_one_sealed(store: ServedStore) -> None:
    made = await make_preset(store)
    await queue(store, priority=1)
    await queue(store, {"sSID": "no secret"}, priority=2)
    before = await store.services.database.read(kept)
    assert await store.services.secrets.reseal(Keyring(NEW, [OLD])) == 2
    assert await store.services.secrets.reseal(NEW) == 2, "the old key is not needed any more"
    assert await store.services.database.read(kept) != before
    assert await handed_out(store) == NETWORK
    assert await handed_out(store) == {"sSID": "no secret"}
    await store.client.json("POST", f"/v1/eventpreset/run/{made['key']}")
    assert await handed_out(store) == NETWORK


async def test_a_password_that_no_key_opens_holds_nothing_up(
    store: ServedStore, caplog: pytest.LogCaptureFixture
) -> None:
    await queue(store)
    assert await store.services.secrets.reseal(NEW) == 0, "the key that sealed it is not there"
    assert await handed_out(store) == SHOWN
    assert "cannot be opened" in caplog.text


async def test_what_another_agent_records_is_kept_without_the_password(store: ServedStore) -> None:
    body = {
        "deviceSerial": SERIAL,
        "eventType": ADD,
        "eventUUID": "0190b5c2-7a3b-7c4d-8e5f-0123456789ab",
        "eventParameters": json.dumps(NETWORK),
        "eventStatus": int(EventStatus.COMPLETE),
        "result": "{}",
        "attemptNumber": 1,
        "creationDate": "2026-11-23T12:00:00Z",
        "endDate": "2026-11-23T12:00:01Z",
    }
    await store.client.json("POST", "/v1/event/record", body)
    assert SECRET not in await store.services.database.read(kept)


async def test_a_network_in_a_step_of_a_workflow(store: ServedStore) -> None:
    step = {"deviceID": 0, "eventPresetID": 7, "preset": {"eventTypeID": 17, "eventParameters": json.dumps(NETWORK)}}
    key = await queue(store, [step], "Workflow_Event_preset_workflow")
    assert SECRET not in await store.services.database.read(kept)
    shown = json.loads((await store.client.json("GET", f"/v1/event/{key}"))["eventParameters"])
    assert json.loads(shown[0]["preset"]["eventParameters"]) == SHOWN
    event = await store.services.events.require(key)
    opened = json.loads(store.services.events.opened(event).event_parameters)
    assert json.loads(opened[0]["preset"]["eventParameters"]) == NETWORK
