"""Secrets in parameters (passwords of networks): sealed in rows, opened for who carries the event out, else hidden."""

import base64
import logging
from dataclasses import replace
from functools import partial

from sqlalchemy import Table

from presets_store.protocol.errors import BadParameters, FieldProblem
from presets_store.protocol.event_types import EVENT_TYPES
from presets_store.redaction import HIDDEN
from presets_store.rules.event import Event
from presets_store.rules.hiding import WITH_SECRETS, hidden, unchanged, with_secrets
from presets_store.sealing import SealBroken, Seals
from presets_store.services.caller import INSIDE
from presets_store.services.unit import Unit, Units
from presets_store.storage.presets import parameters_of_types, put_parameters
from presets_store.storage.tables import events, presets

logger = logging.getLogger(__name__)

_SEALED = "sealed:"
_NAME = "a secret in parameters"


class ParameterSecrets:
    """Only types WITH_SECRETS are looked into; all other parameters pass as they are."""

    def __init__(self, seals: Seals, units: Units) -> None:
        self._seals = seals
        self._units = units

    def seal(self, event_type_id: int, text: str, before: str = "") -> str:
        """The parameters as they are stored; what is sealed already stays.

        `before` is what is stored, and stays, when a peer gives back what it was shown of it. Raises BadParameters for
        a hidden secret otherwise.
        """
        if before and unchanged(event_type_id, before, text):
            return before
        if HIDDEN in text:
            with_secrets(event_type_id, text, partial(_refuse_hidden, event_type_id))
        return with_secrets(event_type_id, text, self._seal)

    def open(self, event: Event) -> Event:
        """The event with its secrets in plain text, for the one who carries it out. Raises SealBroken."""
        opened = with_secrets(event.event_type_id, event.event_parameters, self._open)
        return event if opened == event.event_parameters else replace(event, event_parameters=opened)

    def to_hand_out(self, event: Event) -> Event:
        """As `open`; what this key cannot open is hidden, and the device says that it cannot be used."""
        try:
            return self.open(event)
        except SealBroken as broken:
            logger.error("a password is not handed out: %s", broken, extra={"event": event.key})
            return replace(event, event_parameters=hidden(event.event_type_id, event.event_parameters))

    async def reseal(self, seals: Seals) -> int:
        """Seals all anew with the current key of `seals`, which opens the old ones too; how many rows there were."""
        self._seals = seals

        def reseal(unit: Unit) -> int:
            return sum(self._reseal(unit, table) for table in (events, presets))

        return await self._units.write(INSIDE, reseal)

    def _reseal(self, unit: Unit, table: Table) -> int:
        count = 0
        for key, event_type_id, text in parameters_of_types(unit.connection, table, WITH_SECRETS):
            try:
                opened = with_secrets(event_type_id, text, self._open)
            except SealBroken as broken:
                logger.warning("%s %d was not sealed anew: %s", table.name, key, broken)
                continue
            if opened != text:
                put_parameters(unit.connection, table, key, self.seal(event_type_id, opened))
                count += 1
        return count

    def _seal(self, secret: str) -> str:
        if secret.startswith(_SEALED):
            return secret
        return _SEALED + base64.b64encode(self._seals.seal(_NAME, secret.encode())).decode()

    def _open(self, secret: str) -> str:
        if not secret.startswith(_SEALED):
            return secret
        try:
            sealed = base64.b64decode(secret.removeprefix(_SEALED), validate=True)
        except ValueError as error:
            raise SealBroken(name=_NAME, reason="it is not in base64") from error
        return self._seals.unseal(_NAME, sealed).decode()


def _refuse_hidden(event_type_id: int, secret: str) -> str:
    """Raises BadParameters for what stands for a secret where it is shown."""
    if secret == HIDDEN:
        problem = FieldProblem("password", f"is {HIDDEN!r}, which only stands for it", "the password itself")
        raise BadParameters([problem], event_type=EVENT_TYPES[event_type_id].wire_name)
    return secret
