"""Pages, recipients, catalogues, explanations: scripts-api.md sections 3, 4, 6 and 8."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fakes.clock import ManualClock
from fakes.people import make_user
from fakes.scripts import CLIENT, BearerClient, make_camera, refused, script, token_of, wrong
from fakes.served_store import ServedStore, served_store

CATALOGUE = "/api/v1/basic-configurations"


@pytest.fixture
async def alice(store: ServedStore) -> BearerClient:
    return await token_of(store, role="operator")


async def test_a_page(store: ServedStore, alice: BearerClient) -> None:
    """The envelope of section 6, member by member."""
    made = [await alice.json("POST", CLIENT, script(title=str(number))) for number in range(5)]
    path = store.root + CLIENT
    page = await alice.json("GET", f"{CLIENT}?page=2&per_page=2")
    assert page == {
        "data": made[2:4],
        "links": {
            "first": f"{path}?page=1&per_page=2",
            "last": f"{path}?page=3&per_page=2",
            "prev": f"{path}?page=1&per_page=2",
            "next": f"{path}?page=3&per_page=2",
        },
        "meta": {
            "current_page": 2,
            "from": 3,
            "last_page": 3,
            "links": [
                {"url": f"{path}?page=1&per_page=2", "label": "pagination.previous", "active": False},
                {"url": f"{path}?page=1&per_page=2", "label": "1", "active": False},
                {"url": f"{path}?page=2&per_page=2", "label": "2", "active": True},
                {"url": f"{path}?page=3&per_page=2", "label": "3", "active": False},
                {"url": f"{path}?page=3&per_page=2", "label": "pagination.next", "active": False},
            ],
            "path": path,
            "per_page": 2,
            "to": 4,
            "total": 5,
        },
    }
    followed = await alice.json("GET", page["links"]["next"].removeprefix(store.root))
    assert (followed["data"], followed["links"]["next"], followed["meta"]["to"]) == (made[4:], None, 5)


async def test_pages_that_are_not_there(store: ServedStore, alice: BearerClient) -> None:
    for page in (await alice.json("GET", CLIENT), await alice.json("GET", f"{CLIENT}?page=9")):
        assert page["data"] == []
        assert (page["meta"]["from"], page["meta"]["to"], page["meta"]["last_page"]) == (None, None, 1)
        assert (page["meta"]["per_page"], page["links"]["next"]) == (25, None)
        assert page["links"]["first"] == page["links"]["last"] == f"{store.root}{CLIENT}?page=1"
    for query in ("page=0", "page=x", "per_page=201", "per_page=-1", "page=99999999999999999999"):
        assert list(wrong(await alice.call("GET", f"{CLIENT}?{query}"))) == [query.partition("=")[0]]


async def test_recipients(store: ServedStore, alice: BearerClient) -> None:
    bob = await make_user(store, "bob")
    gone = await make_user(store, "gone")
    await store.client.json("PUT", f"/v1/user/{gone['key']}", {"status": "disabled"})
    page = await alice.json("GET", f"{CLIENT}/users")
    assert [user["login"] for user in page["data"]] == ["owner", "alice", "bob"]
    assert list(page["data"][0]) == [
        "id", "name", "login", "parent_id", "created_at", "updated_at", "access_token_id", "can_update_password",
    ]  # fmt: skip
    alone = [2, bob["key"]]
    for target, body in (
        (f"{CLIENT}/users?exclude_users_ids[0]={alone[0]}&exclude_users_ids[1]={alone[1]}", None),
        (f"{CLIENT}/users", {"page": 1, "exclude_users_ids": alone}),
    ):
        assert [user["login"] for user in (await alice.json("GET", target, body))["data"]] == ["owner"]
    assert (await alice.json("GET", f"{CLIENT}/users?per_page=1&page=3", {"page": 1}))["data"][0]["login"] == "bob"
    assert list(wrong(await alice.call("GET", f"{CLIENT}/users", {"exclude_users_ids": "x"}))) == ["exclude_users_ids"]
    made = await alice.json("POST", CLIENT, script(users=[bob["key"], bob["key"]]))
    assert [user["login"] for user in made["users"]] == ["bob"]
    assert list(wrong(await alice.call("POST", CLIENT, script(users=[bob["key"], gone["key"]])))) == ["users.1"]
    await store.client.json("PUT", f"/v1/user/{bob['key']}", {"status": "disabled"})
    back = script(users=[bob["key"]], title="still his")
    assert (await alice.json("PUT", f"{CLIENT}/1", back))["users"][0]["login"] == "bob", "who was one stays"


async def test_scopes(store: ServedStore, alice: BearerClient) -> None:
    """Who reaches one device has the scripts of its cameras, and no other's."""
    other = (await store.client.json("POST", "/v1/device", {"serialNumber": "77"}))["key"]
    ours, theirs = await make_camera(store), await make_camera(store, other)
    carl = await token_of(store, "carl", role="operator", scope="device", scopeID=store.device)
    keys = [
        (await alice.json("POST", CLIENT, script(cameras=cameras)))["id"]
        for cameras in (None, [ours], [theirs], [ours, theirs])
    ]
    assert [each["id"] for each in (await carl.json("GET", CLIENT))["data"]] == [keys[1]]
    for key in (keys[0], keys[2], keys[3], 999):
        for method, body in (("GET", None), ("PUT", script(cameras=[ours])), ("DELETE", None)):
            refused(await carl.call(method, f"{CLIENT}/{key}", body), 403)
    assert list(wrong(await carl.call("DELETE", CLIENT, {"ids": [keys[1], keys[0]]}))) == ["ids.1"]
    assert (await carl.call("PUT", f"{CLIENT}/{keys[1]}", script(cameras=[ours]))).status == 200
    refused(await carl.call("POST", CLIENT, script()), 403)
    assert list(wrong(await carl.call("POST", CLIENT, script(cameras="all")))) == ["cameras"]
    refused(await carl.call("POST", "/api/admin/v1/scripts", {"event_id": 41}), 403)
    assert list(wrong(await carl.call("POST", CLIENT, script(cameras=[theirs])))) == ["cameras.0"]
    assert list(wrong(await alice.call("POST", CLIENT, script(cameras=[])))) == ["cameras"]
    body = {"deviceID": other, "eventType": "Video_Start_recording", "eventPresetName": "theirs"}
    preset = (await store.client.json("POST", "/v1/eventpreset", body))["key"]
    runs = script(cameras=[ours], reaction_id=1, extra={"preset_id": preset})
    assert list(wrong(await carl.call("POST", CLIENT, runs))) == ["extra.preset_id"]
    assert (await alice.call("POST", CLIENT, runs)).status == 200
    assert [user["login"] for user in (await carl.json("GET", f"{CLIENT}/users"))["data"]] == ["carl"]
    assert list(wrong(await carl.call("POST", CLIENT, script(cameras=[ours], users=[2])))) == ["users.0"]


async def test_the_catalogues(alice: BearerClient) -> None:
    shown = await alice.json("GET", CATALOGUE)
    assert [event["name"] for event in shown["events"]][:3] == ["person_counting", "motion", "no_motion"]
    assert shown["reactions"][0] == {
        "id": 1, "name": "run-preset", "description": "Runs a preset on its device", "is_default": True,
    }  # fmt: skip
    assert [(each["day"], each["name"]) for each in shown["days"]][::6] == [(0, "sunday"), (6, "saturday")]
    assert shown["statuses"] == ["active", "inactive"]
    assert shown["timetable_types"][0] == "same_every_day"
    assert shown["time_zone"] == "UTC"
    made = await alice.json("POST", f"{CATALOGUE}/events", {"name": "door.open", "color": "#00ff00"})
    assert (made["id"], made["color"]) == (1001, "#00ff00")
    assert (await alice.json("GET", CATALOGUE))["events"][-1] == made
    assert (await alice.json("POST", CLIENT, script(event_id=1001)))["event"] == made
    for name in ("door.open", "motion"):
        assert list(wrong(await alice.call("POST", f"{CATALOGUE}/events", {"name": name}))) == ["name"]
    bad = {"name": "Door!", "color": "red", "description": 5}
    assert set(wrong(await alice.call("POST", f"{CATALOGUE}/events", bad))) == {"name", "color", "description"}


async def test_the_catalogue_takes_so_many(alice: BearerClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presets_store.services.scripts.catalogue.MOST_EVENTS", 1)
    await alice.json("POST", f"{CATALOGUE}/events", {"name": "one"})
    assert refused(await alice.call("POST", f"{CATALOGUE}/events", {"name": "two"}), 409)


async def explained(alice: BearerClient, query: str = "", key: int = 1) -> Any:
    found = await alice.json("GET", f"{CLIENT}/{key}/explain?{query}")
    return found["fires"], found["reason"]


async def test_an_explanation(store: ServedStore, alice: BearerClient, clock: ManualClock) -> None:
    camera = await make_camera(store)
    await alice.json("POST", CLIENT, script(cameras=[camera]))
    assert await explained(alice, "at=2026-11-23T10:59:59Z") == (True, "")
    assert await explained(alice, "at=2026-11-23T11:30:00Z") == (False, "break"), "16:30 where the offset is +05:00"
    assert await explained(alice, "at=2026-11-23T18:59:30Z") == (False, "outside_working_time")
    await alice.json("PUT", f"{CLIENT}/1", script(status="inactive"))
    found = await alice.json("GET", f"{CLIENT}/1/explain?at=2026-11-23T10:00:00Z&days=14")
    assert (found["fires"], found["reason"], found["explanation"]) == (False, "inactive", "The script is inactive.")
    assert (found["time_zone"], found["at"], len(found["days"])) == ("UTC", "2026-11-23T10:00:00+00:00", 14)
    assert [window["to"][11:] for window in found["days"][1]["windows"]] == [
        "11:00:00+00:00",
        "18:59:01+00:00",
        "00:00:00+00:00",
    ]
    for query in ("at=x", "days=61", "camera=-1"):
        assert list(wrong(await alice.call("GET", f"{CLIENT}/1/explain?{query}"))) == [query.partition("=")[0]]
    assert list(wrong(await alice.call("GET", f"{CLIENT}/1/explain?camera=99"))) == ["camera"]
    refused(await alice.call("GET", f"{CLIENT}/9/explain"), 404)


async def test_days_on_which_the_clock_is_changed(tmp_path: Path, clock: ManualClock) -> None:
    clock.wall = 1_793_188_800.0  # 2026-10-28 12:00 UTC, before the clock is put back on 2026-11-01 in New York
    async with served_store(tmp_path, clock, zone=ZoneInfo("America/New_York")) as store:
        alice = await token_of(store, role="operator")
        hours = [{"type": "sunday", "from": "01:30:00", "to": "05:59:59", "breaks": []}]
        await alice.json("POST", CLIENT, script(timetable={"days": hours}))
        found = await alice.json("GET", f"{CLIENT}/1/explain?days=7")
        sunday = next(day for day in found["days"] if day["weekday"] == "sunday")
        assert (found["time_zone"], sunday["date"]) == ("America/New_York", "2026-11-01")
        assert sunday["clock_changes"] == [{"at": "2026-11-01T01:00:00-05:00", "by_seconds": -3600}]
        assert sunday["windows"] == [
            {"from": "2026-11-01T01:30:00-04:00", "to": "2026-11-01T01:00:00-05:00"},
            {"from": "2026-11-01T01:30:00-05:00", "to": "2026-11-01T06:00:00-05:00"},
        ]
        assert await explained(alice, "at=2026-11-01T01:30:00-04:00") == (True, "")
        assert await explained(alice, "at=2026-11-01T01:10:00-05:00") == (False, "outside_working_time")
        assert (await alice.json("GET", "/api/v1/basic-configurations"))["time_zone"] == "America/New_York"


async def test_a_simulation(store: ServedStore, alice: BearerClient) -> None:
    camera = await make_camera(store)
    await alice.json("POST", CLIENT, script(cameras=[camera]))
    at = {"occurred_at": "2026-11-23T10:00:00Z"}

    async def simulated(**body: Any) -> tuple[str, str]:
        found = await alice.json("POST", f"{CLIENT}/1/simulate", body)
        return found["outcome"], found["reason"]

    assert await simulated(**at, camera=camera) == ("fired", "")
    assert await simulated(**at, camera=camera, event="person_counting") == ("fired", "")
    assert await simulated(**at, camera=camera, event=41) == ("fired", "")
    assert await simulated(**at, camera=camera, event="motion") == ("not", "other_event")
    assert await simulated(**at) == ("not", "other_camera")
    assert await simulated(occurred_at="2026-11-23T11:30:00Z", camera=camera) == ("not", "break")
    assert set(wrong(await alice.call("POST", f"{CLIENT}/1/simulate", {"event": "nothing"}))) == {"event"}
    tables = ("triggers", "script_decisions", "script_counters", "script_firings", "deliveries", "events")
    for table in tables:
        assert await rows_of(store, table) == 0, f"{table}: nothing is left behind"


async def rows_of(store: ServedStore, table: str) -> int:
    count = f"SELECT count(*) FROM {table}"
    return int(await store.services.database.read(lambda c: c.exec_driver_sql(count).scalar_one()))
