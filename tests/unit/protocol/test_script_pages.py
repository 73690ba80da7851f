"""The pager of long lists, and requests of which only some members are wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presets_store.protocol.errors import BadRequestBody
from presets_store.protocol.parsing import parse_what_fits
from presets_store.protocol.scripts.base import plain_date
from presets_store.protocol.scripts.pages import PER_PAGE, PageQuery, page_frame
from presets_store.protocol.scripts.scripts import ClientScript


def labels(page: int, last: int) -> list[str]:
    """Those between the arrows."""
    links = page_frame("/x", PageQuery(page=page, per_page=1), 1, last)["meta"].links
    return [link.label for link in links[1:-1]]


def test_a_short_list_shows_all_its_pages() -> None:
    assert labels(1, 0) == labels(1, 1) == ["1"]
    assert labels(9, 14) == [str(number) for number in range(1, 15)]


def test_a_long_list_shows_its_ends_and_what_is_around() -> None:
    assert labels(1, 100) == [*"123456789", "10", "...", "99", "100"]
    assert labels(50, 100) == ["1", "2", "...", "47", "48", "49", "50", "51", "52", "53", "...", "99", "100"]
    assert labels(99, 100) == ["1", "2", "...", *map(str, range(91, 101))]


@given(st.integers(1, 60), st.integers(1, 50), st.integers(0, 1000))
def test_a_frame_counts_right(page: int, per_page: int, total: int) -> None:
    there = range(total)[(page - 1) * per_page : page * per_page]
    frame = page_frame("http://x/y", PageQuery(page=page, per_page=per_page), len(there), total)
    meta, links = frame["meta"], frame["links"]
    assert (meta.from_, meta.to) == ((there[0] + 1, there[-1] + 1) if there else (None, None))
    assert meta.last_page == max(1, -(-total // per_page))
    assert (links.next is None) == (page >= meta.last_page)
    assert (links.prev is None) == (not 1 <= page - 1 <= meta.last_page)
    assert links.first == "http://x/y?page=1" + ("" if per_page == PER_PAGE else f"&per_page={per_page}")
    assert [link.label for link in meta.links if link.active] == ([str(page)] if page <= meta.last_page else [])
    assert len(meta.links) <= 2 + 14


def test_what_fits_is_read_beside_what_does_not() -> None:
    raw = b'{"Title": 5, "event_id": 41, "users": [1, "x"], "status": "perhaps", "unknown": 1}'
    body, problems = parse_what_fits(ClientScript, raw)
    assert (body.event_id, body.title, body.users, body.status) == (41, "", [], "active")
    assert [problem.field for problem in problems] == ["title", "users[1]", "status"], "the title is given, if wrong"
    _, problems = parse_what_fits(ClientScript, b"")
    assert [problem.field for problem in problems] == ["title", "event_id"]
    with pytest.raises(BadRequestBody, match="not an object"):
        parse_what_fits(ClientScript, b"[]")


def test_dates_have_no_offset_and_no_fraction() -> None:
    assert plain_date(1_795_392_000_999_999) == "2026-11-23 00:00:00"
    assert plain_date(0) is None
