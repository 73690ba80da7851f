"""Named placeholders in the parameters and texts of a script: `{count} people at {camera}`. Pure.

A placeholder is a name between braces, and nothing else: no index, attribute, format or expression. `{{` and `}}` are a
brace. Only values of texts are filled, never the names of members, and what was filled in is not looked at again.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import tzinfo
from typing import Any, Final

from presets_store.protocol.errors import FieldProblem
from presets_store.rules.scripts.parts import offset_at
from presets_store.rules.scripts.times import iso_local
from presets_store.rules.scripts.working_time import MICRO

MAX_TEXT: Final = 500
"""Characters of a value that are filled in."""
COMMON: Final = frozenset({"event", "camera", "device", "script", "time"})
"""Known at every trigger."""
OBSERVED: Final = frozenset({"case", "count", "direction", "line", "previous", "reason", "value", "zone"})
"""What an observation of the product may tell besides."""

_TOKEN: Final = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_]{0,63})\}|[{}]", re.ASCII)
_BRACES: Final = {"{{": "{", "}}": "}"}
_RIGHT: Final = "{name} with a lower-case name, or {{ and }} for a brace"


def common_values(
    *, event: str, camera: str, device: str, script: str, occurred_us: int, zone: tzinfo
) -> dict[str, str]:
    """The values of COMMON; `time` is of the device's zone, as `2026-10-25T02:30:00+01:00`."""
    second = occurred_us // MICRO
    time = iso_local(second, offset_at(second, zone))
    return {"event": event, "camera": camera, "device": device, "script": script, "time": time}


def fill(template: Any, attributes: Mapping[str, Any]) -> Any:
    """The JSON value with its placeholders filled. A text that is one placeholder becomes the value with its type.

    What is not among `attributes` is None there, and nothing inside of a text.
    """
    if isinstance(template, dict):
        return {name: fill(value, attributes) for name, value in template.items()}
    if isinstance(template, list):
        return [fill(value, attributes) for value in template]
    if not isinstance(template, str):
        return template
    whole = _TOKEN.fullmatch(template)
    if whole and whole[1]:
        value = attributes.get(whole[1])
        return value[:MAX_TEXT] if isinstance(value, str) else value
    return _TOKEN.sub(lambda found: _filled(found, attributes), template)


def unknown_placeholders(template: Any, known: Collection[str] | None, path: str = "") -> list[FieldProblem]:
    """What is wrong in a template, by dotted path: names that are not `known`, and braces that are no placeholder.

    `known` None: every name, for events whose attributes only their sender knows.
    """
    return list(_problems(template, known, path))


def _problems(template: Any, known: Collection[str] | None, path: str) -> Iterator[FieldProblem]:
    if isinstance(template, dict):
        for name, value in template.items():
            yield from _problems(value, known, _inside(path, name))
    elif isinstance(template, list):
        for index, value in enumerate(template):
            yield from _problems(value, known, _inside(path, str(index)))
    elif isinstance(template, str):
        tokens = list(_TOKEN.finditer(template))
        if any(token[0] in ("{", "}") for token in tokens):
            yield FieldProblem(path, "has a brace that is no placeholder", _RIGHT)
        if known is not None and any(token[1] and token[1] not in known for token in tokens):
            yield FieldProblem(path, "has a placeholder that is not known", "one of " + ", ".join(sorted(known)))


def _inside(path: str, member: str) -> str:
    return f"{path}.{member[:64]}" if path else member[:64]


def _filled(found: re.Match[str], attributes: Mapping[str, Any]) -> str:
    name = found[1]
    return _text(attributes.get(name)) if name else _BRACES.get(found[0], found[0])


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if isinstance(value, float):
        return f"{value:g}" if abs(value) < 1e6 else f"{value:.0f}"
    return json.dumps(value, ensure_ascii=False)[:MAX_TEXT]
