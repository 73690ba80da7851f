"""Placeholders: filled by name, types kept, never evaluated."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presets_store.rules.scripts.placeholders import (
    COMMON,
    MAX_TEXT,
    OBSERVED,
    common_values,
    fill,
    unknown_placeholders,
)

VALUES = {
    "count": 7,
    "score": 0.875,
    "camera": "Gate",
    "open": True,
    "nothing": None,
    "boxes": [[0, 0.5]],
    "big": 2.5e9,
}


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ("{count} people at {camera}", "7 people at Gate"),
        ("{count}", 7),
        ("{score}", 0.875),
        ("{boxes}", [[0, 0.5]]),
        ("{nothing}", None),
        ("{missing}", None),
        ("[{missing}{nothing}]", "[]"),
        ("{score} {open} {boxes} {big}", "0.875 true [[0, 0.5]] 2500000000"),
        ("{{count}}", "{count}"),
        ("{{{count}}}", "{7}"),
        ("{{}}", "{}"),
        ("no placeholder", "no placeholder"),
        ({"seconds": "{count}", "{count}": ["{camera}", 3, None]}, {"seconds": 7, "{count}": ["Gate", 3, None]}),
        (5, 5),
    ],
)
def test_filled(template: Any, wanted: Any) -> None:
    assert fill(template, VALUES) == wanted
    assert type(fill(template, VALUES)) is type(wanted)


@pytest.mark.parametrize(
    "template",
    ["{camera.__class__}", "{0}", "{camera!r}", "{count:>999999}", "{camera[0]}", "{Count}", "{ count }", "{"],
)
def test_nothing_else_is_a_placeholder(template: str) -> None:
    assert fill(template, VALUES) == template
    assert [problem.field for problem in unknown_placeholders({"a": [template]}, None)] == ["a.0"]


def test_what_is_filled_in_is_not_looked_at_again() -> None:
    assert fill("{camera}", {"camera": "{count}", "count": 1}) == "{count}"
    assert fill("at {camera}", {"camera": "{count}{{", "count": 1}) == "at {count}{{"


def test_a_value_is_cut() -> None:
    long = {"camera": "x" * 100_000, "boxes": [1] * 100_000}
    assert len(fill("{camera}", long)) == MAX_TEXT
    assert len(fill("{camera} {boxes}", long)) == 2 * MAX_TEXT + 1


def test_unknown_names_are_told_by_path_once() -> None:
    template = {"tags": ["{count}", "{plate} {plate} {camera}"], "{other}": {"title": "}{secret}"}}
    found = unknown_placeholders(template, {"count", "camera"}, "extra.parameters")
    assert [(each.field, each.problem) for each in found] == [
        ("extra.parameters.tags.1", "has a placeholder that is not known"),
        ("extra.parameters.{other}.title", "has a brace that is no placeholder"),
        ("extra.parameters.{other}.title", "has a placeholder that is not known"),
    ]
    assert found[0].expected == "one of camera, count"
    assert "plate" not in "".join(map(str, found))
    assert [each.problem for each in unknown_placeholders(template, None)] == ["has a brace that is no placeholder"]


def test_the_common_values() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    second = datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=1).timestamp()
    found = common_values(
        event="motion",
        camera="Gate",
        device="Box",
        script="At night",
        occurred_us=int(second * 1_000_000) + 9,
        zone=berlin,
    )
    assert found.keys() == COMMON
    assert found["time"] == "2026-10-25T02:30:00+01:00"
    assert not COMMON & OBSERVED


TEXTS = st.text("{}ab_1 :.[]", max_size=12)
TEMPLATES = st.recursive(
    TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("{}a", max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(TEMPLATES)
def test_a_template_without_problems_gives_each_name_its_value(template: Any) -> None:
    """And one with all braces doubled gives back the text that it was made of."""
    doubled = _doubled(template)
    assert unknown_placeholders(doubled, frozenset()) == []
    assert fill(doubled, {"a": "!"}) == template


def _doubled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _doubled(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_doubled(member) for member in value]
    return value.replace("{", "{{").replace("}", "}}")
