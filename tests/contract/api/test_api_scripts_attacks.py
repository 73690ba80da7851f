"""What nobody would send who means well: each is refused with a reason, in bounded time, and leaves nothing behind."""

import json
from typing import Any

import pytest
from fakes.scripts import ADMIN, CLIENT, TIMETABLE, BearerClient, refused, script, token_of, wrong
from fakes.served_store import Answer, ServedStore
from fakes.soak import examples
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what is refused reaches no database

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
NAMES = ("title", "reaction_id", "event_id", "users", "status", "cameras", "timetable", "extra", "cooldown_seconds",
         "schedule")  # fmt: skip
SLIGHTLY_WRONG = st.dictionaries(st.sampled_from(NAMES), JUNK)
"""One or more members of a script are something else."""


@pytest.fixture
async def alice(store: ServedStore) -> BearerClient:
    return await token_of(store, role="operator")


async def raw(alice: BearerClient, method: str, target: str, body: bytes) -> Answer:
    headers = {"Authorization": f"Bearer {alice.token}"}
    return await alice._client.send(method, target, body, headers)


async def rows(alice: BearerClient) -> int:
    return int((await alice.json("GET", CLIENT))["meta"]["total"])


TOO_MUCH: list[tuple[dict[str, Any], str]] = [
    ({"users": list(range(1, 5000))}, "users"),
    ({"cameras": list(range(1, 5000))}, "cameras"),
    ({"timetable": {"days": [TIMETABLE["days"][0]] * 401}}, "timetable.days"),
    ({"timetable": {"days": [{**TIMETABLE["days"][0], "breaks": [{}] * 5000}]}}, "timetable.days.0.breaks"),
    ({"timetable": {"days": "x" * 100_000}}, "timetable.days"),
    ({"title": "x" * 100_000}, "title"),
    ({"title": "a\0b"}, "title"),
    ({"event_id": 2**63}, "event_id"),
    ({"event_id": -1}, "event_id"),
    ({"event_id": 41.5}, "event_id"),
    ({"users": [2**63]}, "users.0"),
    ({"users": {"0": 1}}, "users"),
    ({"cooldown_seconds": 10**9}, "cooldown_seconds"),
    ({"extra": {"text": "x" * 2000}}, "extra"),
    ({"extra": {"text": "{count.__class__}"}}, "extra.text"),
    ({"extra": {"text": "{0}{event!r}{count:>999999999}"}}, "extra.text"),
    ({"extra": {"bot_token": "1:a/../../x"}}, "extra"),
    ({"extra": {"chat_id": "@a&parse_mode=HTML"}}, "extra"),
    ({"extra": {"url": "file:///etc/shadow"}}, "extra.url"),
    ({"extra": {"url": "https://x/\r\nHost: y"}}, "extra.url"),
    ({"reaction_id": 1, "extra": {"preset_id": 2**62}}, "extra.preset_id"),
]

NO_BODIES = [
    b"[" * 100_000,
    b'{"timetable":' * 40 + b"1" + b"}" * 40,
    b'{"title": "\xff"}',
    b'{"title": "\\ud800"}',
    b'{"event_id": 1e999}',
    b'{"event_id": ' + b"9" * 5000 + b"}",
    b'{"event_id": NaN}',
    b'"text"',
    b"[]",
    b"null",
    b"{" + b",".join(b'"m%d": 1' % number for number in range(60_000)) + b"}",
]


async def test_members_that_are_too_much(alice: BearerClient) -> None:
    for members, path in TOO_MUCH:
        answer = await alice.call("POST", CLIENT, script(**members))
        assert any(name == path or name.startswith(f"{path}.") for name in wrong(answer)), answer.body
        assert len(answer.body) < 20_000
    assert await rows(alice) == 0


async def test_bodies_that_are_none(alice: BearerClient) -> None:
    for body in NO_BODIES:
        for method, target in (("POST", CLIENT), ("POST", ADMIN), ("DELETE", CLIENT), ("POST", "/api/v1/token")):
            wrong(await raw(alice, method, target, body))
    assert await rows(alice) == 0


async def test_a_body_beyond_its_bounds(alice: BearerClient) -> None:
    refused(await raw(alice, "POST", CLIENT, b" " * (1024 * 1024 + 1)), 413)


async def test_members_that_nobody_knows_are_not_kept(store: ServedStore, alice: BearerClient) -> None:
    body = script(id=7, uuid="x", upstream="hub", created_by="root", sealed_extra="x", extra={"password": "hush-hush"})
    made = await alice.json("POST", CLIENT, body)
    assert (made["id"], "password" in made["extra"]) == (1, False)
    kept = await store.services.database.read(lambda c: str(c.exec_driver_sql("SELECT * FROM scripts").all()))
    assert "hush-hush" not in kept
    assert "root" not in kept


async def test_whatever_is_made_up_is_taken_or_refused_with_a_reason(store: ServedStore, alice: BearerClient) -> None:
    made: list[dict[str, Any]] = []

    @settings(
        max_examples=examples("scripts made up", 100, 900),
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(changes=SLIGHTLY_WRONG)
    def collect(changes: dict[str, Any]) -> None:
        made.append(changes)

    collect()
    taken = 0
    for changes in made:
        for target in (CLIENT, ADMIN):
            answer = await raw(alice, "POST", target, json.dumps(script(**changes)).encode())
            if answer.status == 200:
                taken += 1
                assert (await alice.call("GET", f"{target}/{answer.json()['id']}")).body == answer.body
            else:
                wrong(answer)
    assert 0 < taken < 2 * len(made)
