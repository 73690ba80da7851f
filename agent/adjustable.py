"""The settings that an event may change, and how each is taken: checked, kept sealed, applied.

What is not in the table below cannot be changed from outside: never the upstream's address, keys, or paths.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from agent.errors import UnknownSetting
from agent.running import Result
from presets_store.protocol.errors import BadJson
from presets_store.protocol.event_types import find_event_type
from presets_store.protocol.json_text import read_json
from presets_store.protocol.parameters import WORKFLOW, parse_parameters, read_workflow
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.startup import STANDALONE_SETTING, StandalonePreset
from presets_store.rules.workflow import NestedWorkflow
from presets_store.services.startup import StartupService

LOG_LEVEL = "log_level"
STARTUP_GRACE = "startup_grace"

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
LONGEST_GRACE = 120.0
RIGHT_PRESET = "the whole preset as JSON, the ID of a preset in the sender's store, or an empty value to clear it"


class Kept(Protocol):
    """Where settings are kept (`agent.startup.sealed.SealedState`): each setter returns when it lasts."""

    def standalone(self) -> StandalonePreset | None: ...

    async def set_standalone(self, preset: StandalonePreset | None) -> None: ...

    def setting(self, name: str) -> str | None: ...

    async def set_setting(self, name: str, value: str | None) -> None: ...


Fetch = Callable[[int], Awaitable[StandalonePreset]]
"""A whole preset of the upstream, by its ID there."""


class AdjustableSettings:
    """`presets` is the own store, `device_key` the own device there. Made when logging is set up as configured.

    `fetch` is None without an upstream.
    """

    def __init__(self, kept: Kept, presets: StartupService, device_key: int, fetch: Fetch | None = None) -> None:
        self._kept = kept
        self._presets = presets
        self._device_key = device_key
        self._fetch = fetch
        self._configured_level = logging.getLogger().level
        self._one_at_a_time = asyncio.Lock()
        self._table: dict[str, Callable[[str, bool], Awaitable[Result]]] = {
            STANDALONE_SETTING: self._set_standalone,
            LOG_LEVEL: self._set_log_level,
            STARTUP_GRACE: self._set_grace,
        }

    def apply_kept(self) -> None:
        """For the start: what is kept holds again."""
        level = self._kept.setting(LOG_LEVEL)
        if level in LEVELS:
            logging.getLogger().setLevel(level)

    async def change(self, name: str, value: str, *, foreign: bool, bound: bool = False) -> Result:
        """Takes a value; an empty one clears the setting. Returns when it lasts.

        `foreign`: it comes from another store, whose numbers of presets and devices are not ours. `bound`: the own
        store's binding sends it; else that follows.
        Raises UnknownSetting, and what a preset that is not one may raise.
        """
        if name not in self._table:
            raise UnknownSetting(name=name, wrong="is not one that an event may change", right=_words(self._table))
        async with self._one_at_a_time:  # in the order in which they came: the last word holds
            result = {"setting": name, **await self._table[name](value.strip(), foreign)}
            if name == STANDALONE_SETTING and not foreign and not bound:
                await self._presets.took(self._kept.standalone())
            return result

    async def keep_standalone(self, preset: StandalonePreset | None) -> None:
        """Keeps the preset that another store names for this device; None: that there is none.

        Raises what a preset that is not one may raise.
        """
        if preset is not None:
            check_standalone(preset, 0)
        async with self._one_at_a_time:
            await self._kept.set_standalone(preset)

    async def _set_standalone(self, value: str, foreign: bool) -> Result:
        if not value:
            await self._kept.set_standalone(None)
            return {"note": "no preset runs standalone any more"}
        preset = await self._preset(value, foreign)
        check_standalone(preset, 0 if foreign else self._device_key)
        told = {"preset": preset.event_preset_name, "presetID": preset.key, "revision": preset.revision}
        before = self._kept.standalone()
        if before is not None and _is_older(preset, before):
            return {**told, "note": f"kept as it was: revision {before.revision} of this preset is newer"}
        await self._kept.set_standalone(preset)
        return told

    async def _preset(self, value: str, foreign: bool) -> StandalonePreset:
        try:
            given = read_json(value, STANDALONE_SETTING)
        except BadJson as error:
            raise UnknownSetting(
                name=STANDALONE_SETTING, wrong=f"has no such value ({error})", right=RIGHT_PRESET
            ) from error
        if isinstance(given, dict):
            return parse_body(StandalonePreset, given)
        if isinstance(given, bool) or not isinstance(given, int):
            raise UnknownSetting(name=STANDALONE_SETTING, wrong="has no such value", right=RIGHT_PRESET)
        if not foreign:
            return await self._presets.whole(given)
        if self._fetch is None:
            wrong = "came as an ID of another store, which the settings do not name as upstream"
            raise UnknownSetting(name=STANDALONE_SETTING, wrong=wrong, right=RIGHT_PRESET)
        return await self._fetch(given)

    async def _set_log_level(self, value: str, _foreign: bool) -> Result:
        level = value.upper()
        if level and level not in LEVELS:
            raise UnknownSetting(name=LOG_LEVEL, wrong="has no such value", right=_words(LEVELS))
        await self._kept.set_setting(LOG_LEVEL, level or None)
        logging.getLogger().setLevel(level or self._configured_level)
        return {"value": level or logging.getLevelName(self._configured_level)}

    async def _set_grace(self, value: str, _foreign: bool) -> Result:
        if value and grace_seconds(value) is None:
            right = f"seconds from 0 to {LONGEST_GRACE:g}"
            raise UnknownSetting(name=STARTUP_GRACE, wrong="has no such value", right=right)
        await self._kept.set_setting(STARTUP_GRACE, value or None)
        return {"value": value, "note": "holds from the next start"}


def grace_seconds(text: str) -> float | None:
    """A kept `startup_grace` in seconds; None when it is none."""
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 <= seconds <= LONGEST_GRACE else None


def check_standalone(preset: StandalonePreset, device_key: int) -> None:
    """Refuses a preset that could not run from itself alone on this device. `device_key` 0: any target is taken.

    Raises UnknownSetting, NestedWorkflow, and what its type and parameters may raise.
    """
    _check_member(preset, device_key)
    if preset.event_type_id != WORKFLOW:
        return
    for number, step in enumerate(read_workflow(preset.event_parameters), 1):
        if step.preset is None:
            raise UnknownSetting(
                name=STANDALONE_SETTING,
                wrong=f"has no preset in step {number} of its workflow",
                right="a workflow whose steps hold their whole presets, as a standalone binding makes it",
            )
        _check_member(step.preset, device_key)
        if step.preset.event_type_id == WORKFLOW:
            raise NestedWorkflow(what=f"step {number}")


def _check_member(preset: StandalonePreset, device_key: int) -> None:
    if device_key and preset.device_id not in (0, device_key):
        wrong = f"names device {preset.device_id}"
        raise UnknownSetting(name=STANDALONE_SETTING, wrong=wrong, right=f"deviceID {device_key}, which is this, or 0")
    kind = find_event_type(preset.event_type_id, preset.agent_type_id or None)
    parse_parameters(kind, preset.event_parameters)


def _is_older(preset: StandalonePreset, kept: StandalonePreset) -> bool:
    """Whether `preset` is an earlier state of the one that is kept."""
    return (preset.key, preset.uuid) == (kept.key, kept.uuid) and preset.revision < kept.revision


def _words(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}"
