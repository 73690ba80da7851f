"""Working time against a slow judge, at random and around both changes of the clocks."""

import json
from collections import Counter
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from itertools import pairwise

import pytest
from fakes.soak import count, seeded, told
from fakes.working_times import (
    CHANGES,
    changes,
    judged,
    random_anchor,
    random_moment,
    random_working_time,
    random_zone,
    zone_of,
)

from presets_store.rules.scripts.working_time import WorkingTime, active, windows

PAIRS = count(2_000, 100_000)
TABLES = count(150, 5_000)
MICRO = 1_000_000


def read(given: dict[str, object]) -> WorkingTime:
    if "schedule" in given:
        return WorkingTime.from_schedule(given["schedule"])
    return WorkingTime.from_timetable(given["timetable"])


def offset(second: int, zone: tzinfo) -> timedelta | None:
    return datetime.fromtimestamp(second, zone).utcoffset()


@pytest.mark.parametrize("name", [name for name in CHANGES if CHANGES[name]])
def test_the_clocks_are_changed_when_these_tests_think(name: str) -> None:
    zone = zone_of(name)
    for second in changes(name):
        assert offset(second - 1, zone) != offset(second, zone)


@pytest.mark.soak
@pytest.mark.timeout(count(120, 1800))
def test_at_random_moments() -> None:
    random = seeded("working time: moments")
    seen: Counter[str] = Counter()
    near = 0
    for _ in range(PAIRS):
        name = random_zone(random)
        anchor = random_anchor(random, name)
        given, moment = random_working_time(random, anchor), random_moment(random, anchor)
        verdict = active(read(given), moment, zone_of(name))
        assert verdict.reason.value == judged(given, moment, zone_of(name)), (name, moment, json.dumps(given))
        assert verdict.active == (verdict.reason.value == "")
        seen[verdict.reason.value] += 1
        near += any(abs(moment - change * MICRO) < 3 * 3600 * MICRO for change in changes(name))
    assert set(seen) == {"", "break", "outside_working_time", "outside_intervals", "excluded_date"}
    assert near > PAIRS // 4
    told(
        "working time: moments against the judge",
        pairs=PAIRS,
        near_a_change=near,
        **{k or "active": v for k, v in seen.items()},
    )


@pytest.mark.soak
@pytest.mark.timeout(count(120, 1800))
def test_windows_are_when_it_is_active() -> None:
    """On both sides of each edge, at each change of the clocks, and at random in between."""
    random = seeded("working time: windows")
    edges = 0
    for _ in range(TABLES):
        name = random_zone(random)
        zone, anchor = zone_of(name), random_anchor(random, name)
        given = random_working_time(random, anchor)
        working_time, first = read(given), (datetime.fromtimestamp(anchor, zone) - timedelta(days=1)).date()
        days = random.choice((1, 3, 14))
        found = windows(working_time, zone, first, days)
        last = first + timedelta(days=days - 1)
        assert all(before.end_us < after.start_us for before, after in pairwise(found))
        assert all(window.start_us < window.end_us for window in found)
        turns = [turn // MICRO for window in found for turn in (window.start_us, window.end_us)]
        looks = {turn + step for turn in (*turns, *changes(name), anchor) for step in (-2, -1, 0, 1)}
        looks |= {anchor + random.randrange(-2 * 86_400, 4 * 86_400) for _ in range(20)}
        for second in looks:
            inside = any(window.start_us <= second * MICRO < window.end_us for window in found)
            of_these_days = first <= datetime.fromtimestamp(second, zone).date() <= last
            wanted = of_these_days and active(working_time, second * MICRO, zone).active
            assert inside == wanted, (name, second, first, days, json.dumps(given))
        edges += len(turns)
    assert edges > TABLES
    told("working time: windows against moments", tables=TABLES, edges=edges)


def test_both_forms_show_the_same_windows() -> None:
    random = seeded("working time: forms")
    for _ in range(150):
        name = random_zone(random)
        zone, anchor = zone_of(name), random_anchor(random, name)
        today = datetime.fromtimestamp(anchor, zone).date()
        given = random_working_time(random, anchor)
        working_time = read(given)
        assert WorkingTime.from_json(working_time.to_json()) == working_time
        as_timetable = WorkingTime.from_timetable(working_time.timetable())
        assert windows(as_timetable, zone, today, 8) == windows(working_time, zone, today, 8)
        standing = timezone(datetime.combine(today, time(12), zone).utcoffset() or timedelta(0))
        shown = working_time.schedule(zone, today)
        this_week = windows(working_time, standing, today, 7)
        if this_week and this_week != windows(WorkingTime(), standing, today, 7):
            assert windows(WorkingTime.from_schedule(shown), standing, today, 7) == this_week, json.dumps(given)


@pytest.mark.soak
@pytest.mark.timeout(count(120, 1800))
@pytest.mark.parametrize("name", [name for name in CHANGES if CHANGES[name]])
def test_second_by_second_through_a_change(name: str) -> None:
    random = seeded(f"working time: {name}")
    around = count(600, 13 * 3600)
    for change in changes(name):
        given = random_working_time(random, change)
        working_time, zone = read(given), zone_of(name)
        first = (datetime.fromtimestamp(change, UTC) - timedelta(days=2)).date()
        found = [(window.start_us, window.end_us) for window in windows(working_time, zone, first, 5)]
        for second in range(change - around, change + around):
            wanted = judged(given, second * MICRO, zone) == ""
            assert any(start <= second * MICRO < end for start, end in found) == wanted, (second, json.dumps(given))
    told(f"working time: second by second, {name}", seconds=2 * around * len(changes(name)))
