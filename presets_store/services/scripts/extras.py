"""`extra` of a script: what its reaction needs, looked at before it is kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from presets_store.protocol.errors import BadJson, FieldsError
from presets_store.protocol.event_types import EVENT_TYPES
from presets_store.protocol.parameters import WORKFLOW, parse_parameters
from presets_store.protocol.scripts.scripts import ScriptExtra
from presets_store.redaction import HIDDEN
from presets_store.rules.hiding import WITH_SECRETS
from presets_store.rules.permissions import Forbidden, Permission
from presets_store.rules.scripts.catalogue import ADDED_FROM, RUN_PRESET, TELEGRAM, WEBHOOK, CatalogueEvent
from presets_store.rules.scripts.placeholders import COMMON, OBSERVED, fill, unknown_placeholders
from presets_store.services.errors import NotFound
from presets_store.services.reach import reached_preset, require_steps, require_target
from presets_store.services.scripts.checking import Checks
from presets_store.services.sealed.scripts import SECRETS
from presets_store.storage.records import Preset

LONGEST_PARAMETERS: Final = 16_384
SHORTEST_SECRET: Final = 16

_PLAIN: Final = ("chat_id", "preset_id", "parameters", "url", "text")
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {RUN_PRESET: ("preset_id",), WEBHOOK: ("url", "secret"), TELEGRAM: ("chat_id", "bot_token")}
)
_KNOWN_NAMES: Final = COMMON | OBSERVED


@dataclass(frozen=True, slots=True)
class Extra:
    """What is kept in plain text, and what is sealed."""

    plain: Mapping[str, Any]
    secrets: Mapping[str, str]

    def given(self) -> dict[str, Any]:
        """Both together."""
        return {**self.plain, **self.secrets}


NOTHING: Final = Extra({}, {})


def checked_extra(
    checks: Checks, wanted: ScriptExtra | None, before: Extra, reaction: str, event: CatalogueEvent | None
) -> Extra:
    """What is to be kept; `before` where nothing is `wanted`. What is wrong is noted in `checks`."""
    extra = before if wanted is None else _wanted(checks, wanted, before)
    given = extra.given()
    for name in _NEEDED.get(reaction, ()):
        if not given.get(name):
            checks.wrong(f"extra.{name}", "is missing", f"what the reaction {reaction} needs")
    _check_url(checks, str(given.get("url", "")))
    if 0 < len(given.get("secret", "")) < SHORTEST_SECRET:
        checks.wrong("extra.secret", "is too short", f"at least {SHORTEST_SECRET} characters")
    known = _KNOWN_NAMES if event and event.id <= ADDED_FROM else None
    for name in ("text", "parameters"):
        checks.problems.extend(unknown_placeholders(given.get(name, ""), known, f"extra.{name}"))
    if reaction == RUN_PRESET and given.get("preset_id"):
        _check_preset(checks, given["preset_id"], given.get("parameters", {}))
    return extra


def _wanted(checks: Checks, wanted: ScriptExtra, before: Extra) -> Extra:
    plain = {name: value for name in _PLAIN if (value := getattr(wanted, name))}
    if len(json.dumps(plain.get("parameters", {}))) > LONGEST_PARAMETERS:
        checks.wrong("extra.parameters", "are too long", f"at most {LONGEST_PARAMETERS} characters of JSON")
    secrets: dict[str, str] = {}
    for name in SECRETS:
        value = getattr(wanted, name)
        if value == HIDDEN:
            value = before.secrets.get(name, "")
            if not value:
                checks.wrong(f"extra.{name}", f"is {HIDDEN!r}, which only stands for it", "the secret itself")
        if value:
            secrets[name] = value
    return Extra(plain, secrets)


def _check_url(checks: Checks, url: str) -> None:
    if not url:
        return
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        fits = False
    if not fits or any(character <= " " or character == "\x7f" for character in url):
        checks.wrong("extra.url", "is no address", "one such as https://example.org/hook")
    elif parts.username is not None:
        checks.wrong("extra.url", "holds a user name", "an address without one: requests are signed with extra.secret")


def _check_preset(checks: Checks, key: int, parameters: Mapping[str, Any]) -> None:
    """The caller could run it himself, and it would take the parameters."""
    try:
        preset = reached_preset(checks.connection, checks.caller, Permission.READ, key)
        require_target(checks.connection, checks.caller, Permission.RUN, preset.device_key or 0, preset.device_group_id)
        require_steps(checks.connection, checks.caller, preset.event_type_id, preset.event_parameters)
    except (NotFound, Forbidden):
        checks.wrong("extra.preset_id", "is no preset that you may run", "the key of one")
        return
    if parameters:
        _check_parameters(checks, preset, parameters)


def _check_parameters(checks: Checks, preset: Preset, parameters: Mapping[str, Any]) -> None:
    kind = EVENT_TYPES[preset.event_type_id]
    if kind.id == WORKFLOW or kind.id in WITH_SECRETS:
        checks.wrong("extra.parameters", f"cannot be given for {kind.wire_name}", "a preset that says it all")
        return
    if fill(parameters, {}) != parameters:
        return  # what it will be only the trigger tells
    try:
        parse_parameters(kind, json.dumps({**json.loads(preset.event_parameters or "{}"), **parameters}))
    except FieldsError as error:
        for each in error.problems:
            checks.wrong(f"extra.parameters.{each.field}".strip("."), each.problem, each.expected)
    except BadJson as error:
        checks.wrong("extra.parameters", str(error.fields["reason"]), "an object that can be kept")
