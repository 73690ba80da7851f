"""Scripts in both generations: the contract's own examples first."""

import asyncio
from typing import Any

import pytest
from fakes.clock import ManualClock
from fakes.scripts import (
    ADMIN,
    CLIENT,
    SCHEDULE,
    TIMETABLE,
    BearerClient,
    make_camera,
    refused,
    script,
    token_of,
    wrong,
)
from fakes.served_store import SEALER, ServedStore
from sqlalchemy import text as sql

from presets_store.protocol.scripts.base import plain_date
from presets_store.redaction import HIDDEN
from presets_store.sealing import Keyring, SealBroken, Sealer
from presets_store.services.scripts.scripts import MOST_SCRIPTS
from presets_store.storage.scripts.scripts import get_script

EVENT = {
    "id": 41,
    "name": "person_counting",
    "description": "Counting people in an area",
    "color": "#FF7CF2",
    "analytic_type": "person_counting",
}
BOT = {"chat_id": "-100123", "bot_token": "123456:ABC-def_ghi"}


@pytest.fixture
async def alice(store: ServedStore) -> BearerClient:
    return await token_of(store, role="operator")


async def user_key(store: ServedStore, name: str = "alice") -> int:
    users = await store.client.json("GET", "/v1/user/list")
    return int(next(user["key"] for user in users if user["userName"] == name))


async def test_a_script_of_the_admin_generation(store: ServedStore, alice: BearerClient, clock: ManualClock) -> None:
    """scripts-api.md section 2: the sample request, with its artefacts, and the sample response."""
    key = await user_key(store)
    body = {"event_id": 41, "reaction_id": None, "users": [key], "schedule": SCHEDULE, "schedule.": [{"to": "x"}]}
    made = await alice.json("POST", ADMIN, body)
    now = plain_date(int(clock.now() * 1e6))
    assert made == {
        "id": 1,
        "event": EVENT,
        "reaction": None,
        "users": [
            {
                "id": key,
                "name": "alice",
                "login": "alice",
                "created_at": now,
                "updated_at": now,
                "expired_at": None,
                "is_licence_limit_reached": False,
                "ptz_priority": 0,
                "access_token_id": None,
            }
        ],
        "schedule": SCHEDULE,
        "created_at": now,
        "updated_at": now,
    }
    assert now is not None
    assert len(now) == len("2026-11-23 12:00:00")
    assert await alice.json("GET", f"{ADMIN}/1") == made


async def test_a_script_of_the_client_generation(store: ServedStore, alice: BearerClient, clock: ManualClock) -> None:
    """scripts-api.md section 3: the sample request, and the object of the view call."""
    key = await user_key(store)
    made = await alice.json("POST", CLIENT, script(users=[key], extra={"chat_id": "42", "bot_token": "1:a"}))
    now = plain_date(int(clock.now() * 1e6))
    user = made["users"][0]
    assert [permission["name"] for permission in user.pop("permissions")] == ["read", "run", "edit"]
    assert made == {
        "id": 1,
        "title": "Queue at the desk",
        "schedule": [],
        "timetable": TIMETABLE,
        "status": "active",
        "created_at": now,
        "updated_at": now,
        "users": [{
            "id": key, "login": "alice", "name": "alice", "parent_id": None, "created_at": now, "updated_at": now,
            "online_request_interval": 100, "access_token_id": None, "can_update_password": True,
        }],
        "event": EVENT,
        "reaction": {
            "id": 5, "name": "show-camera", "description": "Shows the camera to who listens live", "is_default": False,
        },
        "extra": {"chat_id": "42", "bot_token": HIDDEN},
        "cameras": None,
        "cooldown_seconds": 0,
    }  # fmt: skip
    shown = await alice.json("GET", f"{CLIENT}/1")
    shown["users"][0].pop("permissions")
    assert shown == made


async def test_both_generations_are_views_of_one_record(alice: BearerClient) -> None:
    made = await alice.json("POST", CLIENT, script())
    seen = await alice.json("GET", f"{ADMIN}/{made['id']}")
    assert [day["day"] for day in seen["schedule"]] == [0, 1, 2, 3, 4, 5, 6]
    back = {"event_id": seen["event"]["id"], "reaction_id": 5, "schedule": seen["schedule"]}
    assert (await alice.json("PUT", f"{ADMIN}/{made['id']}", back))["schedule"] == seen["schedule"]
    after = await alice.json("GET", f"{CLIENT}/{made['id']}")
    assert (after["timetable"], after["title"], after["cameras"]) == (TIMETABLE, made["title"], None)
    await alice.json("PUT", f"{ADMIN}/{made['id']}", {**back, "schedule": SCHEDULE})
    after = await alice.json("GET", f"{CLIENT}/{made['id']}")
    sunday = {"type": "sunday", "from": "00:00:00", "to": "23:59:59", "breaks": []}
    assert (after["schedule"], after["timetable"]) == (SCHEDULE, {"days": [sunday], "intervals": []})
    assert (await alice.json("PUT", f"{CLIENT}/{made['id']}", script(timetable=after["timetable"])))[
        "schedule"
    ] == SCHEDULE, "what was shown and comes back changes nothing"


async def test_without_hours_it_always_works(alice: BearerClient) -> None:
    given: tuple[dict[str, Any], ...] = ({}, {"timetable": None}, {"timetable": {"days": [], "intervals": []}})
    for number, members in enumerate(given, 1):
        body = {"title": "x", "event_id": 42, **members}
        assert (await alice.json("POST", CLIENT, body))["timetable"] == {"days": [], "intervals": []}
        assert (await alice.json("GET", f"{ADMIN}/{number}"))["schedule"] == []


async def test_forms_of_the_status(alice: BearerClient) -> None:
    forms = {"active": ("active", True, 1, ["active"], "true"), "inactive": ("inactive", False, 0, [False], "false")}
    for kept, given in forms.items():
        for form in given:
            assert (await alice.json("POST", CLIENT, script(status=form)))["status"] == kept, form


async def test_a_change_is_of_the_whole_script(store: ServedStore, alice: BearerClient, clock: ManualClock) -> None:
    camera = await make_camera(store)
    made = await alice.json("POST", CLIENT, script(cameras=[camera], cooldown_seconds=30, extra=BOT))
    assert (made["cameras"], made["cooldown_seconds"]) == ([camera], 30)
    clock.advance(61)
    body = {"title": "New", "event_id": 44, "reaction_id": None, "users": [], "status": "inactive"}
    after = await alice.json("PUT", f"{CLIENT}/{made['id']}", body)
    assert (after["title"], after["event"]["name"], after["reaction"], after["cameras"], after["status"]) == (
        "New", "line_crossing", None, None, "inactive",
    )  # fmt: skip
    assert (after["cooldown_seconds"], after["extra"]) == (30, made["extra"]), "what is in no sample stays"
    assert after["created_at"] == made["created_at"] != after["updated_at"]


async def test_secrets_are_sealed_and_never_shown(store: ServedStore, alice: BearerClient) -> None:
    made = await alice.json("POST", CLIENT, script(reaction_id=4, extra=BOT))
    assert made["extra"] == {"chat_id": BOT["chat_id"], "bot_token": HIDDEN}
    rows = str(await store.services.database.read(lambda c: c.execute(sql("SELECT * FROM scripts")).all()))
    assert BOT["bot_token"] not in rows
    body = script(reaction_id=4, extra={**made["extra"], "chat_id": 7})
    assert (await alice.json("PUT", f"{CLIENT}/{made['id']}", body))["extra"] == {"chat_id": "7", "bot_token": HIDDEN}
    assert await secrets_of(store, made["id"]) == {"bot_token": BOT["bot_token"]}, (
        "given back as it was shown: it stays"
    )
    assert wrong(await alice.call("POST", CLIENT, body)) == {
        "extra.bot_token": [
            "is '[redacted]', which only stands for it (expected the secret itself)",
            "is missing (expected what the reaction telegram needs)",
        ]
    }
    await alice.json("PUT", f"{CLIENT}/{made['id']}", script(extra={"chat_id": "7"}))
    assert await secrets_of(store, made["id"]) == {}


async def secrets_of(store: ServedStore, key: int) -> dict[str, str]:
    found = await store.services.database.read(lambda connection: get_script(connection, key))
    assert found is not None
    return store.services.scripts.secrets.open(found)


async def test_secrets_are_sealed_anew_with_another_key(store: ServedStore, alice: BearerClient) -> None:
    made = await alice.json("POST", CLIENT, script(reaction_id=4, extra=BOT))
    await alice.json("POST", CLIENT, script())
    following = Sealer(b"n" * 32, "11" * 8)
    assert await store.services.scripts.reseal(Keyring(following, [SEALER])) == 1
    assert await secrets_of(store, made["id"]) == {"bot_token": BOT["bot_token"]}
    assert await store.services.scripts.reseal(following) == 1, "the old key is needed no more"
    assert await store.services.scripts.reseal(Sealer(b"o" * 32, "22" * 8)) == 0
    with pytest.raises(SealBroken):
        await secrets_of(store, made["id"])
    shown = await alice.json("GET", f"{CLIENT}/{made['id']}")
    assert shown["extra"] == {"chat_id": BOT["chat_id"], "bot_token": None}, "what nobody can open has to be given anew"


async def test_deleting(alice: BearerClient) -> None:
    keys = [(await alice.json("POST", CLIENT, script()))["id"] for _ in range(5)]
    for method, path, body in (
        ("DELETE", f"{CLIENT}/{keys[0]}", None),
        ("DELETE", f"{ADMIN}/{keys[1]}", None),
        ("DELETE", CLIENT, {"ids": keys[2:4]}),
    ):
        answer = await alice.call(method, path, body)
        assert (answer.status, answer.body) == (204, b"")
    assert "There is no script" in refused(await alice.call("GET", f"{CLIENT}/{keys[0]}"), 404)
    assert refused(await alice.call("DELETE", f"{ADMIN}/{keys[1]}"), 404)
    errors = wrong(await alice.call("DELETE", CLIENT, {"ids": [keys[4], keys[2]]}))
    assert list(errors) == ["ids.1"]
    assert (await alice.json("GET", f"{CLIENT}/{keys[4]}"))["id"] == keys[4], "all of them, or none"
    for ids in ([], list(range(1, 202)), "1", None):
        assert list(wrong(await alice.call("DELETE", CLIENT, {"ids": ids}))) == ["ids"]


async def test_all_that_is_wrong_is_told_at_once(store: ServedStore, alice: BearerClient) -> None:
    body = {
        "title": "x" * 300,
        "reaction_id": 99,
        "event_id": 999,
        "users": [1, 777],
        "status": "perhaps",
        "cameras": [5, 6],
        "cooldown_seconds": -1,
        "timetable": {"days": [{"type": "someday", "from": "25:00:00", "to": "23:59:00+05:00", "breaks": [{}]}]},
        "extra": {"url": "ftp://x", "text": "{nobody} {"},
    }
    errors = wrong(await alice.call("POST", CLIENT, body))
    assert {
        "title", "reaction_id", "event_id", "users.1", "status", "cameras.0", "cameras.1", "cooldown_seconds",
        "timetable.days.0.type", "timetable.days.0.from", "timetable.days.0.breaks.0.from",
        "timetable.days.0.breaks.0.to", "extra.url", "extra.text",
    } <= set(errors)  # fmt: skip
    schedule = [{"day": 7, "ranges": [{"from": "00:00:00", "to": "noon"}]}]
    errors = wrong(await alice.call("POST", ADMIN, {"schedule": schedule, "users": ["x"]}))
    assert set(errors) == {"event_id", "users.0", "schedule.0.day", "schedule.0.ranges.0.to"}
    assert errors["event_id"] == ["is missing (expected event_id)"]
    assert (await alice.json("GET", CLIENT))["data"] == []


async def test_what_a_reaction_needs(store: ServedStore, alice: BearerClient) -> None:
    presets = "/v1/eventpreset"
    kind = {"deviceID": store.device, "eventType": "Video_Start_recording", "eventParameters": '{"fps": 5}'}
    preset = (await store.client.json("POST", presets, {**kind, "eventPresetName": "Record"}))["key"]
    needs = {1: ["extra.preset_id"], 2: ["extra.url", "extra.secret"], 4: ["extra.chat_id", "extra.bot_token"]}
    for reaction, members in needs.items():
        assert list(wrong(await alice.call("POST", CLIENT, script(reaction_id=reaction)))) == members
        body = {"event_id": 41, "reaction_id": reaction}
        assert list(wrong(await alice.call("POST", ADMIN, body))) == members

    async def tried(**extra: Any) -> Any:
        answer = await alice.call("POST", CLIENT, script(reaction_id=1, extra={"preset_id": preset, **extra}))
        return answer.json()["extra"] if answer.status == 200 else wrong(answer)

    shown = {"chat_id": None, "bot_token": None, "preset_id": preset}
    assert await tried() == shown
    assert await tried(parameters={"bitrate": "{count}"}) == {**shown, "parameters": {"bitrate": "{count}"}}
    assert list(await tried(parameters={"fps": -1})) == ["extra.parameters.fps"]
    assert list(await tried(parameters={"file": {"name": ["{nobody}"]}})) == ["extra.parameters.file.name.0"]
    assert list(await tried(parameters={"note": "x" * 17_000})) == ["extra.parameters"]
    assert list(await tried(preset_id=preset + 1)) == ["extra.preset_id"]
    webhook = {"url": "https://example.org/hook?x=1", "secret": "0123456789abcdef"}
    made = await alice.json("POST", CLIENT, script(reaction_id=2, extra=webhook))
    assert made["extra"] == {"chat_id": None, "bot_token": None, "url": webhook["url"], "secret": HIDDEN}
    for bad in ("https://", "https://user:word@example.org/", "https://[::1", "https://x:99999/", "https://x/a b"):
        errors = wrong(await alice.call("POST", CLIENT, script(reaction_id=2, extra={**webhook, "url": bad})))
        assert list(errors) == ["extra.url"]


async def test_parameters_of_presets_with_secrets_stay_theirs(store: ServedStore, alice: BearerClient) -> None:
    kind = {"deviceID": store.device, "eventType": "Device_Add_network", "eventPresetName": "Net"}
    given = '{"ssid": "x", "password": "12345678"}'
    preset = (await store.client.json("POST", "/v1/eventpreset", {**kind, "eventParameters": given}))["key"]
    extra = {"preset_id": preset, "parameters": {"password": "87654321"}}
    errors = wrong(await alice.call("POST", CLIENT, script(reaction_id=1, extra=extra)))
    assert errors == {
        "extra.parameters": ["cannot be given for Device_Add_network (expected a preset that says it all)"]
    }


async def test_events_of_others_take_any_placeholder(alice: BearerClient) -> None:
    added = await alice.json("POST", "/api/v1/basic-configurations/events", {"name": "plate"})
    body = script(event_id=added["id"], extra={"text": "{plate} at {camera}"})
    made = await alice.json("POST", CLIENT, body)
    assert (made["event"], made["extra"]["text"]) == (added, "{plate} at {camera}")
    assert list(wrong(await alice.call("PUT", f"{CLIENT}/{made['id']}", {**body, "event_id": 41}))) == ["extra.text"]


async def test_the_store_takes_so_many(
    store: ServedStore, alice: BearerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("presets_store.services.scripts.scripts.MOST_SCRIPTS", 2)
    assert MOST_SCRIPTS > 1000
    for _ in range(2):
        await alice.json("POST", CLIENT, script())
    assert "delete some" in refused(await alice.call("POST", CLIENT, script()), 409)


async def test_mirrored_scripts_are_changed_where_they_come_from(store: ServedStore, alice: BearerClient) -> None:
    made = await alice.json("POST", CLIENT, script(users=[await user_key(store)]))
    mirrored = sql("UPDATE scripts SET upstream = 'hub'")
    await store.services.database.write(lambda connection: connection.execute(mirrored).rowcount)
    assert (await alice.json("GET", f"{CLIENT}/{made['id']}"))["users"] == [], "they are users of the hub"
    for method, path, body in (
        ("PUT", f"{CLIENT}/1", script()),
        ("PUT", f"{ADMIN}/1", {"event_id": 41}),
        ("DELETE", f"{CLIENT}/1", None),
        ("DELETE", CLIENT, {"ids": [1]}),
    ):
        assert "hub" in refused(await alice.call(method, path, body), 409)


async def test_repeats_are_harmless(store: ServedStore, alice: BearerClient) -> None:
    answers = [await alice.call("POST", CLIENT, script(), **{"Idempotency-Key": "once"}) for _ in range(2)]
    assert answers[0].body == answers[1].body
    gone = [await alice.call("DELETE", f"{CLIENT}/1", **{"Idempotency-Key": "gone"}) for _ in range(2)]
    assert [(answer.status, answer.body) for answer in gone] == [(204, b"")] * 2
    assert wrong(await alice.call("POST", CLIENT, script(title="other"), **{"Idempotency-Key": "once"}))


async def test_two_changes_at_once(alice: BearerClient) -> None:
    await alice.json("POST", CLIENT, script())
    answers = await asyncio.gather(
        *(alice.call("PUT", f"{CLIENT}/1", script(title=f"title {number}")) for number in range(8))
    )
    assert {answer.status for answer in answers} <= {200, 409}
    assert (await alice.json("GET", f"{CLIENT}/1"))["title"] in {
        answer.json()["title"] for answer in answers if answer.status == 200
    }
