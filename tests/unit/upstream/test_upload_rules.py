"""When files are sent and how fast: pure rules, and the settings that name them."""

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from fakes.clock import ManualClock
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.settings import UploadsSettings
from agent.upstream.uploads.addresses import is_safe, shown
from agent.upstream.uploads.bucket import TokenBucket
from agent.upstream.uploads.fetching import usable_name
from agent.upstream.uploads.hours import Hours, read_hours
from agent.upstream.uploads.policy import Held, UploadPolicy
from presets_store.clock import ClockQuality

BERLIN = ZoneInfo("Europe/Berlin")
DAY = 24 * 60
MINUTES = st.integers(0, DAY - 1)


def text_of(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@given(MINUTES, MINUTES)
def test_hours_are_read_as_they_are_written(begin: int, end: int) -> None:
    text = f"{text_of(begin)}-{text_of(end)}"
    if begin == end:
        with pytest.raises(ValueError, match="two different times"):
            read_hours(text)
    else:
        assert read_hours(text) == Hours(begin, end)


@given(MINUTES, MINUTES, st.floats(0, 4_000_000_000))
def test_a_moment_is_within_hours_or_within_those_left_over(begin: int, end: int, moment: float) -> None:
    if begin != end:
        inside, outside = Hours(begin, end), Hours(end, begin)
        assert inside.include(moment, BERLIN) is not outside.include(moment, BERLIN)


@given(MINUTES, MINUTES, MINUTES)
def test_what_counts_is_what_the_clock_on_the_wall_shows(begin: int, length: int, passed: int) -> None:
    hours = Hours(begin, (begin + max(1, length)) % DAY)
    minute = (begin + passed) % DAY
    moment = datetime(2026, 6, 1, minute // 60, minute % 60, tzinfo=BERLIN).timestamp()
    if hours.begin != hours.end:
        assert hours.include(moment, BERLIN) is (passed < max(1, length))


def open_minutes(hours: str, day: tuple[int, int, int]) -> int:
    """How many minutes of the day are within the hours, by a clock that is never set."""
    read = read_hours(hours)
    assert read is not None
    begin = datetime(*day, tzinfo=BERLIN).timestamp()
    return sum(
        read.include(begin + 60 * minute, BERLIN) for minute in range(25 * 60) if is_of(day, begin + 60 * minute)
    )


def is_of(day: tuple[int, int, int], moment: float) -> bool:
    shown_there = datetime.fromtimestamp(moment, BERLIN)
    return (shown_there.year, shown_there.month, shown_there.day) == day


@pytest.mark.parametrize(
    ("day", "night", "gap", "whole"),
    [
        ((2026, 3, 28), 120, 60, 1440),
        ((2026, 3, 29), 60, 0, 1380),
        ((2026, 10, 25), 180, 120, 1500),
    ],
    ids=["a usual day", "2 to 3 is skipped", "2 to 3 comes twice"],
)
def test_days_on_which_the_clock_is_set(day: tuple[int, int, int], night: int, gap: int, whole: int) -> None:
    assert open_minutes("01:00-03:00", day) == night
    assert open_minutes("02:00-03:00", day) == gap
    assert open_minutes("03:00-01:00", day) == whole - night


@pytest.mark.parametrize(
    "text", ["22", "22:00", "24:00-06:00", "22:60-06:00", "22:00-06:00h", "2:00-06:00", "06:00-06:00"]
)
def test_hours_that_are_none_are_refused_with_what_would_be_right(text: str) -> None:
    with pytest.raises(ValidationError, match="22:00-06:00"):
        UploadsSettings(hours=text)


def test_a_limit_that_is_none_is_refused() -> None:
    assert UploadsSettings.model_validate({"rate": "2MB"}).rate == 2_000_000
    with pytest.raises(ValidationError, match="at least 1000"):
        UploadsSettings(rate=10)


@settings(max_examples=25)
@given(st.integers(1000, 10_000_000), st.lists(st.integers(1, 1 << 20), min_size=1, max_size=40))
def test_a_bucket_lets_as_much_through_as_its_rate(rate: int, sizes: list[int]) -> None:
    clock = ManualClock()

    async def take_all() -> float:
        bucket = TokenBucket(rate, clock)
        began = clock.monotonic()
        taking = asyncio.create_task(all_of(bucket))
        while not taking.done():
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            clock.advance(sum(sizes) / rate / 400 + 0.001)
        return clock.monotonic() - began

    async def all_of(bucket: TokenBucket) -> None:
        for size in sizes:
            await bucket.take(size)

    took = asyncio.run(take_all())
    assert took >= (sum(sizes[:-1]) - rate) / rate - 0.01, "never faster, but for one second's worth"


async def test_no_limit_waits_for_nothing() -> None:
    bucket = TokenBucket(0, ManualClock())
    await asyncio.wait_for(bucket.take(1 << 40), 5)


async def test_what_holds_uploads_up() -> None:
    asked = []

    async def metered() -> bool:
        asked.append(True)
        return True

    clock = ManualClock()
    here = datetime.fromtimestamp(clock.now()).astimezone()
    now = 60 * here.hour + here.minute
    later = f"{text_of((now + 2) % DAY)}-{text_of((now + 1) % DAY)}"
    around = f"{text_of(now)}-{text_of((now + 1) % DAY)}"
    not_now = f"{text_of((now + 2) % DAY)}-{text_of((now - 1) % DAY)}"
    assert await UploadPolicy(UploadsSettings(policy="on_request"), clock, metered).held() is Held.POLICY
    assert await UploadPolicy(UploadsSettings(hours=not_now), clock, metered).held() is Held.HOURS
    assert await UploadPolicy(UploadsSettings(hours=later, metered="send"), clock, metered).held() is Held.NOT
    assert asked == []
    within = UploadPolicy(UploadsSettings(hours=around), clock, metered)
    assert await within.held() is Held.METERED
    assert await within.held() is Held.METERED
    assert len(asked) == 1, "the network is not asked each time"
    clock.declared = ClockQuality.FLOOR
    assert await within.held() is Held.CLOCK


def test_files_go_over_tls_or_stay_on_this_machine() -> None:
    assert is_safe("https://bucket.example/x?signature=1")
    assert is_safe("http://127.0.0.1:8789/v1/upload/x")
    for address in (
        "http://bucket.example/x", "ftp://127.0.0.1/x", "/v1/upload/x", "https://[::1/x", "https:///x", "",
    ):  # fmt: skip
        assert not is_safe(address), address
    assert shown("https://[::1/x") == "an address that is none"
    assert shown("https://user:pass@bucket.example/x?signature=1") == "https://bucket.example/x"


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "/etc/passwd",
        ".hidden",
        "a.json",
        "a.mp4.removed",
        "a.mp4.keep",
        "a\x00b",
        "a\n",
        "ü" * 150,
    ],
)
def test_a_name_that_leads_elsewhere_or_means_something_is_not_usable(name: str) -> None:
    assert not usable_name(name)


@given(st.text(min_size=1, max_size=300))
def test_a_usable_name_is_one_file_of_its_folder(name: str) -> None:
    if usable_name(name):
        assert "/" not in name
        assert "\x00" not in name
        assert name not in (".", "..")
        assert len(name.encode()) <= 255
