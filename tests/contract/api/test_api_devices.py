"""Devices changed by clients, who send back all that they got."""

from typing import Any

import pytest
from fakes.served_store import SEALER, SERIAL, ServedStore

from presets_store.services import build_services
from presets_store.storage.devices import get_device
from presets_store.storage.records import Device


async def create(store: ServedStore, serial: str = "20005678", **fields: Any) -> dict[str, Any]:
    device: dict[str, Any] = await store.client.json("POST", "/v1/device", {"serialNumber": serial, **fields})
    return device


async def show(store: ServedStore, key: int) -> dict[str, Any]:
    device: dict[str, Any] = await store.client.json("GET", f"/v1/device/{key}")
    return device


async def row(store: ServedStore, key: int) -> Device:
    device = await store.services.database.read(lambda connection: get_device(connection, key))
    assert device is not None
    return device


async def refused(store: ServedStore, key: int, body: dict[str, Any], status: int = 400) -> str:
    answer = await store.client.call("PUT", f"/v1/device/{key}", body)
    assert answer.status == status, answer.body
    detail: str = answer.json()["detail"]
    return detail


async def test_what_is_given_is_changed_and_the_rest_stays(store: ServedStore) -> None:
    before = await create(store, deviceName="Foyer", volume=40, softwareDate="2026-01-02T03:04:05Z")
    path = f"/v1/device/{before['key']}"
    answer = await store.client.call("PUT", path, {"deviceName": "Attic", "location": "roof", "softwareDate": ""})
    assert (answer.status, answer.body) == (200, b"")
    after = await show(store, before["key"])
    assert after == {**before, "deviceName": "Attic", "location": "roof"}
    assert (await row(store, before["key"])).modified_by == store.client.key.access_key
    assert (await store.client.call("PUT", path + "/", {**after, "location": ""})).status == 200
    assert await show(store, before["key"]) == {**after, "location": ""}


async def test_what_is_the_stores_own_is_read_and_ignored(store: ServedStore) -> None:
    before = await row(store, store.device)
    wire = await show(store, store.device)
    changes = {"key": 4711, "gUID": "x", "creationDate": "2020-01-01", "lastHeardFromDate": "2020-01-01", "own": False}
    assert (await store.client.call("PUT", f"/v1/device/{store.device}", {**wire, **changes})).status == 200
    after = await row(store, store.device)
    assert (after.key, after.guid, after.created) == (before.key, before.guid, before.created)
    assert (after.own, after.last_heard_from_date) == (True, before.last_heard_from_date)


async def test_bindings_pass_unchanged_and_are_set_elsewhere(store: ServedStore) -> None:
    body = {"deviceID": store.device, "eventType": "Video_Test_event"}
    preset = (await store.client.json("POST", "/v1/eventpreset", body))["key"]
    for state in ("online", "standalone"):
        await store.client.json("POST", f"/v1/eventpreset/startupevent/{state}/{preset}")
    wire = await show(store, store.device)
    assert (wire["deviceReadyEventPresetID"], wire["standaloneEventPresetID"]) == (preset, preset)
    assert (await store.client.call("PUT", f"/v1/device/{store.device}", {**wire, "volume": 3})).status == 200
    assert await show(store, store.device) == {**wire, "volume": 3}
    for name, state in (("deviceReadyEventPresetID", "online"), ("standaloneEventPresetID", "standalone")):
        for value in (0, preset + 1):
            text = await refused(store, store.device, {**wire, name: value})
            assert f"{name} is {preset} and is not changed here" in text
            assert f"POST /v1/eventpreset/startupevent/{state}/" in text
    answer = await store.client.call("POST", "/v1/device", {"serialNumber": "3", "deviceReadyEventPresetID": preset})
    assert answer.status == 400
    assert "deviceReadyEventPresetID is 0" in answer.json()["detail"]


async def test_serial_numbers_stay_unique(store: ServedStore) -> None:
    first, second = await create(store), await create(store, "20005679")
    assert "20005678 exists already" in await refused(store, second["key"], {"serialNumber": "20005678"}, 409)
    path = f"/v1/device/{second['key']}"
    for serial in ("30001111", "", "30001111"):
        assert (await store.client.call("PUT", path, {"serialNumber": serial})).status == 200
    assert (await show(store, second["key"]))["serialNumber"] == "30001111"
    assert await show(store, first["key"]) == first


async def test_the_own_device_keeps_its_serial_number_and_its_place(store: ServedStore) -> None:
    assert f"serialNumber of this device is {SERIAL}" in await refused(store, store.device, {"serialNumber": "3"})
    assert "cannot be archived" in await refused(store, store.device, {"isArchived": True})
    other = await create(store)
    assert (await store.client.call("PUT", f"/v1/device/{other['key']}", {"isArchived": True})).status == 200
    assert [device["key"] for device in await store.client.json("GET", "/v1/device/list")] == [store.device]


async def test_an_unknown_device_says_where_the_known_ones_are(store: ServedStore) -> None:
    assert "GET /v1/device/list" in await refused(store, 4711, {"deviceName": "x"}, 404)
    answer = await store.client.call("POST", "/v1/event", {"deviceSerial": "nobody", "eventType": "Video_Test_event"})
    assert answer.status == 404
    assert "GET /v1/device/list" in answer.json()["detail"]


@pytest.mark.parametrize(("configured", "named"), [("Lobby", "Attic"), ("Cellar", "Cellar"), ("", SERIAL)])
async def test_a_name_given_by_people_lasts_until_the_settings_change(
    store: ServedStore, configured: str, named: str
) -> None:
    assert (await store.client.call("PUT", f"/v1/device/{store.device}", {"deviceName": "Attic"})).status == 200
    again = await build_services(store.services.database, store.clock, SEALER, own_serial=SERIAL, own_name=configured)
    assert again.own is not None
    assert again.own.device_name == named
