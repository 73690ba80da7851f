"""Paths of aiohttp as paths of OpenAPI, and what is said about their variables."""

import re
from collections.abc import Iterator
from typing import Any, Final

from presets_store.api.scripts.errors import by_contract

SLASH: Final = "slash"
"""The variable for one slash at the end, which the document leaves out."""

_VARIABLE: Final = re.compile(r"\{([_a-zA-Z]\w*)(?::((?:[^{}]|\{[^{}]*\})*))?\}")
_DIGITS: Final = re.compile(r"\[0-9\]\{1,([0-9]+)\}")
_ANYTHING: Final = ("", ".*", "[^/]+")


def plain_path(path: str) -> str:
    """`/v1/event/{key:[0-9]{1,18}}{slash:/?}` -> `/v1/event/{key}`."""
    return _VARIABLE.sub(lambda match: "" if match[1] == SLASH else f"{{{match[1]}}}", path)


def variables_of(path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and schema of each variable of a path."""
    for match in _VARIABLE.finditer(path):
        if match[1] != SLASH:
            yield match[1], _schema(match[2] or "")


def _schema(form: str) -> dict[str, Any]:
    if digits := _DIGITS.fullmatch(form):
        return {"type": "integer", "format": "int64", "minimum": 0, "maximum": 10 ** int(digits[1]) - 1}
    return {"type": "string"} if form in _ANYTHING else {"type": "string", "pattern": f"^{form}$"}


def identifier(method: str, path: str) -> str:
    """A name for the operation: `get` and `/v1/eventpreset/list/device/{key}` -> `getEventpresetListDevice`."""
    kept = r"by \1" if by_contract(path) else ""  # there a list and one of it have the same words
    words = re.findall(r"[a-zA-Z0-9]+", _VARIABLE.sub(kept, path.replace("{slash:/?}", "").removeprefix("/v1")))
    return method + "".join(word[:1].upper() + word[1:] for word in words)
