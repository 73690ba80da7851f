"""Inbound events of integration modules, and what scripts make of them."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fakes.clock import ManualClock
from fakes.inbound import (
    EVENTS,
    RUN_PRESET,
    add_cameras,
    add_channel,
    add_preset,
    add_script,
    counters,
    in_base64,
    jpeg,
    tell,
    told,
)
from fakes.people import make_user
from fakes.principals import client_of
from fakes.scripts import CLIENT, refused, wrong
from fakes.served_store import ServedStore
from sqlalchemy import select

from presets_store.rules.permissions import Principal, Role, ScopeKind
from presets_store.services.caller import Caller
from presets_store.services.scripts.triggers import sender_of
from presets_store.storage.events import get_event
from presets_store.storage.scripts.tables import deliveries
from presets_store.storage.scripts.triggers import image_of, untold_triggers


@pytest.fixture
async def cameras(store: ServedStore) -> list[int]:
    return await add_cameras(store, "front", "back")


@pytest.fixture
async def recording(store: ServedStore, cameras: list[int]) -> int:
    """A script that records at each motion, with parameters of its own."""
    preset = await add_preset(store)
    parameters = {"camera": "{camera}", "tag": "{count} at {camera}", "durationSeconds": "{count}"}
    return await add_script(
        store, reaction_id=RUN_PRESET, extra={"preset_id": preset, "parameters": parameters}, cooldown_seconds=60
    )


async def events_of(store: ServedStore) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await store.client.json("POST", "/v1/event/list", {"order": "asc"})
    return found


async def test_an_event_fires_a_script_that_runs_a_preset(store: ServedStore, recording: int) -> None:
    answer = await tell(store, attributes={"count": 3, "boxes": [[0, 0, 1, 1]]}, external_id="a-1")
    assert answer.status == 202
    assert answer.json()["scripts"] == [{"id": recording, "outcome": "fired", "reason": ""}]
    (event,) = await events_of(store)
    assert (event["eventType"], event["priority"], event["eventStatusName"]) == ("Video_Start_recording", 3, "Pending")
    assert json.loads(event["eventParameters"]) == {
        "fps": 25,
        "durationSeconds": 3,
        "camera": "The front",
        "tag": "3 at The front",
    }
    stored = await store.services.database.read(lambda connection: get_event(connection, event["key"]))
    assert stored is not None
    assert stored.cause.startswith("script:")
    page = await store.client.json("GET", f"{CLIENT}/{recording}/decisions")
    (decision,) = page["data"]
    assert (decision["trigger_id"], decision["event_id"]) == (answer.json()["id"], event["key"])
    assert page["counters"] == {"fired": 1}


async def test_a_repeat_is_answered_the_same_and_does_nothing(store: ServedStore, recording: int) -> None:
    first = await tell(store, external_id="a-1", attributes={"count": 2})
    for _ in range(2):
        again = await tell(store, external_id="a-1", attributes={"count": 2})
        assert (again.status, again.json()) == (202, first.json())
    assert len(await events_of(store)) == 1
    assert await counters(store, recording) == {"fired": 1}
    other = await client_of(store, Role.OPERATOR)
    answer = await tell(store, other, external_id="a-1", attributes={"count": 2})
    assert answer.json()["id"] != first.json()["id"], "another sender's name for another thing"


async def test_of_many_repeats_at_once_one_counts(store: ServedStore, recording: int) -> None:
    answers = await asyncio.gather(*(tell(store, external_id="x", attributes={"count": 2}) for _ in range(8)))
    assert {answer.status for answer in answers} == {202}
    assert len({answer.body for answer in answers}) == 1
    assert len(await events_of(store)) == 1


async def test_the_cooldown_is_of_script_and_camera(store: ServedStore, recording: int, clock: ManualClock) -> None:
    count = {"attributes": {"count": 2}}
    assert await told(store, **count) == [(recording, "fired", "")]
    assert await told(store, **count) == [(recording, "not", "cooldown")]
    assert await told(store, camera="back", **count) == [(recording, "fired", "")]
    clock.advance(59)
    assert await told(store, **count) == [(recording, "not", "cooldown")]
    clock.advance(1)
    assert await told(store, **count) == [(recording, "fired", "")]
    assert await counters(store, recording) == {"fired": 3, "cooldown": 2}


async def test_of_many_events_at_once_one_is_in_time(store: ServedStore, recording: int) -> None:
    """The cooldown holds for those who ask at the same moment too, on either database."""
    answers = await asyncio.gather(*(told(store, attributes={"count": 2}) for _ in range(12)))
    outcomes = sorted(outcome for ((_, outcome, _),) in answers)
    assert outcomes == ["fired"] + ["not"] * 11
    assert len(await events_of(store)) == 1


async def test_hours_status_and_cameras_decide(store: ServedStore, cameras: list[int], clock: ManualClock) -> None:
    now = datetime.fromtimestamp(clock.now(), UTC)
    later = [(now + timedelta(hours=hours)).strftime("%H:%M:%S+00:00") for hours in (1, 2)]
    closed = await add_script(
        store, timetable={"days": [{"type": "same_every_day", "from": later[0], "to": later[1], "breaks": []}]}
    )
    asleep = await add_script(store, status="inactive")
    elsewhere = await add_script(store, cameras=[cameras[1]])
    here = await add_script(store, cameras=[cameras[0]])
    other = await add_script(store, event_id=43)
    assert await told(store) == [
        (closed, "not", "outside_working_time"),
        (asleep, "not", "inactive"),
        (here, "fired", ""),
    ]
    assert await counters(store, elsewhere) == {"other_camera": 1}
    assert (await store.client.json("GET", f"{CLIENT}/{elsewhere}/decisions"))["data"] == []
    assert await counters(store, other) == {}
    clock.advance(3600)
    assert (closed, "fired", "") in await told(store)
    page = await store.client.json("GET", f"{CLIENT}/{closed}/decisions", query={"per_page": "1"})
    assert [each["outcome"] for each in page["data"]] == ["fired"], "the newest first"
    assert (page["meta"]["total"], page["meta"]["last_page"]) == (2, 2)


async def test_the_time_of_the_event_counts_within_an_hour(
    store: ServedStore, cameras: list[int], clock: ManualClock
) -> None:
    now = datetime.fromtimestamp(clock.now(), UTC)
    bounds = [(now - timedelta(minutes=minutes)).strftime("%H:%M:%S+00:00") for minutes in (40, 20)]
    key = await add_script(
        store, timetable={"days": [{"type": "same_every_day", "from": bounds[0], "to": bounds[1], "breaks": []}]}
    )

    async def at(minutes: int) -> list[tuple[int, str, str]]:
        return await told(store, occurred_at=(now - timedelta(minutes=minutes)).isoformat())

    assert await at(30) == [(key, "fired", "")]
    assert await at(10) == [(key, "not", "outside_working_time")]
    assert await at(-500) == [(key, "not", "outside_working_time")], "a clock that is ahead means now"
    always = await add_script(store)
    assert await at(59) == [(key, "not", "outside_working_time"), (always, "fired", "")]
    assert await at(61) == [(key, "not", "outside_working_time"), (always, "not", "too_old")]


async def test_a_reaction_that_cannot_be_carried_out_is_told(store: ServedStore, cameras: list[int]) -> None:
    preset = await add_preset(store)
    user = (await make_user(store, "alice"))["key"]
    await add_channel(store, user)
    key = await add_script(
        store, reaction_id=RUN_PRESET, extra={"preset_id": preset}, cooldown_seconds=60, users=[user]
    )
    assert (await store.client.call("DELETE", f"/v1/eventpreset/{preset}")).status == 200
    for _ in range(2):
        assert await told(store) == [(key, "failed", "not_found")], "what made no event starts no cooldown"
    assert await counters(store, key) == {"not_found": 2}
    told_of = await store.services.database.read(lambda connection: connection.execute(select(deliveries)).all())
    assert [row.user_key for row in told_of] == [user, user], "the users are told all the same"


async def test_what_is_filled_in_must_fit_the_event_type(store: ServedStore, recording: int) -> None:
    for count in (1e10, "many", -3):
        assert await told(store, attributes={"count": count}) == [(recording, "failed", "bad_parameters")]
    assert await events_of(store) == []


async def test_a_preset_of_a_group_runs_on_each_device(store: ServedStore, cameras: list[int]) -> None:
    group = (await store.client.json("POST", "/v1/devicegroup", {"value": "hall"}))["key"]
    preset = await add_preset(store, deviceID=0, deviceGroupID=group)
    key = await add_script(store, reaction_id=RUN_PRESET, extra={"preset_id": preset})
    assert await told(store) == [(key, "failed", "group_empty")]
    other = (await store.client.json("POST", "/v1/device", {"serialNumber": "SN-OTHER"}))["key"]
    for device in (store.device, other):
        assert (await store.client.call("POST", f"/v1/devicegroup/{group}/device/{device}")).status == 200
    assert await told(store) == [(key, "fired", "")]
    events = await events_of(store)
    assert sorted(event["deviceID"] for event in events) == sorted([store.device, other])
    run = await store.client.json("GET", f"/v1/eventpreset/run/group/{events[0]['key']}")
    assert len(run) == 2


async def test_names_that_say_nothing_are_refused(store: ServedStore, cameras: list[int]) -> None:
    other = (await store.client.json("POST", "/v1/device", {"serialNumber": "SN-OTHER"}))["key"]
    (twin,) = await add_cameras(store, "front", device=other)
    assert list(wrong(await tell(store, event="unheard", camera="back"))) == ["event"]
    assert list(wrong(await tell(store, event=4711, camera="back"))) == ["event"]
    assert list(wrong(await tell(store, camera="nowhere"))) == ["camera"]
    assert "several" in wrong(await tell(store))["camera"][0]
    assert (await tell(store, camera=twin, event=42)).status == 202
    assert (await tell(store, camera=str(cameras[0]))).status == 202
    assert list(wrong(await store.client.call("POST", EVENTS, {"event": "motion"}))) == ["camera"]


async def test_who_may_run_may_tell(store: ServedStore, cameras: list[int]) -> None:
    other = (await store.client.json("POST", "/v1/device", {"serialNumber": "SN-OTHER"}))["key"]
    (theirs,) = await add_cameras(store, "gate", device=other)
    reader = await client_of(store, Role.READER)
    refused(await tell(store, reader), 403)
    itself = await client_of(store, Role.DEVICE, ScopeKind.DEVICE, store.device)
    refused(await tell(store, itself), 403)
    operator = await client_of(store, Role.OPERATOR, ScopeKind.DEVICE, store.device)
    assert (await tell(store, operator)).status == 202
    assert list(wrong(await tell(store, operator, camera=theirs))) == ["camera"], "as one that there is not"
    assert (await store.client.send("POST", EVENTS, b"{}")).status == 401


async def test_a_picture_is_kept_with_its_trigger(store: ServedStore, cameras: list[int]) -> None:
    """If something comes of it: of the many at which nothing fires nobody is told."""
    picture = jpeg()

    async def kept() -> bytes | None:
        trigger = (await tell(store, image=in_base64(picture))).json()["id"]
        return await store.services.database.read(lambda connection: image_of(connection, trigger))

    assert await kept() is None
    await add_script(store)
    assert await kept() == picture


async def test_nothing_is_left_to_tell_where_there_is_no_upstream(store: ServedStore, recording: int) -> None:
    assert await told(store, attributes={"count": 2}) == [(recording, "fired", "")]
    assert await store.services.database.read(lambda connection: untold_triggers(connection, 10)) == []


def test_a_sender_is_a_key_or_whoever_has_signed_in() -> None:
    somebody = Principal(name="alice", role=Role.OPERATOR, user_key=3)
    assert sender_of(Caller(name="AbC==", principal=somebody)) == "AbC=="
    assert sender_of(Caller(name="session:5", principal=somebody)) == "user:3", "his next session has another name"
