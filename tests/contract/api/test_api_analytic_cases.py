"""Analytic cases: made, shown, changed, deleted; by whom; and what they may say."""

from typing import Any

import pytest
from fakes.inbound import add_cameras
from fakes.principals import client_of
from fakes.scripts import refused, wrong
from fakes.served_store import ServedStore

from presets_store.rules.permissions import Role, ScopeKind
from presets_store.services.scripts.analytics import MOST_CASES

CASES = "/api/v1/analytic-cases"
DESK = {"name": "desk", "kind": "area", "points": [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]}


@pytest.fixture
async def camera(store: ServedStore) -> int:
    return (await add_cameras(store, "front"))[0]


def counting(camera: int, **members: Any) -> dict[str, Any]:
    return {
        "camera_id": camera,
        "analytic_type": "person_counting",
        "name": "Queue",
        "zones": [DESK],
        "options": {"rule": "more_than", "count": 3},
        **members,
    }


async def test_a_case_lives(store: ServedStore, camera: int) -> None:
    analytics, client = store.services.scripts.analytics, store.client
    made = await client.json("POST", CASES, counting(camera))
    assert (made["device_id"], made["camera_id"], made["zones"], made["status"]) == (
        store.device,
        camera,
        [DESK],
        "active",
    )
    assert made["options"] == {"rule": "more_than", "count": 3, "hold_seconds": 2.0, "detector": "hog", "model": ""}
    assert analytics.changed.is_set()
    assert [case.analytic_type for case in await analytics.cases_of(store.device)] == ["person_counting"]

    analytics.changed.clear()
    body = counting(camera, status="inactive", zones=[], options={"rule": "changed"})
    after = await client.json("PUT", f"{CASES}/{made['id']}", body)
    assert analytics.changed.is_set()
    assert (after["status"], after["zones"], after["options"]["rule"]) == ("inactive", [], "changed")
    assert await client.json("GET", f"{CASES}/{made['id']}") == after
    assert await analytics.cases_of(store.device) == []

    page = await client.json("GET", CASES, query={"camera_id": str(camera)})
    assert (page["data"], page["meta"]["total"]) == ([after], 1)
    assert (await client.json("GET", CASES, query={"camera_id": "4711"}))["data"] == []
    assert (await client.call("DELETE", f"{CASES}/{made['id']}")).status == 204
    refused(await client.call("GET", f"{CASES}/{made['id']}"), 404)


async def test_what_is_wrong_is_named(store: ServedStore, camera: int) -> None:
    async def errors(**members: Any) -> list[str]:
        return sorted(wrong(await store.client.call("POST", CASES, counting(camera, **members))))

    assert await errors(camera_id=4711) == ["camera_id"]
    assert await errors(analytic_type="faces") == ["analytic_type"]
    assert await errors(options={"count": 1e9, "colour": "red"}) == ["options.colour", "options.count"]
    assert await errors(options={"detector": "onnx", "model": "/etc/passwd"}) == ["options.model"]
    assert await errors(zones=[{**DESK, "kind": "line", "points": DESK["points"][:2]}]) == ["zones.0.kind"]
    assert await errors(zones=[DESK, DESK]) == ["zones.1.name"]
    assert await errors(zones=[{**DESK, "points": [[0.1, 0.1], [2, 0.1], [0.5, 0.9]]}]) == ["zones.0.points.1.0"]
    assert await errors(zones=[{**DESK, "points": [[0.1, 0.1]] * 5_000}]) == ["zones.0.points"]
    assert await errors(zones=[{**DESK, "points": [[0.1, 0.1]] * 3}]) == ["zones.0.points"]
    assert await errors(zones=[{**DESK, "name": str(number)} for number in range(17)]) == ["zones"]


async def test_a_camera_has_so_many_cases(store: ServedStore, camera: int) -> None:
    for _ in range(MOST_CASES):
        await store.client.json("POST", CASES, counting(camera))
    refused(await store.client.call("POST", CASES, counting(camera)), 409)


async def test_who_may_edit_the_device_may(store: ServedStore, camera: int) -> None:
    other = (await store.client.json("POST", "/v1/device", {"serialNumber": "SN-OTHER"}))["key"]
    (theirs,) = await add_cameras(store, "gate", device=other)
    mine = await store.client.json("POST", CASES, counting(camera))
    foreign = await store.client.json("POST", CASES, counting(theirs))
    reader = await client_of(store, Role.READER)
    refused(await reader.call("POST", CASES, counting(camera)), 403)
    operator = await client_of(store, Role.OPERATOR, ScopeKind.DEVICE, store.device)
    assert list(wrong(await operator.call("POST", CASES, counting(theirs)))) == ["camera_id"]
    for method, body in (("GET", None), ("PUT", counting(camera)), ("DELETE", None)):
        refused(await operator.call(method, f"{CASES}/{foreign['id']}", body), 403)
    assert list(wrong(await operator.call("PUT", f"{CASES}/{mine['id']}", counting(theirs)))) == ["camera_id"]
    assert [case["id"] for case in (await operator.json("GET", CASES))["data"]] == [mine["id"]]
