from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cli.text import clean, clean_lines, human_seconds, local_time, shortened
from agent.sizes import human_size


@given(st.text())
def test_no_character_that_a_terminal_obeys_is_left(text: str) -> None:
    cleaned = clean(text)
    assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in cleaned)
    cleaned.encode()


@given(st.text(alphabet=st.characters(exclude_categories=["C", "Z"])))
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


def test_what_is_dangerous_is_shown_as_a_mark() -> None:
    assert clean("a\x1b[31mb") == "a\N{REPLACEMENT CHARACTER}[31mb"
    assert clean("evil\u202egnp.exe") == "evil\N{REPLACEMENT CHARACTER}gnp.exe"
    assert clean("one\r\n\ttwo") == "one two"
    assert clean_lines("one\x07\ntwo") == "one\N{REPLACEMENT CHARACTER}\ntwo"


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_960, "1.0 MB"), (1_234_567_890, "1.2 GB")]
)
def test_sizes(size: int, text: str) -> None:
    assert human_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0.0 s"), (9.84, "9.8 s"), (59.96, "1:00 min"), (125.2, "2:05 min"), (3609, "1:00:09 h")]
)
def test_lengths(seconds: float, text: str) -> None:
    assert human_seconds(seconds) == text


def test_times_are_local() -> None:
    zone = ZoneInfo("Europe/Berlin")
    assert local_time("2026-07-01T10:00:00.000000Z", zone) == "2026-07-01 12:00:00"
    assert local_time("2026-01-01T10:00:00", zone) == "2026-01-01 11:00:00"
    assert local_time(None) == "-"
    assert local_time("soon\x1b") == "soon\N{REPLACEMENT CHARACTER}"


def test_long_text_is_cut_with_an_ellipsis() -> None:
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abc def", 5) == "abc…"
