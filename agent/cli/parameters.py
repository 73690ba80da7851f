"""Event parameters as they are given on the command line."""

import json
from collections.abc import Sequence
from typing import Any

from agent.cli.errors import BadParameters


def event_parameters(document: str, pairs: Sequence[str]) -> str:
    """The parameters as JSON text: `document` (JSON, or "") with `pairs` (`k=v`) on top. Raises BadParameters."""
    return changed_parameters(document, pairs, ())


def changed_parameters(document: str, pairs: Sequence[str], unset: Sequence[str]) -> str:
    """The same, without the parameters named by `unset`, each of which must be there. Raises BadParameters."""
    values = _document(document)
    if not pairs and not unset:
        return json.dumps(values)
    if not isinstance(values, dict):
        raise BadParameters(given="--param", problem="cannot change parameters that are a list; give all with --params")
    for name in unset:
        if name not in values:
            there = ", ".join(values) or "none"
            raise BadParameters(
                given=f"--unset {name}", problem=f"names no parameter of the preset; there are: {there}"
            )
        del values[name]
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise BadParameters(given=f"--param {pair}", problem="is not of the form name=value")
        values[name] = value_of(value)
    return json.dumps(values)


def value_of(text: str) -> Any:
    """A number, true, false, null, list or object where `text` is the JSON of one, else the text itself.

    `"7"` in quotes is the text 7.
    """
    try:
        return json.loads(text, parse_constant=lambda _: text)
    except ValueError:
        return text


def _document(text: str) -> Any:
    if not text.strip():
        return {}
    try:
        values = json.loads(text)
    except ValueError as error:
        raise BadParameters(given="--params", problem=f"is not JSON: {error}") from error
    if not isinstance(values, dict | list):
        raise BadParameters(given="--params", problem="is neither a JSON object nor a list")
    return values
