"""The table of the coming days."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from fakes.soak import seeded
from fakes.working_times import CHANGES, changes, random_anchor, random_working_time, random_zone, zone_of

from presets_store.rules.scripts.coming import ClockChange, explain_table, shown_at
from presets_store.rules.scripts.working_time import WorkingTime, windows

BERLIN = ZoneInfo("Europe/Berlin")
SECOND = 1_000_000
NIGHT = {"type": "same_every_day", "from": "22:00:00", "to": "02:29:59"}


def test_the_rows_around_a_change() -> None:
    rows = explain_table(WorkingTime.from_timetable({"days": [NIGHT]}), BERLIN, date(2026, 10, 24), 3)
    shown = [
        (
            row.day.day,
            row.weekday,
            [(shown_at(w.start_us, BERLIN)[8:], shown_at(w.end_us, BERLIN)[8:]) for w in row.windows],
        )
        for row in rows
    ]
    assert shown == [
        (24, "saturday", [("24T00:00:00+02:00", "24T02:30:00+02:00"), ("24T22:00:00+02:00", "25T00:00:00+02:00")]),
        (
            25,
            "sunday",
            [
                ("25T00:00:00+02:00", "25T02:30:00+02:00"),
                ("25T02:00:00+01:00", "25T02:30:00+01:00"),
                ("25T22:00:00+01:00", "26T00:00:00+01:00"),
            ],
        ),
        (26, "monday", [("26T00:00:00+01:00", "26T02:30:00+01:00"), ("26T22:00:00+01:00", "27T00:00:00+01:00")]),
    ]
    back = ClockChange(changes("Europe/Berlin")[1] * SECOND, -3600)
    assert [row.changes for row in rows] == [(), (back,), ()]


def test_a_day_of_rest_has_an_empty_row() -> None:
    rows = explain_table(WorkingTime.from_schedule([{"day": 2, "ranges": [NIGHT]}]), BERLIN, date(2026, 11, 23), 14)
    assert [len(row.windows) for row in rows] == [0, 1, 1, 0, 0, 0, 0] * 2


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_is_in_the_table(name: str) -> None:
    for change in changes(name):
        zone = zone_of(name)
        first = date.fromisoformat(shown_at((change - 7 * 86_400) * SECOND, zone)[:10])
        rows = [row for row in explain_table(WorkingTime(), zone, first, 14) if row.changes]
        assert [[each.at_us for each in row.changes] for row in rows] == [[change * SECOND]]
        assert shown_at(change * SECOND, zone).startswith(rows[0].day.isoformat())


def test_the_rows_together_are_the_windows() -> None:
    random = seeded("table of the coming days")
    for _ in range(40):
        name = random_zone(random)
        zone, anchor = zone_of(name), random_anchor(random, name)
        given = random_working_time(random, anchor)
        working_time = (
            WorkingTime.from_schedule(given["schedule"])
            if "schedule" in given
            else WorkingTime.from_timetable(given["timetable"])
        )
        first = date.fromisoformat(shown_at((anchor - 3 * 86_400) * SECOND, zone)[:10])
        rows = explain_table(working_time, zone, first, 6)
        total = sum(each.end_us - each.start_us for row in rows for each in row.windows)
        assert total == sum(each.end_us - each.start_us for each in windows(working_time, zone, first, 6))
