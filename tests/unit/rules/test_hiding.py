"""Secrets in parameters: found wherever they are, and everything else left as it is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presets_store.redaction import HIDDEN
from presets_store.rules.hiding import WITH_SECRETS, hidden, holds_secrets, unchanged, with_secrets

ADD, UPDATE, TRIAL, WORKFLOW = 17, 19, 7, 33
PLAIN = st.dictionaries(st.sampled_from(["sSID", "alias", "priority", "key"]), st.text() | st.integers() | st.none())
SECRET = st.text(min_size=1).map(lambda text: f"\u2020{text}")
NETWORK = st.builds(
    lambda plain, name, secret: {**plain, name: secret}, PLAIN, st.sampled_from(["password", "Password", "psk"]), SECRET
)


@given(networks=st.lists(NETWORK, min_size=1, max_size=5), nested=st.booleans())
def test_every_secret_is_changed_and_nothing_else(networks: list[dict[str, Any]], nested: bool) -> None:
    parameters = {"networks": networks} if nested else networks
    text = json.dumps(parameters, ensure_ascii=False)
    shown = hidden(UPDATE, text)
    assert "\u2020" not in shown
    seen: list[str] = []

    def note(secret: str) -> str:
        seen.append(secret)
        return HIDDEN

    assert with_secrets(UPDATE, text, note) == shown
    back = iter(seen)
    assert json.loads(with_secrets(UPDATE, shown, lambda _: next(back))) == parameters
    assert unchanged(UPDATE, text, shown)
    assert not unchanged(UPDATE, text, text)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        pytest.param({"password": ""}, {"password": ""}, id="none"),
        pytest.param({"password": None}, {"password": None}, id="null"),
        pytest.param({"password": 12345678}, {"password": HIDDEN}, id="number"),
        pytest.param({"password": {"of": ["a"]}}, {"password": {"of": [HIDDEN]}}, id="inside"),
        pytest.param([], [], id="empty"),
    ],
)
def test_odd_passwords(given: object, shown: object) -> None:
    assert json.loads(hidden(ADD, json.dumps(given))) == shown


@pytest.mark.parametrize("text", ["", "{", "nonsense", '{ "sSID" : "a" }'], ids=["empty", "open", "text", "spaces"])
def test_what_holds_no_secret_stays_to_the_letter(text: str) -> None:
    assert hidden(ADD, text) == text


def test_other_types_are_not_looked_into() -> None:
    assert TRIAL not in WITH_SECRETS
    assert hidden(TRIAL, '{"password": "a"}') == '{"password": "a"}'


@pytest.mark.parametrize(
    "names", [("preset", "eventTypeID", "eventParameters"), ("Preset", "EventTypeID", "EventParameters")]
)
def test_presets_in_the_steps_of_a_workflow_are_looked_into(names: tuple[str, str, str]) -> None:
    preset, kind, parameters = names
    network = json.dumps({"sSID": "gate", "password": "secret words"})
    steps = [
        {"eventPresetID": 1},
        {"eventPresetID": 2, preset: {kind: ADD, parameters: network}},
        {"eventPresetID": 3, preset: {kind: TRIAL, parameters: network}},
    ]
    text = json.dumps(steps)
    shown = json.loads(hidden(WORKFLOW, text))
    assert json.loads(shown[1][preset][parameters]) == {"sSID": "gate", "password": HIDDEN}
    assert (shown[0], shown[2]) == (steps[0], steps[2])
    assert holds_secrets(WORKFLOW, text)
    assert not holds_secrets(WORKFLOW, json.dumps([steps[0], steps[2]]))
    assert json.loads(with_secrets(WORKFLOW, json.dumps(shown), lambda _: "secret words")) == steps


@pytest.mark.parametrize(
    "text", ["{}", "[]", "[1]", '[{"preset": 1}]', '[{"preset": {"eventTypeID": 17, "eventParameters": 5}}]']
)
def test_odd_workflows_stay_as_they_are(text: str) -> None:
    assert hidden(WORKFLOW, text) == text
