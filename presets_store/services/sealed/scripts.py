"""Secrets of scripts (a bot's token, a webhook's key): sealed in rows, opened for who tells, hidden from who looks."""

import json
import logging
from collections.abc import Mapping
from typing import Final

from presets_store.sealing import SealBroken, Seals
from presets_store.services.caller import INSIDE
from presets_store.services.sealed.texts import open_text, seal_text
from presets_store.services.unit import Unit, Units
from presets_store.storage.scripts.records import Script
from presets_store.storage.scripts.scripts import list_sealed_extras, put_sealed_extra

logger = logging.getLogger(__name__)

SECRETS: Final = ("bot_token", "secret")
"""Members of `extra` that nobody is shown."""

_NAME: Final = "secrets of a script"


class ScriptSecrets:
    """Seals and opens `Script.sealed_extra`."""

    def __init__(self, seals: Seals, units: Units) -> None:
        self._seals = seals
        self._units = units

    def seal(self, secrets: Mapping[str, str]) -> str:
        """As it is stored: "" for none."""
        return seal_text(self._seals, _NAME, json.dumps(dict(secrets))) if secrets else ""

    def open(self, script: Script) -> dict[str, str]:
        """Members of SECRETS by name, those that there are. Raises SealBroken."""
        return self._opened(script.sealed_extra)

    async def reseal(self, seals: Seals) -> int:
        """Seals all anew with the current key of `seals`, which opens the old ones too; how many rows there were."""
        self._seals = seals
        return await self._units.write(INSIDE, self._reseal)

    def _reseal(self, unit: Unit) -> int:
        count = 0
        for key, sealed in list_sealed_extras(unit.connection):
            try:
                put_sealed_extra(unit.connection, key, self.seal(self._opened(sealed)))
                count += 1
            except SealBroken as broken:
                logger.warning("the secrets of script %d were not sealed anew: %s", key, broken)
        return count

    def _opened(self, sealed: str) -> dict[str, str]:
        opened: dict[str, str] = json.loads(open_text(self._seals, _NAME, sealed) or "{}")
        return opened
