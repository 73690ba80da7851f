"""How devices come by their events: they look, wait, and check them out."""

import secrets
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from presets_store.protocol.agent_types import find_agent_type
from presets_store.protocol.events import (
    DequeueEvent,
    DeviceReference,
    EventRecord,
    EventWithNames,
    PendingQuery,
    WaitForEvent,
)
from presets_store.rules.commands import Checkout, holder_name
from presets_store.rules.event import Event
from presets_store.rules.lifecycle import LEASE
from presets_store.rules.permissions import Permission
from presets_store.services.caller import INSIDE, Caller
from presets_store.services.errors import KeyUnknown
from presets_store.services.reach import reached_named, require_reach
from presets_store.services.runs import Runs
from presets_store.services.unit import Unit
from presets_store.services.wakeups import signalled
from presets_store.services.wire import event_record, event_with_names
from presets_store.storage.devices import get_device, touch_device
from presets_store.storage.events import claim_pending, pending_events
from presets_store.storage.keys import get_key
from presets_store.storage.nonces import kept_answer
from presets_store.storage.people.records import UserStatus
from presets_store.storage.people.users import get_user
from presets_store.storage.records import Device, KeyStatus

_TOKEN_BYTES = 16
_HEARD_EVERY = 60_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taker:
    """Who takes an event: a process of a device, and of which agent types."""

    device: DeviceReference
    agent_types: Collection[int]
    process_id: int


class Fetching(Runs):
    """What devices ask for; see `EventsService`."""

    async def dequeue(self, caller: Caller, body: DequeueEvent) -> EventRecord | None:
        """Checks the device's next event of the agent type out to the caller; None when there is none."""
        agent_type = find_agent_type(body.agent_type or body.agent_type_id)
        return await self._take(caller, _Taker(device=body, agent_types=[int(agent_type)], process_id=body.process_id))

    async def wait_to_dequeue(self, caller: Caller, body: WaitForEvent, seconds: float) -> EventRecord | None:
        """As `dequeue`, of any of the agent types, but waits up to `seconds` for one. Raises TooManyPolls.

        What was answered to the caller's idempotency key before is answered again, at once.
        """
        types = [int(find_agent_type(each)) for each in body.agent_types]
        taker = _Taker(device=body, agent_types=types, process_id=body.process_id)

        def look(connection: Connection) -> list[EventWithNames]:
            _require_still_let_in(connection, caller)
            require_reach(connection, caller, Permission.REPORT, device.key)
            return with_names(connection, self._next(connection, device.key, types))

        device = await self._units.read(lambda found: reached_named(found, caller, Permission.REPORT, body))
        if await self._units.read(lambda connection: _answered(connection, caller)):
            return await self._take(caller, taker)
        await self._heard_from(device)
        there = await self._wait_for(device.key, look, seconds)
        return await self._take(caller, taker) if there else None

    async def first_pending(self, caller: Caller, query: PendingQuery) -> list[EventWithNames]:
        """The device's next event, in a list, or an empty one. It stays pending. Without a device: none."""

        def first(connection: Connection) -> list[EventWithNames]:
            device = device_named(connection, caller, Permission.READ, query)
            return with_names(connection, self._next(connection, device.key if device else 0))

        return await self._units.read(first)

    async def wait_for_pending(self, caller: Caller, query: PendingQuery, seconds: float) -> list[EventWithNames]:
        """As `first_pending`, but waits up to `seconds` for one, which is a device's part. Raises TooManyPolls.

        When the process stops, the answer is empty at once.
        """

        def find(connection: Connection) -> Device | None:
            return device_named(connection, caller, Permission.REPORT, query)

        def look(connection: Connection) -> list[EventWithNames]:
            _require_still_let_in(connection, caller)
            if device_key:  # which may have left the caller's group by now
                require_reach(connection, caller, Permission.REPORT, device_key)
            return with_names(connection, self._next(connection, device_key))

        device = await self._units.read(find)
        device_key = await self._heard_from(device) if device else 0
        return await self._wait_for(device_key, look, seconds)

    async def _take(self, caller: Caller, taker: _Taker) -> EventRecord | None:
        def take(unit: Unit) -> EventRecord | None:
            _require_still_let_in(unit.connection, caller)
            device = reached_named(unit.connection, caller, Permission.REPORT, taker.device)
            touch_device(unit.connection, device.key, unit.now)
            self._end_overdue(unit, device.key)
            return self._check_out(unit, device.key, taker)

        return await self._units.write(caller, take)

    def _check_out(self, unit: Unit, device_key: int, taker: _Taker) -> EventRecord | None:
        waiting = self._next(unit.connection, device_key, taker.agent_types)
        if not waiting:
            return None
        agent_type = waiting[0].agent_type_id
        checkout = Checkout(
            holder=holder_name(device_key, agent_type, taker.process_id),
            token=secrets.token_urlsafe(_TOKEN_BYTES),
            lease_until=unit.now + LEASE,
            clock_trusted=self._clock.quality().trusted,
            process_id=taker.process_id,
        )
        event = claim_pending(unit.connection, device_key, [agent_type], unit.now, checkout)
        if event is None:
            return None
        self._note(unit, event)
        return event_record(self._changes.secrets.to_hand_out(event))

    def _next(self, connection: Connection, device_key: int, types: Collection[int] | None = None) -> list[Event]:
        """The next event of the device, in a list, or an empty one."""
        expired_at = self._units.now() if self._clock.quality().trusted else None
        return pending_events(connection, device_key, types, expired_at=expired_at, limit=1)

    async def _wait_for(
        self, device_key: int, look: Callable[[Connection], list[EventWithNames]], seconds: float
    ) -> list[EventWithNames]:
        """What `look` finds first, within `seconds`; else an empty list, at once when the process stops."""
        deadline = self._clock.monotonic() + seconds
        with self._wakeups.polling(device_key) as signal:
            woken = False
            while not self._wakeups.closed:
                signal.clear()
                found = await self._units.read(look)
                if found:
                    if woken:
                        self._wakeups.woken((self._units.now() - found[0].last_modified_date) / 1e6)
                    return found
                woken = await signalled(signal, self._clock, deadline - self._clock.monotonic())
                if not woken:
                    break
        return []

    async def _heard_from(self, device: Device) -> int:
        """The device's key. One that only ever waits is heard from all the same; a poll a minute is noted, no more."""
        if self._units.now() - device.last_heard_from_date >= _HEARD_EVERY:
            await self._units.write(INSIDE, lambda unit: touch_device(unit.connection, device.key, unit.now))
        return device.key


def device_named(
    connection: Connection, caller: Caller, permission: Permission, named: DeviceReference
) -> Device | None:
    """The device that a request names; None when it names none. Raises Forbidden, NotFound."""
    if not (named.device_id or named.serial_or_name):
        caller.principal.require(permission)
        return None
    return reached_named(connection, caller, permission, named)


def with_names(connection: Connection, events: Iterable[Event]) -> list[EventWithNames]:
    """The events with the names of their devices."""
    found = list(events)
    devices = {key: get_device(connection, key) for key in {event.device_key for event in found}}
    return [event_with_names(event, devices.get(event.device_key)) for event in found]


def _answered(connection: Connection, caller: Caller) -> bool:
    key = caller.idempotency
    return key is not None and kept_answer(connection, caller.name, key.value) is not None


def _require_still_let_in(connection: Connection, caller: Caller) -> None:
    """Raises KeyUnknown when the key was revoked, or its user disabled, while the request waited."""
    key = get_key(connection, caller.name)
    user = get_user(connection, caller.principal.user_key)
    if (key and key.status is not KeyStatus.ACTIVE) or (user and user.status is not UserStatus.ACTIVE):
        raise KeyUnknown
