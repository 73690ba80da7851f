"""Working time as the contract has it: both forms, their meaning, and what is refused."""

import json
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fakes.soak import count, examples
from fakes.working_times import TYPES
from hypothesis import given, settings
from hypothesis import strategies as st

from presets_store.errors import Kind
from presets_store.rules.scripts.coming import shown_at
from presets_store.rules.scripts.errors import BadScript
from presets_store.rules.scripts.working_time import ALWAYS, Window, WorkingTime, active, windows

BERLIN = ZoneInfo("Europe/Berlin")
SCHEDULE = [{"day": 0, "ranges": [{"from": "00:00:00", "to": "23:59:59"}]}]
DAY = {
    "type": "same_every_day",
    "from": "00:00:00+05:00",
    "to": "23:59:00+05:00",
    "breaks": [{"from": "16:00:00+05:00", "to": "17:00:00+05:00"}],
}
MONDAY = "2026-11-23"
MICRO = 1_000_000


def at(text: str, zone: ZoneInfo = BERLIN) -> int:
    """Microseconds of a local or an absolute time."""
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()) * MICRO


def why(working_time: WorkingTime, text: str, zone: ZoneInfo = BERLIN) -> str:
    verdict = active(working_time, at(text, zone), zone)
    assert verdict.active == (verdict.reason == "")
    return verdict.reason.value


def day(kind: str, begin: str, end: str, *breaks: tuple[str, str]) -> dict[str, Any]:
    return {"type": kind, "from": begin, "to": end, "breaks": [{"from": a, "to": b} for a, b in breaks]}


def timetable(*days: dict[str, Any], intervals: list[dict[str, Any]] | None = None) -> WorkingTime:
    return WorkingTime.from_timetable({"days": list(days), "intervals": intervals or []})


def shown(found: list[Window], zone: ZoneInfo = BERLIN) -> list[str]:
    return [
        " - ".join(
            datetime.fromtimestamp(us // MICRO, zone).strftime("%a %H:%M:%S%z") for us in (each.start_us, each.end_us)
        )
        for each in found
    ]


def test_the_contracts_schedule() -> None:
    working_time = WorkingTime.from_schedule(SCHEDULE)
    assert why(working_time, "2026-11-22T12:00:00") == ""  # a Sunday
    assert why(working_time, "2026-11-22T23:59:59") == ""
    assert why(working_time, "2026-11-23T00:00:00") == "outside_working_time"
    assert working_time.schedule(BERLIN, date(2026, 11, 23)) == SCHEDULE


def test_the_contracts_timetable() -> None:
    working_time = WorkingTime.from_timetable({"days": [DAY]})
    assert why(working_time, f"{MONDAY}T15:59:59+05:00") == ""
    assert why(working_time, f"{MONDAY}T16:00:00+05:00") == "break"
    assert why(working_time, f"{MONDAY}T17:00:00+05:00") == "break"  # `to` belongs to it
    assert why(working_time, f"{MONDAY}T17:00:01+05:00") == ""
    assert why(working_time, f"{MONDAY}T23:59:00+05:00") == ""
    assert why(working_time, f"{MONDAY}T23:59:01+05:00") == "outside_working_time"
    assert working_time.timetable() == {"days": [DAY], "intervals": []}


@pytest.mark.parametrize("value", [None, {}, {"days": []}, {"days": None, "intervals": []}, {"other": 1}])
def test_an_empty_timetable_is_always(value: Any) -> None:
    assert WorkingTime.from_timetable(value) == ALWAYS
    assert WorkingTime.from_schedule([]) == WorkingTime.from_schedule(None) == WorkingTime.from_json("") == ALWAYS
    assert ALWAYS.to_json() == ""
    assert ALWAYS.schedule(BERLIN, date(2026, 11, 23)) == []
    assert ALWAYS.timetable() == {"days": [], "intervals": []}
    assert shown(windows(ALWAYS, BERLIN, date(2026, 3, 28), 2)) == ["Sat 00:00:00+0100 - Mon 00:00:00+0200"]


@pytest.mark.parametrize("kind", TYPES)
def test_each_kind_of_day(kind: str) -> None:
    working_time = timetable(day(kind, "12:00:00", "12:00:00"))
    on = [number for number in range(7) if why(working_time, f"2026-11-{22 + number}T12:00:00") == ""]
    assert "".join(map(str, on)) == TYPES[kind]


def test_a_range_over_midnight_belongs_to_the_day_it_begins_on() -> None:
    working_time = timetable(day("friday", "22:00:00", "06:00:00", ("02:00:00", "02:59:59")))
    assert shown(windows(working_time, BERLIN, date(2026, 11, 23), 7)) == [
        "Fri 22:00:00+0100 - Sat 02:00:00+0100",
        "Sat 03:00:00+0100 - Sat 06:00:01+0100",
    ]


def test_a_break_over_midnight_lasts_into_the_next_day_and_wins_there() -> None:
    working_time = timetable(
        day("monday", "08:00:00", "24:00:00", ("23:00:00", "00:59:59")), day("tuesday", "00:00", "02:00")
    )
    assert shown(windows(working_time, BERLIN, date(2026, 11, 23), 2)) == [
        "Mon 08:00:00+0100 - Mon 23:00:00+0100",
        "Tue 01:00:00+0100 - Tue 02:00:01+0100",
    ]


def test_ranges_that_overlap_or_touch_are_one() -> None:
    ranges = [
        {"from": "08:00:00", "to": "11:59:59"},
        {"from": "10:00:00", "to": "12:30:00"},
        {"from": "12:30:01", "to": "24:00:00"},
    ]
    working_time = WorkingTime.from_schedule([{"day": 1, "ranges": ranges}, {"day": 2, "ranges": ranges[:1]}])
    assert shown(windows(working_time, BERLIN, date(2026, 11, 23), 7)) == [
        "Mon 08:00:00+0100 - Tue 00:00:00+0100",
        "Tue 08:00:00+0100 - Tue 12:00:00+0100",
    ]


def test_the_skipped_hour() -> None:
    """On 2026-03-29 the clock jumps from 02:00 to 03:00."""
    begins = timetable(day("same_every_day", "02:30:00", "03:59:59"))
    within = timetable(day("same_every_day", "02:10:00", "02:50:00"))
    assert shown(windows(begins, BERLIN, date(2026, 3, 29), 1)) == ["Sun 03:00:00+0200 - Sun 04:00:00+0200"]
    assert windows(within, BERLIN, date(2026, 3, 29), 1) == []


def test_the_hour_that_is_shown_twice() -> None:
    """On 2026-10-25 the clock goes from 03:00 back to 02:00."""
    both = timetable(day("same_every_day", "02:15:00", "02:29:59"))
    fixed = timetable(day("same_every_day", "02:15:00+02:00", "02:29:59+02:00"))
    first, second = "Sun 02:15:00+0200 - Sun 02:30:00+0200", "Sun 02:15:00+0100 - Sun 02:30:00+0100"
    assert shown(windows(both, BERLIN, date(2026, 10, 25), 1)) == [first, second]
    assert shown(windows(fixed, BERLIN, date(2026, 10, 25), 1)) == [first]


def test_an_offset_is_kept_when_the_clocks_change() -> None:
    working_time = timetable(day("same_every_day", "12:00:00+01:00", "12:59:59+01:00"))
    assert why(working_time, "2026-07-01T12:30:00") == "outside_working_time"
    assert why(working_time, "2026-07-01T13:30:00") == ""
    assert why(working_time, "2026-12-01T12:30:00") == ""


def test_times_of_two_offsets_meet_at_the_first_time_they_can() -> None:
    working_time = timetable(day("monday", "22:00:00+01:00", "23:00:00-05:00"))
    assert shown(windows(working_time, BERLIN, date(2026, 11, 23), 2)) == ["Mon 22:00:00+0100 - Tue 05:00:01+0100"]


def test_intervals_restrict_and_except() -> None:
    working_time = timetable(
        day("same_every_day", "08:00:00", "17:59:59"),
        intervals=[
            {"from": "2026-12-20", "to": "2026-12-31T10:00:00"},
            {"from": "2026-12-24", "to": "2026-12-26", "except": True},
            {"from": "2027-03-01T09:00:00Z", "to": "2027-03-01T10:00:00+01:00"},
        ],
    )
    assert why(working_time, "2026-12-19T12:00:00") == "outside_intervals"
    assert why(working_time, "2026-12-20T12:00:00") == ""
    assert why(working_time, "2026-12-20T07:59:59") == "outside_working_time"
    assert why(working_time, "2026-12-24T00:00:00") == why(working_time, "2026-12-26T23:59:59") == "excluded_date"
    assert why(working_time, "2026-12-27T08:00:00") == ""
    assert why(working_time, "2026-12-31T10:00:01") == "outside_intervals"
    assert shown(windows(working_time, BERLIN, date(2027, 3, 1), 1)) == ["Mon 10:00:00+0100 - Mon 10:00:01+0100"]


def test_an_interval_that_ends_with_the_first_second_after_a_change() -> None:
    working_time = timetable(intervals=[{"from": "2026-03-29T01:00:00", "to": "2026-03-29T03:00:00"}])
    assert shown(windows(working_time, BERLIN, date(2026, 3, 29), 1)) == ["Sun 01:00:00+0100 - Sun 03:00:01+0200"]


def test_a_break_that_begins_with_the_last_second_of_a_night() -> None:
    working_time = timetable(day("friday", "22:00:00", "06:00:00", ("06:00:00", "21:59:59")))
    assert why(working_time, "2026-11-28T06:00:00") == "break"
    assert why(working_time, "2026-11-27T21:59:59") == "outside_working_time"


def test_an_interval_may_end_with_a_day() -> None:
    for end in ("2026-12-24", "2026-12-24T24:00:00", "2026-12-24 23:59:59.000"):
        working_time = timetable(intervals=[{"from": "2026-12-24T18:00", "to": end}])
        assert shown(windows(working_time, BERLIN, date(2026, 12, 24), 2)) == ["Thu 18:00:00+0100 - Fri 00:00:00+0100"]


def test_exceptions_alone_restrict_nothing_else() -> None:
    working_time = timetable(intervals=[{"from": "2026-12-24", "to": "2026-12-26", "except": True}])
    assert why(working_time, "2026-12-23T23:59:59") == why(working_time, "2026-12-27T00:00:00") == ""
    assert why(working_time, "2026-12-25T12:00:00") == "excluded_date"


def test_a_timetable_shown_as_a_schedule_is_equivalent() -> None:
    """14:00 to 22:00 of +05:00 is 10:00 to 18:00 in Berlin's winter, 11:00 to 19:00 in its summer."""
    working_time = timetable(day("monday", "14:00:00+05:00", "21:59:59+05:00", ("16:00:00+05:00", "16:59:59+05:00")))
    winter = [{"from": "10:00:00", "to": "11:59:59"}, {"from": "13:00:00", "to": "17:59:59"}]
    summer = [{"from": "11:00:00", "to": "12:59:59"}, {"from": "14:00:00", "to": "18:59:59"}]
    assert working_time.schedule(BERLIN, date(2026, 11, 25)) == [{"day": 1, "ranges": winter}]
    assert working_time.schedule(BERLIN, date(2026, 7, 1)) == [{"day": 1, "ranges": summer}]
    assert working_time.timetable()["days"][0]["from"] == "14:00:00+05:00"


def test_a_local_timetable_shown_as_a_schedule_does_not_depend_on_the_week() -> None:
    working_time = timetable(day("weekend", "22:00:00", "02:30:00"), day("sunday", "02:00:00", "02:15:00"))
    wanted = [
        {"day": 0, "ranges": [{"from": "00:00:00", "to": "02:30:00"}, {"from": "22:00:00", "to": "23:59:59"}]},
        {"day": 1, "ranges": [{"from": "00:00:00", "to": "02:30:00"}]},
        {"day": 6, "ranges": [{"from": "22:00:00", "to": "23:59:59"}]},
    ]
    for today in (date(2026, 3, 24), date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 25)):
        assert working_time.schedule(BERLIN, today) == wanted


def test_a_schedule_shown_as_a_timetable() -> None:
    span = {"from": "08:00:00", "to": "24:00:00"}
    week = WorkingTime.from_schedule([{"day": number, "ranges": [span]} for number in range(7)])
    assert week.timetable() == {"days": [{"type": "same_every_day", **span, "breaks": []}], "intervals": []}
    two = WorkingTime.from_schedule(
        [{"day": 6, "ranges": [span]}, {"day": 0, "ranges": [span]}, {"day": 3, "ranges": []}]
    )
    assert [each["type"] for each in two.timetable()["days"]] == ["sunday", "saturday"]


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"day": 0}, "schedule"),
        ([3], "schedule.0"),
        ([{"day": 7, "ranges": [{"from": "00:00:00", "to": "01:00:00"}]}], "schedule.0.day"),
        ([{"day": True, "ranges": [{"from": "00:00:00", "to": "01:00:00"}]}], "schedule.0.day"),
        ([{"ranges": [{"from": "00:00:00", "to": "01:00:00"}]}], "schedule.0.day"),
        ([{"day": 1, "ranges": {}}], "schedule.0.ranges"),
        ([{"day": 1, "ranges": []}], "schedule"),
        ([{"day": 1, "ranges": [{"from": "24:00:00", "to": "24:00:00"}]}], "schedule.0.ranges.0.from"),
        ([{"day": 1, "ranges": [{"from": "00:00:00", "to": "24:00:01"}]}], "schedule.0.ranges.0.to"),
        ([{"day": 1, "ranges": [{"from": "00:00:00"}]}], "schedule.0.ranges.0.to"),
        ([{"day": 1, "ranges": [{"from": "00:00:00", "to": "9:00:00"}]}], "schedule.0.ranges.0.to"),
        ([{"day": 1, "ranges": [{"from": "00:00:00", "to": "09:60:00"}]}], "schedule.0.ranges.0.to"),
        ([{"day": 1, "ranges": [{"from": "00:00:00", "to": "\u0660\u0669:00:00"}]}], "schedule.0.ranges.0.to"),
        ([{"day": 1, "ranges": [{"from": "00:00:00", "to": "09:00:00"}] * 401}], "schedule.0.ranges"),
        ([{"day": 1, "ranges": [{"from": "00:00:00", "to": "09:00:00"}] * 201}] * 2, "schedule"),
    ],
)
def test_schedules_that_are_refused(value: Any, field: str) -> None:
    with pytest.raises(BadScript) as refused:
        WorkingTime.from_schedule(value)
    assert field in [problem.field for problem in refused.value.problems]
    assert refused.value.kind is Kind.UNPROCESSABLE


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": None}, "days.0.type"),
        ({"type": "Monday"}, "days.0.type"),
        ({"type": ["monday"]}, "days.0.type"),
        ({"to": "23:59:00"}, "days.0.to"),
        ({"to": "23:59:00+14:01"}, "days.0.to"),
        ({"to": "23:59:00+05:60"}, "days.0.to"),
        ({"breaks": "none"}, "days.0.breaks"),
        ({"breaks": [{"from": "16:00:00", "to": "17:00:00"}]}, "days.0.breaks.0.from"),
        ({"breaks": [{"from": "16:00:00+05:00", "to": 17}]}, "days.0.breaks.0.to"),
    ],
)
def test_days_that_are_refused(change: dict[str, Any], field: str) -> None:
    with pytest.raises(BadScript) as refused:
        WorkingTime.from_timetable({"days": [DAY | change]})
    assert [problem.field for problem in refused.value.problems] == [f"timetable.{field}"]


@pytest.mark.parametrize(
    ("interval", "field"),
    [
        ({"from": "2026-12-24"}, "to"),
        ({"from": "2026-12-24", "to": "2026-12-23"}, "to"),
        ({"from": "2026-12-24T10:00:00Z", "to": "2026-12-24T10:59:00+01:00"}, "to"),
        ({"from": "2026-12-24", "to": "2026-12-24T10:59:00+01:00"}, "to"),
        ({"from": "2026-12-24T24:00:00", "to": "2026-12-26"}, "from"),
        ({"from": "2026-02-30", "to": "2026-12-24"}, "from"),
        ({"from": "1969-12-31", "to": "2026-12-24"}, "from"),
        ({"from": "2026-12-24", "to": "9999-12-31"}, "to"),
        ({"from": "2026-12-24", "to": "2026-12-26", "except": "yes"}, "except"),
    ],
)
def test_intervals_that_are_refused(interval: dict[str, Any], field: str) -> None:
    with pytest.raises(BadScript) as refused:
        WorkingTime.from_timetable({"days": [], "intervals": [interval]})
    assert [problem.field for problem in refused.value.problems] == [f"timetable.intervals.0.{field}"]


def test_all_that_is_wrong_is_told_within_bounds_and_never_repeated() -> None:
    with pytest.raises(BadScript) as refused:
        WorkingTime.from_timetable({"days": [{"type": "<secret>", "from": "<secret>", "to": "<secret>"}] * 300})
    assert [problem.field for problem in refused.value.problems][:4] == [
        "timetable.days.0.type",
        "timetable.days.0.from",
        "timetable.days.0.to",
        "timetable.days.1.type",
    ]
    assert len(refused.value.problems) == 50
    assert "secret" not in refused.value.message


TEXTS = st.sampled_from(
    ["00:00:00", "24:00:00", "12:30", "08:00:00+05:00", "2026-12-24", "2026-12-24T08:00:00Z", "monday"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["days", "intervals", "day", "ranges", "breaks", "type", "from", "to", "except"]), inner
        )
    ),
    max_leaves=12,
)


@pytest.mark.soak
@pytest.mark.timeout(count(120, 1800))
@given(value=JSON)
@settings(max_examples=examples("working time: any JSON", 150, 10_000))
def test_any_json_is_taken_or_refused(value: Any) -> None:
    """And what was taken is kept: stored, read and shown again it is the same."""
    for read in (WorkingTime.from_schedule, WorkingTime.from_timetable):
        try:
            working_time = read(value)
        except BadScript:
            continue
        assert WorkingTime.from_json(working_time.to_json()) == working_time
        assert active(working_time, at(f"{MONDAY}T12:00:00"), BERLIN).reason is not None
        again = json.loads(json.dumps([working_time.timetable(), working_time.schedule(BERLIN, date(2026, 11, 23))]))
        assert WorkingTime.from_timetable(again[0]).timetable() == again[0]
        assert WorkingTime.from_schedule(again[1]).schedule(BERLIN, date(2026, 11, 23)) == again[1]


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_the_ends_of_the_calendar(text: str, zone: str) -> None:
    """A peer may name them; in one of the zones they are beyond it."""
    assert why(timetable(day("wednesday", "00:00", "24:00")), text, ZoneInfo(zone)) == "outside_working_time"
    assert shown_at(at(text), ZoneInfo(zone))[:4] in ("0001", "9999")


def test_a_zone_without_a_name_will_do() -> None:
    assert windows(ALWAYS, UTC, date(1970, 1, 1), 1) == [Window(0, 86_400 * MICRO)]
