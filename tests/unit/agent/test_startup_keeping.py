"""What outlasts the database: key marks, the device's identity, its access keys."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.clock import ManualClock
from fakes.served_store import SEALER, SERIAL, ServedStore
from hypothesis import given
from hypothesis import strategies as st

from agent.startup.keeping import FLOOR_EVERY, MARGIN, MARGINS, keep, kept_of, raised, snapshot
from agent.startup.sealed import OWN, SealedState
from presets_store.clock import ClockQuality
from presets_store.protocol.startup import StandalonePreset
from presets_store.rules.permissions import Role, ScopeKind
from presets_store.services.caller import INSIDE
from presets_store.storage.records import KeyStatus

KEYS, MARKS = "api.keys", "keys.high_water"
USERS, GROUPS, MEMBERS = "people.users", "fleet.groups", "fleet.members"
TABLES = st.sampled_from(["events", "outbox", "clips", "presets", "devices"])


def margin(table: str) -> int:
    return MARGINS.get(table, MARGIN)


@given(st.lists(st.tuples(TABLES, st.floats(0, 0.5)), max_size=60))
def test_sealed_marks_are_always_ahead_of_what_was_given_out_and_seldom_written(steps: list[tuple[str, float]]) -> None:
    """Each step gives out up to half a margin of keys, more than any device does between two looks."""
    sealed: dict[str, int] = {}
    given_out: dict[str, int] = {}
    writes = 0
    for table, share in steps:
        given_out[table] = given_out.get(table, 0) + int(share * margin(table))
        assert given_out[table] <= sealed.get(table, 0) or table not in sealed, "ahead even before the look"
        news = raised(sealed, given_out)
        if news is not None:
            assert all(news[name] >= sealed[name] for name in sealed), "a mark never falls"
            sealed, writes = news, writes + 1
        assert all(sealed[name] >= mark + margin(name) // 2 for name, mark in given_out.items())
        assert raised(sealed, given_out) is None, "written once"
    halves = sum(mark // (margin(name) // 2) + 1 for name, mark in given_out.items())
    assert writes <= halves


@given(
    st.dictionaries(TABLES, st.none() | st.text() | st.floats() | st.lists(st.integers()) | st.integers()),
    st.dictionaries(TABLES, st.integers(0, 2**40)),
)
def test_a_mark_that_is_no_number_is_replaced(sealed: dict[str, object], given_out: dict[str, int]) -> None:
    marks = raised(sealed, given_out)
    sound = {name: mark for name, mark in sealed.items() if isinstance(mark, int)}
    for name, last in given_out.items():
        assert (sound if marks is None else marks).get(name, 0) >= last + margin(name) // 2


class Counted(SealedState):
    """Counts the entries that are written."""

    written = 0

    async def keep(self, entries: dict[str, bytes | None]) -> int:  # type: ignore[override]
        done = await super().keep(entries)
        self.written += done
        return done


@pytest.fixture
async def sealed(tmp_path: Path) -> AsyncIterator[Counted]:
    state, _ = await Counted.open(tmp_path / "sealed", SEALER)
    assert isinstance(state, Counted)
    yield state
    await state.close()


async def test_what_is_kept_is_what_the_database_held(store: ServedStore, tmp_path: Path) -> None:
    await store.services.keys.create(INSIDE, "second")
    sealed, _ = await SealedState.open(tmp_path / "sealed", SEALER)
    preset = StandalonePreset(key=4, event_type_id=1, event_preset_name="Stage")
    await sealed.set_standalone(preset)
    await keep(sealed, store.services.database, store.clock)
    await sealed.close()
    again, _ = await SealedState.open(tmp_path / "sealed", SEALER)
    kept, held = kept_of(again), await store.services.database.read(snapshot)
    await again.close()
    assert held.own is not None
    assert kept.own is not None
    volatile = {"recent_output": "", "camera_status": "", "last_heard_from_date": 0, "modified": 0, "modified_by": ""}
    same = {name: value for name, value in dataclasses.asdict(held.own).items() if name not in volatile}
    assert same.items() <= dataclasses.asdict(kept.own).items()
    assert kept.own.serial_number == SERIAL
    assert list(kept.keys) == [dataclasses.replace(key, last_access=0) for key in held.keys]
    assert len(kept.keys) == 2
    assert list(kept.users) == held.users
    assert [user.role for user in held.users] == [Role.ADMIN]
    assert all(kept.marks[table] > mark for table, mark in held.marks.items())
    assert kept.standalone == preset


@pytest.mark.parametrize("given_up", [False, True])
async def test_of_two_quick_writes_the_last_one_lasts(tmp_path: Path, *, given_up: bool) -> None:
    """Also when nobody waits for the first any more: its write may be done all the same."""
    sealed, _ = await SealedState.open(tmp_path / "sealed", SEALER)
    await sealed.set_setting("volume", "1")
    first = asyncio.ensure_future(sealed.set_setting("volume", "2"))
    await asyncio.sleep(0)
    if given_up:
        first.cancel()
    await sealed.set_setting("volume", "1")
    await asyncio.gather(first, return_exceptions=True)
    assert sealed.setting("volume") == "1"
    await sealed.close()
    again, _ = await SealedState.open(tmp_path / "sealed", SEALER)
    assert again.setting("volume") == "1"
    await again.close()


async def test_nothing_is_written_while_nothing_changes(store: ServedStore, sealed: Counted) -> None:
    await keep(sealed, store.services.database, store.clock)
    assert sealed.written == 7  # identity, keys, users, groups, members, marks, time
    await keep(sealed, store.services.database, store.clock)
    assert sealed.written == 7
    key = (await store.services.keys.list(INSIDE))[0]
    await store.services.keys.revoke(INSIDE, key.key)
    await keep(sealed, store.services.database, store.clock)
    assert sealed.written == 8
    assert [kept.status for kept in kept_of(sealed).keys] == [KeyStatus.REVOKED]


async def test_the_time_is_kept_now_and_then_and_only_when_it_is_certain(store: ServedStore, sealed: Counted) -> None:
    clock = ManualClock()
    for passed, kept_again in ((0.0, True), (FLOOR_EVERY - 1, False), (2.0, True)):
        clock.advance(passed)
        before = sealed.clock_floor()
        await keep(sealed, store.services.database, clock)
        assert (sealed.clock_floor() != before) == kept_again
    clock.advance(10 * FLOOR_EVERY)
    clock.declared = ClockQuality.FLOOR
    before = sealed.clock_floor()
    await keep(sealed, store.services.database, clock)
    assert sealed.clock_floor() == before


RUBBISH = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["key", "guid", "serial_number", "access_key", "sealed_secret", "status", "events", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


async def test_rubbish_is_left_out(sealed: Counted) -> None:
    sound = {
        "access_key": "a",
        "sealed_secret": "AAAA",
        "status": KeyStatus.ACTIVE.value,
        "description": "",
        "created": 1,
    }
    entries = [sound, {"access_key": "b"}, 3, None, sound | {"sealed_secret": "*"}, sound | {"status": "lost"}]
    await sealed.keep(
        {KEYS: json.dumps(entries).encode(), OWN: b'{"serial_number": "1"}', MARKS: b'{"clips": 5, "x": "y"}'}
    )
    kept = kept_of(sealed)
    assert [key.access_key for key in kept.keys] == ["a"]
    assert kept.own is None
    assert kept.marks == {"clips": 5}


async def test_a_key_of_nobody_is_none_from_before_there_were_users(sealed: Counted) -> None:
    """Only the latter become the owner's when the database is lost."""
    sound = {"access_key": "a", "sealed_secret": "AAAA", "status": "active"}
    entries = [sound, sound | {"access_key": "b", "user_key": None}, sound | {"access_key": "c", "user_key": 7}]
    users = [{"key": 7, "name": "crew", "role": "operator", "scope": "group", "scope_key": 2, "status": "active"}]
    await sealed.keep({KEYS: json.dumps(entries).encode(), USERS: json.dumps([*users, {"name": "x"}]).encode()})
    kept = kept_of(sealed)
    assert [key.user_key for key in kept.keys] == [None, 0, 7]
    assert [(user.key, user.role, user.scope, user.scope_key) for user in kept.users] == [
        (7, Role.OPERATOR, ScopeKind.GROUP, 2)
    ]


@given(own=RUBBISH, keys=RUBBISH, marks=RUBBISH, people=RUBBISH)
def test_no_rubbish_keeps_a_device_from_starting(own: object, keys: object, marks: object, people: object) -> None:
    rubbish = {OWN: own, KEYS: keys, MARKS: marks, USERS: people, GROUPS: people, MEMBERS: people}
    state = SealedState(None, None, {name: _json(entry) for name, entry in rubbish.items()})  # type: ignore[arg-type]
    kept = kept_of(state)
    assert all(isinstance(user.role, Role) for user in kept.users)
    assert all(isinstance(mark, int) for mark in kept.marks.values())
    assert all(isinstance(key.sealed_secret, bytes) for key in kept.keys)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
