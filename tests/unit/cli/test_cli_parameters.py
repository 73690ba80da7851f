import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cli.errors import BadParameters
from agent.cli.parameters import changed_parameters, event_parameters, value_of


def test_pairs_go_on_top_of_the_document() -> None:
    text = event_parameters('{"width": 640, "encoding": "copy"}', ["width=1280", "durationSeconds=2.5", "name=a=b"])
    assert json.loads(text) == {"width": 1280, "encoding": "copy", "durationSeconds": 2.5, "name": "a=b"}


def test_nothing_given_is_an_empty_object() -> None:
    assert event_parameters("", []) == "{}"


def test_a_workflow_is_a_list() -> None:
    assert json.loads(event_parameters('[{"key": 1}]', [])) == [{"key": 1}]


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ('"7"', "7"), ("true", True), ("null", None), ("main", "main"), ("", ""), ("NaN", "NaN"), ("[1]", [1])],
)
def test_values(text: str, value: object) -> None:
    assert value_of(text) == value


@given(st.text())
def test_any_value_gives_json_text(text: str) -> None:
    json.loads(event_parameters("", [f"name={text}"]))


def test_changed_parameters_keep_what_is_not_named() -> None:
    text = changed_parameters('{"width": 640, "encoding": "copy", "bitrate": 1}', ["width=1280"], ["bitrate"])
    assert json.loads(text) == {"width": 1280, "encoding": "copy"}
    with pytest.raises(BadParameters, match="--unset height names no parameter of the preset; there are: width"):
        changed_parameters('{"width": 640}', [], ["height"])


@pytest.mark.parametrize(
    ("document", "pairs", "told"),
    [
        ("{", [], "--params is not JSON"),
        ("3", [], "--params is neither"),
        ("[]", ["a=1"], "--param cannot change parameters that are a list"),
        ("", ["a"], "--param a is not of the form"),
        ("", ["=1"], "--param =1 is not of the form"),
    ],
)
def test_what_cannot_be_read_is_named(document: str, pairs: list[str], told: str) -> None:
    with pytest.raises(BadParameters, match=told):
        event_parameters(document, pairs)
