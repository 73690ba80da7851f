"""Working times, zones and coming days: from the command line to the wire, and back to words."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cli.errors import BadParameters
from agent.cli.scripts.coming import change_text, windows_text
from agent.cli.scripts.hours import DAYS, short_hours, short_quiet, timetable
from agent.cli.scripts.zones import zone_text, zones_of
from presets_store.rules.scripts.working_time import WorkingTime

times = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59))
spans = st.builds("{}-{}".format, times, times)
day_spans = st.builds("{} {}".format, st.sampled_from([*DAYS, "weekdays", "weekend"]), spans)
dates = st.dates().filter(lambda day: 1970 <= day.year <= 9998).map(str)
shares = st.integers(0, 1000).map(lambda number: number / 1000)


@given(st.lists(spans | day_spans, min_size=1, max_size=5), st.lists(dates, max_size=3))
def test_working_times_read_as_they_were_given(hours: list[str], excluded: list[str]) -> None:
    wire = timetable(hours, [], [], excluded)
    WorkingTime.from_timetable(wire)
    assert short_hours({"timetable": wire}) == "; ".join([", ".join(hours), *(f"not {day}" for day in excluded)])


def test_breaks_belong_to_all_hours() -> None:
    wire = timetable(["monday 08:00-12:00+02:00", "14:00:30-24:00"], ["09:00-09:30"], ["2026-12-01..2026-12-24"], [])
    assert wire == {
        "days": [
            {
                "type": "monday",
                "from": "08:00:00",
                "to": "12:00:00+02:00",
                "breaks": [{"from": "09:00:00", "to": "09:30:00"}],
            },
            {
                "type": "same_every_day",
                "from": "14:00:30",
                "to": "24:00:00",
                "breaks": [{"from": "09:00:00", "to": "09:30:00"}],
            },
        ],
        "intervals": [{"from": "2026-12-01", "to": "2026-12-24"}],
    }
    assert short_hours({"timetable": timetable([], ["12:00-13:00"], [], [])}) == "00:00-24:00 without 12:00-13:00"
    assert timetable([], [], [], []) is None
    assert short_hours({"timetable": {"days": [], "intervals": []}}) == "always"


def test_quiet_hours_read_in_a_few_words() -> None:
    quiet = {"from": "22:00:00", "to": "06:59:59", "days": ["weekdays"], "zone": "Europe/Berlin"}
    assert short_quiet(quiet) == "weekdays 22:00-06:59:59 (Europe/Berlin)"
    assert short_quiet(None) == ""


@given(st.text(max_size=30))
def test_whatever_is_given_as_hours_is_refused_or_becomes_a_day(text: str) -> None:
    with suppress(BadParameters):
        wire = timetable([text], [], [], [])
        assert wire is not None
        assert wire["days"][0].keys() == {"type", "from", "to", "breaks"}


@given(st.lists(st.tuples(shares, shares), min_size=1, max_size=8), st.sampled_from(["area", "line", "exclude"]))
def test_zones_read_as_they_were_given(points: list[tuple[float, float]], kind: str) -> None:
    text = " ".join(f"{x:g},{y:g}" for x, y in points)
    (zone,) = zones_of({kind: [f"by the door={text}"]})
    assert zone_text(zone) == f"{kind} by the door: {text}"
    assert zones_of({kind: [text, text]})[1]["name"] == f"{kind} 2"


@pytest.mark.parametrize("text", ["", "0.1", "0.1,0.2,0.3", "1.5,0", "-0.1,0", "nan,0", "a=", "1e-3,0"])
def test_points_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(BadParameters, match="shares of width and height"):
        zones_of({"area": [text]})


def window(start: str, end: str) -> dict[str, str]:
    return {"from": f"2026-10-25T{start}", "to": f"2026-10-{end}"}


@pytest.mark.parametrize(
    ("windows", "changed", "text"),
    [
        ([], False, "-"),
        ([window("00:00:00+02:00", "26T00:00:00+01:00")], True, "all day"),
        ([window("00:00:00+02:00", "26T00:00:00+02:00")], False, "all day"),
        ([window("08:00:00+01:00", "25T18:00:01+01:00")], False, "08:00-18:00"),
        ([window("08:00:00+01:00", "25T18:00:00+01:00")], False, "08:00-18:00"),
        ([window("08:00:00+01:00", "25T12:30:16+01:00")], False, "08:00-12:30:15"),
        ([window("13:00:01+01:00", "26T00:00:00+01:00")], False, "13:00-24:00"),
        ([window("02:30:00+02:00", "25T02:30:01+01:00")], True, "02:30+02-02:30+01"),
        ([window("02:30:00+05:30", "25T03:30:01+05:30")], True, "02:30+05:30-03:30+05:30"),
    ],
)
def test_windows_of_a_day(windows: list[dict[str, str]], changed: bool, text: str) -> None:
    change = [{"at": "2026-10-25T02:00:00+01:00", "by_seconds": -3600}] if changed else []
    assert windows_text({"windows": windows, "clock_changes": change}) == text


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"at": "2026-03-29T03:00:00+02:00", "by_seconds": 3600}, "clock goes forward 1 h at 02:00"),
        ({"at": "2026-10-25T02:00:00+01:00", "by_seconds": -3600}, "clock goes back 1 h at 03:00"),
        ({"at": "2026-10-04T02:30:00+11:00", "by_seconds": 1800}, "clock goes forward 30 min at 02:00"),
        ({"at": "2026-10-04T02:30:00+11:00", "by_seconds": 5400}, "clock goes forward 1 h 30 min at 01:00"),
    ],
)
def test_a_change_of_clocks_in_words(change: dict[str, Any], text: str) -> None:
    assert change_text({"windows": [], "clock_changes": [change]}) == text
