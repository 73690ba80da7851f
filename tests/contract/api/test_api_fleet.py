"""Devices of a fleet: patched, removed and brought back, listed, told of analytics; the health of all of them."""

import json
from typing import Any

from fakes.clock import ManualClock
from fakes.principals import client_of
from fakes.served_store import Answer, ServedStore
from sqlalchemy import Connection, insert

from presets_store.clock import micros
from presets_store.rules.permissions import Role, ScopeKind
from presets_store.storage.fleet.tables import device_health


async def create(store: ServedStore, serial: str = "20005678", **fields: Any) -> int:
    key: int = (await store.client.json("POST", "/v1/device", {"serialNumber": serial, **fields}))["key"]
    return key


async def listed(store: ServedStore, path: str = "list", **query: str) -> list[int]:
    return [device["key"] for device in await store.client.json("GET", f"/v1/device/{path}", query=query)]


async def say(store: ServedStore, device: int, seconds: float, health: Any) -> None:
    """Stores a health record that the device gave so many seconds ago."""
    date = micros(store.clock.now() - seconds)
    row = {"device_key": device, "health_date": date, "health_json": json.dumps(health), "created": date}

    def add(connection: Connection) -> None:
        connection.execute(insert(device_health).values(row))

    await store.services.database.write(add)


def said(answer: Answer, status: int) -> str:
    assert answer.status == status, answer.body
    detail: str = answer.json()["detail"]
    return detail


def patch(**members: str) -> list[dict[str, str]]:
    return [{"operation": "", "fieldName": name, "value": value} for name, value in members.items()]


async def test_single_members_are_patched(store: ServedStore) -> None:
    key = await create(store, volume=40)
    path = f"/v1/device/{key}"
    before = await store.client.json("GET", path)
    answer = await store.client.call("PATCH", path, patch(DeviceName="Attic", Volume="55", SoftwareDate="2026-01-02"))
    assert (answer.status, answer.body) == (200, b"")
    after = await store.client.json("GET", path)
    assert after == {**before, "deviceName": "Attic", "volume": 55, "softwareDate": "2026-01-02T00:00:00.000000Z"}
    for members, words in (
        ({"DeviceReadyEventPresetID": "3"}, "fieldName cannot be changed here"),
        ({"LastHeardFromDate": "2026-01-02"}, "fieldName cannot be changed here"),
        ({"Volume": "loud"}, "is not a whole number"),
        ({"DeviceName": "x" * 257}, "is too long"),
    ):
        assert words in said(await store.client.call("PATCH", path, patch(**members)), 400)
    assert "no device 4711" in said(await store.client.call("PATCH", "/v1/device/4711", patch(Volume="1")), 404)
    assert await store.client.json("GET", path) == after


async def test_a_removed_device_is_out_of_use_and_can_come_back(store: ServedStore) -> None:
    key = await create(store)
    group = (await store.client.json("POST", "/v1/devicegroup", {"value": "Foyer"}))["key"]
    await store.client.call("POST", f"/v1/devicegroup/{group}/device/{key}")
    body = {"deviceID": key, "eventType": "Video_Test_event"}
    event = (await store.client.json("POST", "/v1/event", body))["eventID"]
    own = await client_of(store, Role.DEVICE, ScopeKind.DEVICE, key)
    assert (await own.call("GET", f"/v1/device/{key}")).status == 200
    for _ in range(2):
        answer = await store.client.call("DELETE", f"/v1/device/{key}")
        assert (answer.status, answer.body) == (200, b"")
    assert (await own.call("GET", f"/v1/device/{key}")).status == 401
    assert (await store.client.json("GET", f"/v1/event/{event}"))["eventStatus"] == 7
    assert (await listed(store), await listed(store, "list/all")) == ([store.device], [store.device, key])
    assert await store.client.json("GET", f"/v1/devicegroup/{group}/device/list") == []
    text = said(await store.client.call("POST", "/v1/device", {"serialNumber": "20005678"}), 409)
    assert f"archived: PATCH /v1/device/{key} with isArchived false" in text
    assert (await store.client.call("PATCH", f"/v1/device/{key}", patch(isArchived="false"))).status == 200
    assert await listed(store) == [store.device, key]
    assert len(await store.client.json("GET", f"/v1/devicegroup/{group}/device/list")) == 1
    assert (await own.call("GET", f"/v1/device/{key}")).status == 401


async def test_the_own_device_and_an_unknown_one_are_not_removed(store: ServedStore) -> None:
    assert "cannot be archived" in said(await store.client.call("DELETE", f"/v1/device/{store.device}"), 400)
    assert "no device 4711" in said(await store.client.call("DELETE", "/v1/device/4711"), 404)
    operator = await client_of(store, Role.OPERATOR)
    key = await create(store)
    assert "permission 'manage'" in said(await operator.call("DELETE", f"/v1/device/{key}"), 403)
    assert await listed(store) == [store.device, key]


async def test_lists_are_ordered_and_say_what_they_cannot_do(store: ServedStore) -> None:
    second, third = await create(store, "2", deviceName="attic"), await create(store, "1", deviceName="Zoo")
    assert await listed(store, orderby="DeviceName") == [second, store.device, third]
    assert await listed(store, orderby="serialnumber", shared="false", userid="0") == [third, store.device, second]
    assert await listed(store, orderby="") == [store.device, second, third]
    assert "deviceName" in said(await store.client.call("GET", "/v1/device/list", query={"orderby": "colour"}), 400)
    for query in ({"shared": "true"}, {"userid": "3"}):
        assert "does not offer" in said(await store.client.call("GET", "/v1/device/list", query=query), 501)


async def test_analytics_are_switched_once(store: ServedStore) -> None:
    key = await create(store)
    path = f"/v1/device/{key}/runanalytics"
    event = (await store.client.json("POST", f"{path}/1"))["EventID"]
    (queued,) = await store.services.events.pending(key)
    assert (queued.key, queued.agent_type_id) == (event, 11)
    assert json.loads(queued.event_parameters) == {"name": "run_analytics", "value": "1"}
    assert (await store.client.json("GET", f"/v1/device/{key}"))["runAnalytics"] == 1
    assert await store.client.json("POST", f"{path}/1") == {"EventID": 0}
    assert (await store.client.json("POST", f"{path}/0"))["EventID"] > event
    assert "1 (on) or 0 (off)" in said(await store.client.call("POST", f"{path}/2"), 400)
    assert "no device 4711" in said(await store.client.call("POST", "/v1/device/4711/runanalytics/1"), 404)
    reader = await client_of(store, Role.READER)
    assert "permission 'edit'" in said(await reader.call("POST", f"{path}/1"), 403)


async def rows(store: ServedStore, status: str = "all") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await store.client.json("GET", "/v1/device/list/health", query={"status": status})
    return found


async def test_the_health_of_all_devices_has_a_row_each(store: ServedStore, clock: ManualClock) -> None:
    heard, silent = await create(store, "2"), await create(store, "3")
    await store.client.json("POST", "/v1/device/ready", {"deviceSerial": "2"})
    clock.advance(60)
    for age, percent in ((30, 40), (10, 60), (20, 50)):
        await say(store, heard, age, {"battery": {"percent": percent}})
    await say(store, silent, 5, "not what was expected")
    shown = [(row["key"], row["deviceStatus"], row["batteryPercent"]) for row in await rows(store)]
    assert shown == [(store.device, "online", 0), (heard, "online", 60), (silent, "offline", 0)]
    assert [row["key"] for row in await rows(store, "Online")] == [store.device, heard]
    clock.advance(300)
    assert [row["key"] for row in await rows(store, "online")] == [store.device]
    operator = await client_of(store, Role.READER, ScopeKind.DEVICE, silent)
    assert [row["key"] for row in await operator.json("GET", "/v1/device/list/health")] == [silent]
    assert "one of" in said(await store.client.call("GET", "/v1/device/list/health", query={"status": "ill"}), 400)


async def test_health_of_none_is_an_empty_list(store: ServedStore) -> None:
    key = await create(store)
    reader = await client_of(store, Role.READER, ScopeKind.DEVICE, key)
    answer = await reader.call("GET", "/v1/device/list/health", query={"status": "online"})
    assert answer.body == b"[]"
