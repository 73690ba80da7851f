"""Settings of several files, one over the other; what is wrong is told of the file that says it."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from presets_store.process.errors import SettingsInvalid
from presets_store.process.settings import ENVIRONMENT, Tree

Settings = TypeVar("Settings", bound=Tree)


@dataclass(frozen=True, slots=True)
class Layer:
    """One file: its name, its text, and what that says."""

    source: str
    text: str
    values: dict[str, Any] = field(default_factory=dict)


def layer_of(source: str, text: str) -> Layer:
    """Raises SettingsInvalid for what is not TOML."""
    try:
        return Layer(source, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsInvalid(source=source, problems=f"  not TOML: {error}") from error


def read_layer(file: Path) -> Layer:
    """Raises SettingsInvalid."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(source=str(file), problems=f"  {error}") from error
    return layer_of(str(file), text)


def combined(kind: type[Settings], layers: Sequence[Layer]) -> Settings:
    """The settings of the environment, which wins, and of the layers, an earlier one over a later one.

    Raises SettingsInvalid, which names the file of each key.
    """
    values: dict[str, Any] = {}
    for layer in reversed(layers):
        values = merged(layer.values, values)
    try:
        return kind(**values)
    except ValidationError as error:
        raise _told(error, layers) from error


def merged(upper: Mapping[str, Any], lower: Mapping[str, Any]) -> dict[str, Any]:
    """Sections become one; anything else, a list as a whole, is that of `upper`. Pure."""
    both = dict(lower)
    for name, value in upper.items():
        below = both.get(name)
        both[name] = merged(value, below) if isinstance(value, dict) and isinstance(below, dict) else value
    return both


def source_of(location: Sequence[str | int], layers: Sequence[Layer]) -> str:
    """The file that says most of a key; the environment where none says anything of it. Pure."""
    known = [(_known(location, layer.values), -index, layer.source) for index, layer in enumerate(layers)]
    length, _, source = max(known, default=(0, 0, ENVIRONMENT))
    return source if length else ENVIRONMENT


def says(location: Sequence[str | int], layers: Sequence[Layer]) -> str:
    """The uppermost file that says this very key, "" for none. Pure."""
    return next((layer.source for layer in layers if _known(location, layer.values) == len(location)), "")


def _known(location: Sequence[str | int], values: Any) -> int:
    """How many parts of the key there are in `values`."""
    for depth, part in enumerate(location):
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return depth
    return len(location)


def _told(error: ValidationError, layers: Sequence[Layer]) -> SettingsInvalid:
    found = [
        (source_of(item["loc"], layers), ".".join(map(str, item["loc"])) or "settings", item["msg"])
        for item in error.errors()
    ]
    sources = list(dict.fromkeys(source for source, _, _ in found))
    if len(sources) == 1:
        return SettingsInvalid(source=sources[0], problems="\n".join(f"  {key}: {said}" for _, key, said in found))
    lines = [f"  {source}: {key}: {said}" for source, key, said in found]
    return SettingsInvalid(source=" and ".join(sources), problems="\n".join(lines))
