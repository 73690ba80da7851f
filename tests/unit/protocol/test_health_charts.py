"""Paths into what devices say, and the numbers that are found there."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presets_store.protocol.errors import BadRequestBody
from presets_store.services.fleet.health_charts import LINES, chart_lines, number_of, numbers_at, read_path

names = st.text(st.characters(exclude_characters=".[]", codec="utf-8"), min_size=1, max_size=8)
steps = st.lists(names | st.integers(0, 3), max_size=4)


def written(path: tuple[str | int, ...]) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


@given(names, steps, st.floats(allow_nan=False, allow_infinity=False), st.booleans())
def test_a_number_is_found_where_its_path_says(first: str, rest: list[str | int], number: float, as_text: bool) -> None:
    path = (first, *rest)
    said: Any = repr(number) if as_text else number
    for step in reversed(path):
        said = {step: said} if isinstance(step, str) else [*[None] * step, said]
    assert read_path(written(path)) == path
    assert numbers_at(json.loads(json.dumps(said)), path) == {"": number}


@given(st.text("ab.[]02", max_size=12) | st.text(max_size=12))
def test_any_text_is_a_path_or_refused_by_name(text: str) -> None:
    try:
        path = read_path(text)
    except BadRequestBody as refusal:
        problem = str(refusal)
    else:
        problem = ""
        assert written(path) == re.sub(r"\[0+(?=\d)", "[", text)
    assert not problem or problem.startswith("variableName is no path")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5), steps)
def test_whatever_is_said_only_numbers_are_found(said: Any, rest: list[str | int]) -> None:
    assert all(isinstance(number, float) for number in numbers_at({"a": said}, ("a", *rest)).values())


@pytest.mark.parametrize(
    ("value", "number"),
    [(48, 48.0), ("48.3", 48.3), (" 7 ", 7.0), ("-1e2", -100.0), (True, None), ("", None), ("1_0", None),
     ("65/70", None), ("nan", None), ("inf", None), (10**400, None), (None, None), ([1], None), ({}, None)],
)  # fmt: skip
def test_a_text_that_is_a_number_counts(value: Any, number: float | None) -> None:
    assert number_of(value) == number


def test_a_list_is_one_line_each_and_only_so_many() -> None:
    told = [(2_500_000, json.dumps({"a": list(range(LINES + 5))})), (4_000_000, '{"a": [null, "9"]}'), (5, "[]")]
    lines = chart_lines(["a", "b"], told)
    assert [line.label for line in lines] == [f"a[{index}]" for index in range(LINES)]
    assert [(point.time, point.value) for point in lines[1].data] == [(2, 1.0), (4, 9.0)]
