"""When a user is told: quiet hours, cooldown, digest."""

from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fakes.soak import seeded
from fakes.working_times import CHANGES, judged, random_anchor, random_moment, zone_of
from hypothesis import given
from hypothesis import strategies as st

from presets_store.rules.scripts.errors import BadScript
from presets_store.rules.scripts.quiet import QuietHours, quiet_until
from presets_store.rules.scripts.telling import FEW, Tell, plan

BERLIN = ZoneInfo("Europe/Berlin")
SECOND = 1_000_000
NOW = 1_800_000_000 * SECOND
NIGHT = {"from": "22:00:00", "to": "06:59:59"}


def until(quiet: dict[str, Any] | None, text: str) -> str:
    """When the quiet around a local time ends."""
    moment = int(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()) * SECOND
    end = quiet_until(QuietHours.read(quiet), moment, BERLIN)
    return datetime.fromtimestamp(end / SECOND, BERLIN).isoformat() if end else ""


@pytest.mark.parametrize(
    ("quiet", "text", "wanted"),
    [
        (None, "2026-11-23T23:00:00", ""),
        ({}, "2026-11-23T23:00:00", ""),
        (NIGHT, "2026-11-23T21:59:59", ""),
        (NIGHT, "2026-11-23T22:00:00", "2026-11-24T07:00:00+01:00"),
        (NIGHT, "2026-11-24T06:59:59", "2026-11-24T07:00:00+01:00"),
        (NIGHT, "2026-11-24T07:00:00", ""),
        (NIGHT, "2026-10-24T23:00:00", "2026-10-25T07:00:00+01:00"),
        (NIGHT | {"days": ["friday", "saturday"]}, "2026-11-26T23:00:00", ""),
        (NIGHT | {"days": ["friday", "saturday"]}, "2026-11-27T23:00:00", "2026-11-28T07:00:00+01:00"),
        ({"from": "00:00", "to": "24:00:00", "days": ["weekend"]}, "2026-11-28T00:00:00", "2026-11-30T00:00:00+01:00"),
        ({"from": "22:00:00Z", "to": "05:59:59Z"}, "2026-07-01T00:00:00", "2026-07-01T08:00:00+02:00"),
    ],
)
def test_quiet_hours(quiet: dict[str, Any] | None, text: str, wanted: str) -> None:
    assert until(quiet, text) == wanted


def test_quiet_hours_are_kept_as_given() -> None:
    given = NIGHT | {"days": ["weekdays"], "zone": "Asia/Kolkata"}
    quiet = QuietHours.read(given | {"other": 1})
    assert QuietHours.from_json(quiet.to_json()) == quiet
    assert quiet == QuietHours.read(given)
    assert quiet.zone == "Asia/Kolkata"
    assert QuietHours.from_json("") == QuietHours.read(None) == QuietHours()


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        ("22-6", ["quiet"]),
        ({"from": "22:00:00"}, ["quiet.to"]),
        ({"days": ["weekdays"]}, ["quiet.from", "quiet.to"]),
        (NIGHT | {"days": "weekdays"}, ["quiet.days"]),
        (NIGHT | {"days": ["fridays"]}, ["quiet.days.0"]),
        (NIGHT | {"zone": 1}, ["quiet.zone"]),
        ({"from": "00:00:00", "to": "24:00:00"}, ["quiet"]),
        ({"from": "09:00:00", "to": "08:59:59"}, ["quiet"]),
    ],
)
def test_quiet_hours_that_are_refused(value: Any, fields: list[str]) -> None:
    with pytest.raises(BadScript) as refused:
        QuietHours.read(value)
    assert [problem.field for problem in refused.value.problems] == fields


def test_it_is_quiet_until_it_is_not() -> None:
    random = seeded("quiet hours")
    quiet_ones = 0
    for _ in range(600):
        name = random.choice(list(CHANGES))
        zone, moment = zone_of(name), random_moment(random, random_anchor(random, name))
        given = _random_hours(random)
        day = {"type": given["days"][0], "from": given["from"], "to": given["to"]}

        def quiet_at(moment_us: int, day: dict[str, str] = day, zone: Any = zone) -> bool:
            return not judged({"timetable": {"days": [day]}}, moment_us, zone)

        end = quiet_until(QuietHours.read(given), moment, zone)
        assert (end > moment) == quiet_at(moment), (name, moment, given)
        if end:
            assert not quiet_at(end)
            looks = range(moment, end, max((end - moment) // 40, 1))
            assert all(quiet_at(look) for look in (*looks, end - 1)), (name, moment, given)
            quiet_ones += 1
    assert quiet_ones > 100


def test_a_clock_that_is_set_back_over_midnight_does_not_end_the_night() -> None:
    """St John's in 2010: at one minute past midnight it is 23:01 of the day before."""
    night = QuietHours.read({"from": "17:30:00", "to": "09:00:00", "days": ["same_every_day"]})
    before = datetime(2010, 11, 7, 2, 30, tzinfo=UTC)
    end = quiet_until(night, round(before.timestamp()) * 10**6, ZoneInfo("America/St_Johns"))
    assert datetime.fromtimestamp(end / 10**6, UTC) == datetime(2010, 11, 7, 12, 30, 1, tzinfo=UTC)


def _random_hours(random: Random) -> dict[str, Any]:
    begin, end = random.sample(range(0, 24 * 60, 15), 2)
    kind = random.choice(("same_every_day", "weekend", "sunday", "weekdays"))
    return {
        "from": f"{begin // 60:02d}:{begin % 60:02d}:00",
        "to": f"{end // 60:02d}:{end % 60:02d}:00",
        "days": [kind],
    }


@pytest.mark.parametrize(
    ("cooldown", "last", "quiet", "waiting", "wanted"),
    [
        (0, 0, 0, 0, Tell(now=False)),
        (0, 0, 0, 1, Tell(now=True)),
        (0, NOW, 0, FEW, Tell(now=True)),
        (0, NOW, 0, FEW + 1, Tell(now=True, digest=True)),
        (60, NOW - 59 * SECOND, 0, 5, Tell(now=False, not_before_us=NOW + SECOND)),
        (60, NOW - 60 * SECOND, 0, 1, Tell(now=True)),
        (60, NOW - 60 * SECOND, 0, 2, Tell(now=True, digest=True)),
        (60, NOW, NOW + 9 * SECOND, 1, Tell(now=False, not_before_us=NOW + 60 * SECOND)),
        (60, NOW, NOW + 90 * SECOND, 1, Tell(now=False, not_before_us=NOW + 90 * SECOND)),
        (60, 0, NOW, 1, Tell(now=True)),
        (60, NOW + 1, 0, 1, Tell(now=True)),
    ],
)
def test_a_plan(cooldown: int, last: int, quiet: int, waiting: int, wanted: Tell) -> None:
    assert plan(NOW, cooldown * SECOND, last, quiet, waiting) == wanted


@given(
    arrivals=st.lists(st.integers(0, 3600), min_size=1, max_size=60),
    cooldown=st.integers(0, 900),
    failing=st.sets(st.integers(0, 40)),
)
def test_a_flood_is_told_in_full_and_never_faster_than_the_cooldown(
    arrivals: list[int], cooldown: int, failing: set[int]
) -> None:
    """A worker that follows the plan; its tries of the numbers `failing` fail, and it tries again a second later."""
    sent: list[int] = []
    base, tries, told, looked = NOW, 0, 0, 0
    arrivals.sort()
    now = base + arrivals[0] * SECOND
    while told < len(arrivals) and looked < 500:
        looked += 1
        waiting = sum(base + arrival * SECOND <= now for arrival in arrivals) - told
        tell = plan(now, cooldown * SECOND, sent[-1] if sent else 0, 0, waiting)
        if not tell.now:
            coming = [base + arrival * SECOND for arrival in arrivals if base + arrival * SECOND > now]
            now = tell.not_before_us or coming[0]
            continue
        tries += 1
        if tries - 1 in failing:
            now += SECOND
        else:
            told += waiting if tell.digest else 1
            sent.append(now)
    assert told == len(arrivals)
    assert all(after - before >= cooldown * SECOND for before, after in pairwise(sent))
