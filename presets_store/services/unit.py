"""One write: its transaction, the nonce it spends, the answer it keeps, and what is told once it is durable."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Connection

from presets_store.clock import Clock, micros
from presets_store.errors import CuelightError
from presets_store.protocol.base import WireModel
from presets_store.protocol.live import LiveKind
from presets_store.rules.event import Event
from presets_store.services.answers import Answer, encode
from presets_store.services.caller import Caller
from presets_store.services.errors import AnsweredBefore, IdempotencyMismatch, NonceSpent
from presets_store.services.fleet.relay import NobodyElse, Relay
from presets_store.services.live import LiveHub
from presets_store.services.wakeups import Wakeups
from presets_store.services.wire import event_with_names
from presets_store.storage import Database
from presets_store.storage.nonces import keep_answer, kept_answer, use_nonce
from presets_store.storage.records import KeptAnswer

Result = TypeVar("Result")


@dataclass(slots=True)
class Unit:
    """What a write function gets: the connection, who asks, the time (us), and what to do after the commit."""

    connection: Connection
    caller: Caller
    now: int
    changed: list[tuple[LiveKind, Event]] = field(default_factory=list)
    told: list[tuple[LiveKind, int, WireModel]] = field(default_factory=list)
    afterwards: list[Callable[[], None]] = field(default_factory=list)
    delivers: bool = False
    """Whether somebody is to be notified."""


@dataclass(slots=True)
class _Outcome(Generic[Result]):
    unit: Unit
    result: Result


class Units:
    """Carries out writes. A caller that goes away does not stop what it began: the wake-ups still follow the commit."""

    def __init__(
        self, database: Database, clock: Clock, live: LiveHub, wakeups: Wakeups, relay: Relay | None = None
    ) -> None:
        self._relay = relay or NobodyElse()
        self._database = database
        self._clock = clock
        self._live = live
        self._wakeups = wakeups
        self._running: set[asyncio.Task[Any]] = set()

    def now(self) -> int:
        """Wall time in microseconds."""
        return micros(self._clock.now())

    def monotonic(self) -> float:
        """Seconds by a clock that only goes forward."""
        return self._clock.monotonic()

    async def read(self, function: Callable[[Connection], Result]) -> Result:
        """Runs `function` on one snapshot."""
        return await self._database.read(function)

    async def write(self, caller: Caller, function: Callable[[Unit], Result]) -> Result:
        """Runs `function` in one transaction with the caller's nonce and idempotency key; all of it lasts, or nothing.

        A refusal (CuelightError) undoes what `function` wrote but leaves the nonce spent. Raises what `function`
        raises, NonceSpent, IdempotencyMismatch, and AnsweredBefore when the same write was answered earlier.
        """
        task = asyncio.ensure_future(self._write(caller, function))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _write(self, caller: Caller, function: Callable[[Unit], Result]) -> Result:
        outcome = await self._database.write(lambda connection: self._transaction(connection, caller, function))
        if caller.nonce is not None:
            caller.nonce.durable = True
        if isinstance(outcome, CuelightError):
            raise outcome
        self._after(outcome.unit)
        return outcome.result

    def _transaction(
        self, connection: Connection, caller: Caller, function: Callable[[Unit], Result]
    ) -> _Outcome[Result] | CuelightError:
        unit = Unit(connection, caller, self.now())
        if caller.nonce is None and caller.idempotency is None:
            return _Outcome(unit, function(unit))
        _spend_nonce(unit)
        connection.exec_driver_sql("SAVEPOINT attempt")
        try:
            _give_earlier_answer(unit)
            result = function(unit)
            _keep_answer(unit, result)
        except CuelightError as refused:
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT attempt")
            return refused
        return _Outcome(unit, result)

    def _after(self, unit: Unit) -> None:
        for kind, event in unit.changed:
            if kind is LiveKind.EVENT:
                self._wakeups.wake(event.device_key)
            self.tell(kind, event.device_key, event_with_names(event))
            self._relay.changed(kind, event)
        for kind, device_key, record in unit.told:
            self.tell(kind, device_key, record)
            self._relay.told(kind, device_key, record)
        if unit.delivers:
            self._wakeups.deliveries.set()
        for function in unit.afterwards:
            function()

    def tell(self, kind: LiveKind, device_key: int, record: WireModel) -> None:
        """Publishes a record to the live listeners."""
        if self._live.listened:
            self._live.publish(kind, device_key, shown(record))

    def let_go(self, listener: str) -> None:
        """Ends what a caller listens to: its key is of no use any more."""
        self._live.let_go(listener)
        self._relay.let_go(listener)


def shown(record: WireModel) -> Mapping[str, Any]:
    """The record as live listeners get it, who need not be those who hold its checkout."""
    return {name: value for name, value in record.dump().items() if name != "checkoutToken"}


def _spend_nonce(unit: Unit) -> None:
    nonce = unit.caller.nonce
    if nonce is not None and not use_nonce(unit.connection, unit.caller.name, nonce.value, expires=nonce.expires):
        raise NonceSpent


def _give_earlier_answer(unit: Unit) -> None:
    key = unit.caller.idempotency
    if key is None:
        return
    kept = kept_answer(unit.connection, unit.caller.name, key.value)
    if kept is None:
        return
    if kept.request_hash != key.request_hash:
        raise IdempotencyMismatch
    raise AnsweredBefore(kept.body)


def _keep_answer(unit: Unit, result: object) -> None:
    # Only requests of peers have idempotency keys, and what is done for peers answers wire records.
    key = unit.caller.idempotency
    if key is None:
        return
    kept = KeptAnswer(
        access_key=unit.caller.name,
        idempotency_key=key.value,
        request_hash=key.request_hash,
        body=encode(cast("Answer", result)),
        expires=key.expires,
    )
    if not keep_answer(unit.connection, kept):
        # The same request was carried out at the same time by another replica; undo ours.
        _give_earlier_answer(unit)
