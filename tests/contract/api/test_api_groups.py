"""Device groups, their members, and presets that run on all of them."""

import asyncio
from typing import Any

import pytest
from fakes.principals import client_of
from fakes.served_store import Answer, ServedStore, SigningClient

from presets_store.rules.permissions import Role, ScopeKind

GROUP = "/v1/devicegroup"


async def another_device(store: ServedStore, serial: str = "20005678") -> int:
    key: int = (await store.client.json("POST", "/v1/device", {"serialNumber": serial}))["key"]
    return key


async def make_group(store: ServedStore, name: str = "Foyer", *devices: int) -> int:
    key: int = (await store.client.json("POST", GROUP, {"value": name}))["key"]
    for device in devices:
        await done(store.client, "POST", f"{GROUP}/{key}/device/{device}")
    return key


async def make_preset(store: ServedStore, group: int, name: str = "All film") -> int:
    body = {"deviceGroupID": group, "eventType": "Video_Start_recording", "eventPresetName": name}
    key: int = (await store.client.json("POST", "/v1/eventpreset", body))["key"]
    return key


async def done(client: SigningClient, method: str, path: str, body: Any = None) -> None:
    """A request that must succeed without an answer."""
    answer = await client.call(method, path, body)
    assert (answer.status, answer.body) == (200, b""), answer


def said(answer: Answer, status: int) -> str:
    assert answer.status == status, answer.body
    detail: str = answer.json()["detail"]
    return detail


async def pending(store: ServedStore, device: int) -> list[int]:
    return [event.key for event in await store.services.events.pending(device)]


async def test_a_group_is_found_by_its_key_and_by_its_name(store: ServedStore) -> None:
    made = await store.client.json("POST", GROUP + "/", {"value": " Foyer "})
    assert (made["collectionName"], made["itemTypeID"], made["parentID"]) == ("Foyer", 9, 0)
    assert await store.client.json("GET", f"{GROUP}/{made['key']}") == made
    for method, path in (("POST", f"{GROUP}/name"), ("GET", GROUP)):
        assert await store.client.json(method, path, {"value": "Foyer"}) == made
        assert "no device group 'Cellar'" in said(await store.client.call(method, path, {"value": "Cellar"}), 404)
    await make_group(store, "Attic")
    assert [group["collectionName"] for group in await store.client.json("GET", f"{GROUP}/list")] == ["Attic", "Foyer"]


async def test_names_are_unique_and_changed(store: ServedStore) -> None:
    group, other = await make_group(store), await make_group(store, "Attic")
    assert "named 'Foyer' already" in said(await store.client.call("POST", GROUP, {"value": "Foyer"}), 409)
    assert "named 'Attic' already" in said(await store.client.call("PUT", f"{GROUP}/{group}", {"value": "Attic"}), 409)
    await done(store.client, "PUT", f"{GROUP}/{group}", {"value": "Foyer"})
    await done(store.client, "PUT", f"{GROUP}/{group}", {"value": "Hall"})
    shown = await store.client.json("GET", f"{GROUP}/{group}")
    assert (shown["key"], shown["collectionName"]) == (group, "Hall")
    assert (await store.client.json("GET", f"{GROUP}/{other}"))["collectionName"] == "Attic"


async def test_of_several_who_want_a_name_at_once_one_gets_it(store: ServedStore) -> None:
    answers = await asyncio.gather(*(store.client.call("POST", GROUP, {"value": "Foyer"}) for _ in range(6)))
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409, 409, 409]


@pytest.mark.parametrize("name", ["", "  ", "x" * 257])
async def test_a_group_needs_a_name(store: ServedStore, name: str) -> None:
    assert "1 to 256 characters" in said(await store.client.call("POST", GROUP, {"value": name}), 400)
    assert await store.client.json("GET", f"{GROUP}/list") == []


async def test_devices_come_and_go(store: ServedStore) -> None:
    other = await another_device(store)
    group = await make_group(store, "Foyer", store.device, other, other)
    listed = await store.client.json("GET", f"{GROUP}/{group}/device/list")
    assert [device["key"] for device in listed] == [store.device, other]
    items = await store.client.json("GET", f"{GROUP}/{group}/item/list")
    assert [(item["collectionID"], item["itemTypeID"], item["itemID"]) for item in items] == [
        (group, 9, store.device),
        (group, 9, other),
    ]
    await done(store.client, "DELETE", f"/v1/collectionitem/{items[0]['key']}")
    assert [device["key"] for device in await store.client.json("GET", f"{GROUP}/{group}/device/list")] == [other]
    assert "no collection item" in said(await store.client.call("DELETE", f"/v1/collectionitem/{items[0]['key']}"), 404)


async def test_only_what_there_is_comes_together(store: ServedStore) -> None:
    group = await make_group(store)
    assert "no device 4711" in said(await store.client.call("POST", f"{GROUP}/{group}/device/4711"), 404)
    assert "no device group 4711" in said(await store.client.call("POST", f"{GROUP}/4711/device/{store.device}"), 404)
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/device/list"), ("GET", "/item/list")):
        assert "GET /v1/devicegroup/list" in said(await store.client.call(method, f"{GROUP}/4711{path}"), 404)


async def test_a_group_that_is_meant_elsewhere_stays(store: ServedStore) -> None:
    group = await make_group(store, "Foyer", store.device)
    preset = await make_preset(store, group)
    await client_of(store, Role.READER, ScopeKind.GROUP, group)
    text = said(await store.client.call("DELETE", f"{GROUP}/{group}"), 409)
    assert f"event preset {preset} targets it; it is the scope of user reader-" in text
    free = await make_group(store, "Attic", store.device)
    await done(store.client, "DELETE", f"{GROUP}/{free}")
    assert (await store.client.call("GET", f"{GROUP}/{free}")).status == 404
    assert (await store.client.call("GET", f"/v1/device/{store.device}")).status == 200


async def test_a_group_run_is_one_event_for_each_device(store: ServedStore) -> None:
    other = await another_device(store)
    group = await make_group(store, "Foyer", store.device, other)
    preset = await make_preset(store, group)
    answer = await store.client.json("POST", f"/v1/eventpreset/run/{preset}", {})
    first, second = answer["EventIDs"]
    assert answer == {"EventID": first, "EventIDs": [first, second], "GroupRunID": first}
    assert (await pending(store, store.device), await pending(store, other)) == ([first], [second])
    report = {"eventStatus": 3, "percentComplete": 40}
    await done(store.client, "PUT", f"/v1/event/{second}", report)
    rows = await store.client.json("GET", f"/v1/eventpreset/run/group/{answer['GroupRunID']}")
    seen = [(row["key"], row["deviceID"], row["eventStatusName"], row["percentComplete"]) for row in rows]
    assert seen == [(first, store.device, "Pending", 0), (second, other, "Processing", 40)]
    assert rows[1]["deviceName"] == "20005678"
    assert "no group run 4711" in said(await store.client.call("GET", "/v1/eventpreset/run/group/4711"), 404)


async def test_a_group_of_one_is_run_as_a_group(store: ServedStore) -> None:
    preset = await make_preset(store, await make_group(store, "Foyer", store.device))
    answer = await store.client.json("POST", f"/v1/eventpreset/run/{preset}", {})
    assert answer == {"EventID": answer["EventID"], "EventIDs": [answer["EventID"]], "GroupRunID": answer["EventID"]}
    assert len(await store.client.json("GET", f"/v1/eventpreset/run/group/{answer['GroupRunID']}")) == 1


async def test_an_empty_group_runs_nothing(store: ServedStore) -> None:
    group = await make_group(store)
    preset = await make_preset(store, group)
    text = said(await store.client.call("POST", f"/v1/eventpreset/run/{preset}", {}), 409)
    assert f"Device group {group} has no devices" in text
    await done(store.client, "POST", f"{GROUP}/{group}/device/{await another_device(store)}")
    assert (await store.client.call("POST", f"/v1/eventpreset/run/{preset}", {})).status == 200


async def test_data_stands_in_for_the_group_and_one_unknown_device_stops_all(store: ServedStore) -> None:
    other = await another_device(store)
    preset = await make_preset(store, await make_group(store, "Foyer", store.device))
    path = f"/v1/eventpreset/run/{preset}"
    assert "no device 4711" in said(await store.client.call("POST", path, {"data": [store.device, 4711]}), 404)
    assert await pending(store, store.device) == []
    answer = await store.client.json("POST", path, {"data": [other]})
    assert set(answer) == {"EventID"}
    assert (await pending(store, store.device), await pending(store, other)) == ([], [answer["EventID"]])


async def test_a_device_has_the_presets_of_its_groups(store: ServedStore) -> None:
    other = await another_device(store)
    group = await make_group(store, "Foyer", store.device)
    inherited = await make_preset(store, group)
    own = (await store.client.json("POST", "/v1/eventpreset", {"deviceID": store.device, "eventTypeID": 7}))["key"]
    await make_preset(store, await make_group(store, "Attic", other), "Not mine")
    listed = await store.client.json("GET", f"/v1/eventpreset/list/device/{store.device}")
    assert [(preset["key"], preset["deviceID"], preset["deviceGroupID"]) for preset in listed] == [
        (inherited, 0, group),
        (own, store.device, 0),
    ]


async def test_a_preset_changes_between_group_and_device(store: ServedStore) -> None:
    group = await make_group(store, "Foyer", store.device)
    key = await make_preset(store, group)
    preset = await store.client.json("GET", f"/v1/eventpreset/{key}")
    path = f"/v1/eventpreset/{key}"
    await done(store.client, "PUT", path, {**preset, "deviceID": store.device, "deviceGroupID": 0})
    moved = await store.client.json("GET", path)
    assert (moved["deviceID"], moved["deviceGroupID"]) == (store.device, 0)
    await done(store.client, "PUT", path, {**moved, "deviceID": 0, "deviceGroupID": group})
    back = await store.client.json("GET", path)
    assert back == {**preset, "lastModifiedDate": back["lastModifiedDate"]}
    assert "no device group 4711" in said(await store.client.call("PUT", path, {**back, "deviceGroupID": 4711}), 404)


async def test_a_group_preset_is_copied_to_a_device_and_bound_to_none(store: ServedStore) -> None:
    key = await make_preset(store, await make_group(store, "Foyer", store.device))
    text = said(await store.client.call("POST", f"/v1/eventpreset/startupevent/online/{key}"), 400)
    assert "targets a device group" in text
    copied = await store.client.json("POST", f"/v1/eventpreset/{key}/copy/{store.device}")
    assert (copied["deviceID"], copied["deviceGroupID"]) == (store.device, 0)
    assert (await store.client.call("POST", f"/v1/eventpreset/startupevent/online/{copied['key']}")).status == 200


async def test_an_operator_of_a_group_stays_in_it(store: ServedStore) -> None:
    other = await another_device(store)
    mine, foreign = await make_group(store, "Mine", store.device), await make_group(store, "Foreign", other)
    run_mine, run_foreign = await make_preset(store, mine), await make_preset(store, foreign)
    operator = await client_of(store, Role.OPERATOR, ScopeKind.GROUP, mine)
    assert [group["key"] for group in await operator.json("GET", f"{GROUP}/list")] == [mine]
    run = await operator.json("POST", f"/v1/eventpreset/run/{run_mine}", {})
    assert len(await operator.json("GET", f"/v1/eventpreset/run/group/{run['GroupRunID']}")) == 1
    foreign_run = await store.client.json("POST", f"/v1/eventpreset/run/{run_foreign}", {})
    assert (await operator.call("GET", f"/v1/eventpreset/run/group/{foreign_run['GroupRunID']}")).status == 404
    new = {"deviceGroupID": foreign, "eventTypeID": 7}
    for method, path, body, missing in (
        ("GET", f"{GROUP}/{foreign}", None, "read"),
        ("GET", f"{GROUP}/4711", None, "read"),
        ("POST", f"{GROUP}/name", {"value": "Foreign"}, "read"),
        ("POST", f"{GROUP}/name", {"value": "None such"}, "read"),
        ("GET", f"{GROUP}/{foreign}/device/list", None, "read"),
        ("POST", f"/v1/eventpreset/run/{run_foreign}", {}, "read"),
        ("POST", f"/v1/eventpreset/run/{run_mine}", {"data": [store.device, other]}, "run"),
        ("POST", "/v1/eventpreset", new, "edit"),
        ("POST", GROUP, {"value": "Another"}, "manage"),
        ("PUT", f"{GROUP}/{mine}", {"value": "Ours"}, "manage"),
        ("DELETE", f"{GROUP}/{mine}", None, "manage"),
        ("POST", f"{GROUP}/{mine}/device/{other}", None, "manage"),
    ):
        assert f"permission '{missing}'" in said(await operator.call(method, path, body), 403), (method, path)
    assert await pending(store, other) == [foreign_run["EventID"]]


async def test_an_administrator_of_a_group_cannot_draw_foreign_devices_into_it(store: ServedStore) -> None:
    other = await another_device(store)
    mine, foreign = await make_group(store, "Mine", store.device), await make_group(store, "Foreign", other)
    admin = await client_of(store, Role.ADMIN, ScopeKind.GROUP, mine)
    (item,) = await store.client.json("GET", f"{GROUP}/{foreign}/item/list")
    for method, path in (
        ("POST", f"{GROUP}/{mine}/device/{other}"),
        ("POST", f"{GROUP}/{foreign}/device/{store.device}"),
        ("DELETE", f"/v1/collectionitem/{item['key']}"),
        ("DELETE", "/v1/collectionitem/4711"),
    ):
        assert "permission 'manage'" in said(await admin.call(method, path), 403), path
    await done(admin, "PUT", f"{GROUP}/{mine}", {"value": "Ours"})
    (item,) = await admin.json("GET", f"{GROUP}/{mine}/item/list")
    await done(admin, "DELETE", f"/v1/collectionitem/{item['key']}")


async def test_a_device_sees_its_groups_and_itself_in_them(store: ServedStore) -> None:
    other = await another_device(store)
    group, foreign = await make_group(store, "Both", store.device, other), await make_group(store, "Foreign", other)
    preset = await make_preset(store, group)
    device = await client_of(store, Role.DEVICE, ScopeKind.DEVICE, store.device)
    assert [one["key"] for one in await device.json("GET", f"{GROUP}/list")] == [group]
    assert [one["key"] for one in await device.json("GET", f"{GROUP}/{group}/device/list")] == [store.device]
    assert [one["itemID"] for one in await device.json("GET", f"{GROUP}/{group}/item/list")] == [store.device]
    listed = await device.json("GET", f"/v1/eventpreset/list/device/{store.device}")
    assert [one["key"] for one in listed] == [preset]
    assert (await device.json("GET", f"/v1/eventpreset/{preset}"))["deviceGroupID"] == group
    assert "permission 'read'" in said(await device.call("GET", f"{GROUP}/{foreign}"), 403)
    assert "permission 'run'" in said(await device.call("POST", f"/v1/eventpreset/run/{preset}", {}), 403)
