"""Which scripts fire at a trigger, and the first reason why the others do not."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presets_store.rules.scripts.cooling import cool_at
from presets_store.rules.scripts.matching import Decision, MatchedScript, MatchedTrigger, Outcome, decide, matched
from presets_store.rules.scripts.working_time import WorkingTime
from presets_store.storage.scripts.records import Script, ScriptStatus

BERLIN = ZoneInfo("Europe/Berlin")
SECOND = 1_000_000
NOON = int(datetime(2026, 11, 23, 12, tzinfo=BERLIN).timestamp()) * SECOND
DAY = {"type": "same_every_day", "from": "08:00:00", "to": "17:59:59", "breaks": [{"from": "13:00", "to": "13:59:59"}]}
SCRIPT = MatchedScript(
    active=True,
    event_name="motion",
    cameras=frozenset({4, 5}),
    working_time=WorkingTime.from_timetable({"days": [DAY]}),
    cooldown_seconds=60,
)
TRIGGER = MatchedTrigger("motion", 4, NOON)


def reason(script: MatchedScript, trigger: MatchedTrigger, now_us: int = NOON, last_us: int = 0) -> str:
    decision = decide(script, trigger, now_us, BERLIN, last_us)
    assert decision.fired == (decision.outcome is Outcome.FIRED) == (decision.reason == "")
    return decision.reason


def test_it_fires() -> None:
    assert decide(SCRIPT, TRIGGER, NOON, BERLIN) == Decision(Outcome.FIRED)


@pytest.mark.parametrize(
    ("script", "trigger", "wanted"),
    [
        ({"active": False, "event_name": "sound"}, {}, "inactive"),
        ({}, {"event_name": "line_crossing", "camera_key": 9}, "other_event"),
        ({}, {"camera_key": 9}, "other_camera"),
        ({}, {"camera_key": 0}, "other_camera"),
        ({"cameras": frozenset()}, {}, "other_camera"),
        ({"cameras": None}, {"camera_key": 9}, ""),
        ({"cameras": None}, {"camera_key": 0}, ""),
        ({}, {"occurred_us": NOON + 3600 * SECOND}, "break"),
        ({}, {"occurred_us": NOON + 7200 * SECOND}, ""),
        ({}, {"occurred_us": NOON + 6 * 3600 * SECOND}, "outside_working_time"),
    ],
)
def test_the_first_reason_counts(script: dict[str, object], trigger: dict[str, object], wanted: str) -> None:
    assert reason(replace(SCRIPT, **script), replace(TRIGGER, **trigger)) == wanted  # type: ignore[arg-type]


def test_the_working_time_is_asked_for_when_it_occurred_and_the_cooldown_for_now() -> None:
    late = NOON + 10 * 3600 * SECOND
    assert reason(SCRIPT, TRIGGER, late) == ""
    assert reason(SCRIPT, TRIGGER, late, late - 59 * SECOND) == "cooldown"
    assert reason(SCRIPT, TRIGGER, late, late - 60 * SECOND) == ""
    assert reason(replace(SCRIPT, cooldown_seconds=0), TRIGGER, late, late) == ""


@given(now=st.integers(1, 10**16), last=st.integers(0, 10**16), cooldown=st.integers(0, 10**11))
def test_a_cooldown_never_lasts_longer_than_itself(now: int, last: int, cooldown: int) -> None:
    until = cool_at(last, cooldown, now)
    assert until == 0 or now < until <= now + cooldown
    assert cool_at(last, cooldown, last + cooldown) == 0


def test_what_is_stored_is_what_is_matched() -> None:
    stored = Script(
        uuid="u",
        event_name="motion",
        cameras="[4, 5]",
        working_time=SCRIPT.working_time.to_json(),
        cooldown_seconds=60,
    )
    assert matched(stored) == SCRIPT
    off = matched(replace(stored, cameras="", status=ScriptStatus.INACTIVE, working_time=""))
    assert (off.cameras, off.active, off.working_time) == (None, False, WorkingTime())
