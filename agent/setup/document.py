"""`setup.toml`: what `cuelight setup` keeps, in the words of the settings."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from agent.setup.loading import SETUP
from presets_store.durable import write_durably

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_HEAD: Final = "# Written by `cuelight setup`. The settings file and the environment win over it.\n"
_MODE: Final = 0o640


def write_setup(folder: Path, values: Mapping[str, Any]) -> Path:
    """Replaces the file in the state folder; it is on the disk when this returns. Raises OSError."""
    file = folder / SETUP
    write_durably(file, (_HEAD + as_toml(values)).encode(), _MODE)
    return file


def as_toml(values: Mapping[str, Any]) -> str:
    """The text of a TOML file that says `values`: texts, numbers, truths, lists, and mappings by name. Pure."""
    return "".join(_lines(values))


def _lines(values: Mapping[str, Any]) -> Iterator[str]:
    sections = {name: value for name, value in values.items() if isinstance(value, dict)}
    tables = {name: value for name, value in values.items() if _is_tables(value)}
    yield from _pairs({name: value for name, value in values.items() if name not in sections | tables})
    for name, section in sections.items():
        yield f"\n[{_key(name)}]\n"
        yield from _pairs(section)
    for name, rows in tables.items():
        for row in rows:
            yield f"\n[[{_key(name)}]]\n"
            yield from _pairs(row)


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _pairs(values: Mapping[str, Any]) -> Iterator[str]:
    return (f"{_key(name)} = {_value(value)}\n" for name, value in values.items())


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(text: str) -> str:
    """JSON's escapes are TOML's, but for this one character that JSON leaves alone."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return _text(value)
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case dict():
            return f"{{{', '.join(f'{_key(name)} = {_value(inner)}' for name, inner in value.items())}}}"
    raise TypeError(f"no settings file has a {type(value).__name__}")
