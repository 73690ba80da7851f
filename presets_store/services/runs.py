"""What the device's own agent does with the events of its store, and what time does to all of them."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import islice

from sqlalchemy import Connection

from presets_store.clock import Clock
from presets_store.protocol.events import EventRecord
from presets_store.protocol.live import LiveKind
from presets_store.protocol.parameters import WORKFLOW
from presets_store.protocol.startup import StandalonePreset
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.commands import (
    Begin,
    Command,
    Expire,
    Finish,
    Interrupt,
    LeaseCheck,
    Progress,
    SilenceCheck,
    TransitionRefused,
)
from presets_store.rules.event import Event
from presets_store.rules.lifecycle import SILENCE_LIMIT
from presets_store.rules.workflow import NestedWorkflow, is_step, step_cause
from presets_store.services.caller import INSIDE
from presets_store.services.changes import Changes, Reporting, event_of, require_event, typed
from presets_store.services.errors import InvalidInput, NotFound
from presets_store.services.progress import LatestProgress
from presets_store.services.results import reportable
from presets_store.services.targets import require_device, require_preset
from presets_store.services.unit import Unit, Units
from presets_store.services.wakeups import Wakeups
from presets_store.services.wire import event_with_names
from presets_store.storage.events import (
    due_events_of,
    expired_events,
    find_event,
    find_events_by_cause,
    find_remote_event,
    overdue_checkouts,
    pending_events,
    silent_events,
    unfinished_events,
)
from presets_store.storage.meta import take_turn
from presets_store.storage.presets import get_preset
from presets_store.storage.records import Preset

_SWEPT_AT_ONCE = 200

_REASONS: Mapping[type[Command], str] = {Expire: "expiry", LeaseCheck: "lease", SilenceCheck: "silence"}


class Runs:
    """Attempts of events. All methods are for the event loop's thread; each write is durable when it returns."""

    def __init__(
        self,
        units: Units,
        changes: Changes,
        clock: Clock,
        wakeups: Wakeups,
        reporting: Reporting,
        silence_limit: int = SILENCE_LIMIT,
    ) -> None:
        self._units = units
        self._changes = changes
        self._clock = clock
        self._wakeups = wakeups
        self._reporting = reporting
        self._silence_limit = silence_limit
        self._progress = LatestProgress()
        self.swept: Counter[str] = Counter(dict.fromkeys(_REASONS.values(), 0))
        """How many events time changed by this process, by reason: `expiry`, `lease`, `silence`."""

    async def pending(self, device_key: int) -> list[Event]:
        """What waits for the device, in the order in which it is to run; expired events are left out."""
        expired_at = self._units.now() if self._clock.quality().trusted else None
        return await self._units.read(lambda connection: pending_events(connection, device_key, expired_at=expired_at))

    async def running(self, device_key: int) -> list[Event]:
        """What the device is at now, with the newest progress that was told, oldest first."""
        unfinished = await self.unfinished(device_key)
        return [self._progress.shown(event) for event in unfinished if event.event_status is EventStatus.PROCESSING]

    async def unfinished(self, device_key: int) -> list[Event]:
        """Pending, Checked_out and Processing events of the device, oldest first: for recovery."""
        return await self._units.read(lambda connection: unfinished_events(connection, device_key))

    async def require(self, key: int) -> Event:
        """The event as it is stored. Raises NotFound."""
        event = await self._units.read(lambda connection: find_event(connection, key))
        if event is None:
            raise NotFound(what="event", name=key)
        return event

    async def steps_of(self, workflow: Event) -> list[Event]:
        """The events of the workflow's steps so far, in the order in which they were made."""
        cause = step_cause(workflow.uuid)
        return await self._units.read(lambda connection: _made_here(connection, cause, workflow))

    async def presets(self, keys: Collection[int]) -> dict[int, Preset]:
        """Those of the presets that there are, by key."""

        def find(connection: Connection) -> dict[int, Preset]:
            found = {key: get_preset(connection, key) for key in keys}
            return {key: preset for key, preset in found.items() if preset is not None}

        return await self._units.read(find)

    async def child(self, workflow: Event, index: int, preset: StandalonePreset | int, device_key: int = 0) -> Event:
        """The event of step `index` (from 0) of a workflow: made at the first call, the same one at each repeat.

        An int is the key of a preset of this store, which runs on `device_key`, 0 for its own device. A preset that is
        given whole runs where the workflow does. Raises NotFound, InvalidInput, NestedWorkflow, and what its parameters
        may raise.
        """
        cause = step_cause(workflow.uuid, index)

        def make(unit: Unit) -> Event:
            require_event(unit, workflow.key)  # locked: no other call for the same step is between look and write
            for event in _made_here(unit.connection, cause, workflow):
                if event.cause == cause:
                    return event
            if isinstance(preset, int):
                found = require_preset(unit.connection, preset)
                wanted = event_of(found, _target(unit, found, device_key), cause)
            else:
                wanted = event_of(preset, workflow.device_key, cause)
            if wanted.event_type_id == WORKFLOW:
                raise NestedWorkflow(what=f"the preset of step {index + 1}")
            return self._changes.add(unit, replace(wanted, upstream=workflow.upstream))

        return await self._units.write(INSIDE, make)

    async def accept(self, upstream: str, handed: EventRecord) -> Event:
        """The own device's event for what `upstream` handed out: made at the first time, brought up to date afterwards.

        When it runs here already it goes on, when it has ended its outcome is reported again. Raises UnknownEventType,
        and what its parameters may raise.
        """
        wanted = self._handed_out(upstream, handed)
        return await self._units.write(INSIDE, lambda unit: self._changes.accept(unit, wanted)[0])

    async def accept_and_begin(
        self, upstream: str, handed: EventRecord, *, holder: str, boot_id: str, process_id: int
    ) -> tuple[Event, bool]:
        """As `accept`, and one that is new and next in order has begun by the same transaction; whether it has.

        One that cannot begin now is accepted all the same. Raises what `accept` does.
        """
        wanted, command = self._handed_out(upstream, handed), self._beginning(holder, boot_id, process_id)

        def take(unit: Unit) -> tuple[Event, bool]:
            event, new = self._changes.accept(unit, wanted)
            if not new or pending_events(unit.connection, event.device_key, limit=1) != [event]:
                return event, False
            try:
                return self._changes.apply(unit, event, command), True
            except TransitionRefused:
                return event, False

        return await self._units.write(INSIDE, take)

    def _handed_out(self, upstream: str, handed: EventRecord) -> Event:
        kind, parameters = typed(handed.event_type_id, "", handed.event_parameters)
        return Event(
            uuid="",
            device_key=self._reporting.own_device,
            agent_type_id=kind.agent_type_id,
            event_type_id=kind.id,
            event_parameters=parameters,
            priority=handed.priority,
            attempt_number=max(0, handed.attempt_number),
            max_attempts=max(0, handed.max_attempts),
            expiration_epoch=max(0, handed.expiration_epoch),
            tag_string=handed.tag_string,
            tag_number=handed.tag_number,
            upstream=upstream,
            remote_id=handed.key,
            checkout_token=handed.checkout_token,
            cause="upstream",
        )

    async def named(self, by: Event, number: int) -> Event:
        """The event that `by` names in its parameters: by the key that its sender knows. Raises NotFound."""
        if not by.upstream:
            return await self.require(number)
        event = await self._units.read(lambda connection: find_remote_event(connection, by.upstream, number))
        if event is None:
            raise NotFound(what="event", name=number)
        return event

    async def handed_out_by(self, upstream: str) -> list[Event]:
        """What this upstream handed out and has not ended here, with the newest progress, oldest first."""
        unfinished = await self.unfinished(self._reporting.own_device)
        mine = (event for event in unfinished if event.upstream == upstream and event.remote_id is not None)
        return [self._progress.shown(event) for event in mine]

    async def take_back(self, key: int) -> None:
        """Cancels an event that has not begun and that its upstream has no more. Raises NotFound."""

        def change(unit: Unit) -> None:
            event = require_event(unit, key)
            if event.event_status is EventStatus.PENDING:
                self._changes.take_back(unit, event)

        await self._units.write(INSIDE, change)

    async def begin(self, key: int, holder: str, boot_id: str, process_id: int) -> Event:
        """The event as Processing, its new attempt counted. Raises NotFound, TransitionRefused (EventExpired, ...)."""
        return await self._apply(key, self._beginning(holder, boot_id, process_id))

    def _beginning(self, holder: str, boot_id: str, process_id: int) -> Begin:
        trusted = self._clock.quality().trusted
        return Begin(holder=holder, boot_id=boot_id, process_id=process_id, clock_trusted=trusted)

    def opened(self, event: Event) -> Event:
        """The event with what is sealed in its parameters, for its action alone. Raises SealBroken."""
        return self._changes.secrets.open(event)

    async def save_progress(self, key: int, attempt: int, percent: float) -> Event:
        """Stores 0 to 100 percent. Raises NotFound, StaleAttempt, AlreadyEnded."""
        return await self._apply(key, Progress(percent=percent, attempt=attempt))

    def publish_progress(self, event: Event, percent: float) -> None:
        """Tells the live listeners and whoever asks for the event; stores nothing."""
        self._progress.told(event, percent)
        self._units.tell(LiveKind.PROGRESS, event.device_key, event_with_names(self._progress.shown(event)))

    async def finish(self, key: int, attempt: int, status: EventStatus, result: str) -> Event:
        """The attempt's outcome, with its report in the same transaction. A repeat is harmless.

        A `result` that is too long for a report is shortened (`results.reportable`).

        Raises NotFound, StaleAttempt, AlreadyEnded for another outcome than the one stored.
        """
        reached = self._progress.over(key, attempt)
        percent = 100.0 if status is EventStatus.COMPLETE else reached
        command = Finish(attempt=attempt, status=status, result=reportable(result), percent=percent)
        return await self._apply(key, command)

    async def interrupt(self, key: int, attempt: int, result: str) -> Event:
        """The attempt was cut off: Pending again while attempts remain, else Error with `result`.

        Raises NotFound, StaleAttempt.
        """
        self._progress.over(key, attempt)
        return await self._apply(key, Interrupt(attempt=attempt, result=reportable(result)))

    async def sweep(self, *, if_free: bool = False) -> int:
        """Applies what the passing of time does: expiry, leases, silence. How many events were due.

        To be called every few seconds by whoever runs the store; without anything due it only reads. `if_free`: leaves
        it to another process on the same database that is at it.
        """
        due = await self._units.read(lambda connection: self._due(connection, self._units.now()))
        if due:
            await self._units.write(INSIDE, lambda unit: self._sweep(unit, due, wait=not if_free))
        return len(due)

    def _sweep(self, unit: Unit, due: Mapping[int, Command], *, wait: bool) -> None:
        if not take_turn(unit.connection, "sweep", wait=wait):
            return
        self._apply_due(unit, due)

    def _end_overdue(self, unit: Unit, device_key: int) -> None:
        """What the sweep does, for one device; all others are left to the sweep."""
        due = due_events_of(unit.connection, device_key, unit.now, unit.now - self._silence_limit)
        commands = {event.key: self._due_command(event, unit.now) for event in due}
        if due:
            self._apply_due(unit, {key: command for key, command in commands.items() if command is not None})

    def _due_command(self, event: Event, now: int) -> Command | None:
        """What time asks of an event that is due; None: nothing yet."""
        if event.event_status is EventStatus.PROCESSING:
            # The agent in this very process is not silent, it is busy.
            return None if event.device_key == self._reporting.own_device else SilenceCheck(limit=self._silence_limit)
        # By a clock that is not trusted nothing expires; a lease may be over all the same.
        if 0 < event.expiration_epoch <= now // 1_000_000 and self._clock.quality().trusted:
            return Expire(clock_trusted=True)
        return LeaseCheck() if event.event_status is EventStatus.CHECKED_OUT else None

    def _apply_due(self, unit: Unit, due: Mapping[int, Command]) -> None:
        # In the order of keys, so that we and another who writes to several do not wait for each other in a ring.
        swept: Counter[str] = Counter()
        for key in sorted(due):
            before = require_event(unit, key)
            if self._changes.apply(unit, before, due[key]) != before:
                swept[_REASONS[type(due[key])]] += 1
        unit.afterwards.append(lambda: self.swept.update(swept))

    def _due(self, connection: Connection, now: int) -> dict[int, Command]:
        due: dict[int, Command] = {}
        for event in silent_events(connection, now - self._silence_limit):
            # The agent in this very process is not silent, it is busy.
            if event.device_key != self._reporting.own_device:
                due[event.key] = SilenceCheck(limit=self._silence_limit)
        for event in overdue_checkouts(connection, now):
            due[event.key] = LeaseCheck()
        if self._clock.quality().trusted:
            for event in expired_events(connection, now):
                due[event.key] = Expire(clock_trusted=True)
        return dict(islice(due.items(), _SWEPT_AT_ONCE))

    async def _apply(self, key: int, command: Command) -> Event:
        def change(unit: Unit) -> Event:
            return self._changes.apply(unit, require_event(unit, key), command)

        return await self._units.write(INSIDE, change)

    def _note(self, unit: Unit, event: Event) -> None:
        """For events that were written without a transition of ours: the listeners hear of them all the same."""
        unit.changed.append((LiveKind.EVENT, event))


def _target(unit: Unit, preset: Preset, device_key: int) -> int:
    """The device on which a step's preset of this store runs. Raises NotFound, InvalidInput without one."""
    target = device_key or preset.device_key
    if target is None:
        reason = (
            f"Event preset {preset.key} targets device group {preset.device_group_id}; a step runs on one device: name "
            "that as the step's deviceID."
        )
        raise InvalidInput(reason=reason)
    return require_device(unit.connection, target).key


def _made_here(connection: Connection, cause: str, workflow: Event) -> list[Event]:
    """Events of steps. Those that a peer recorded under such a cause are none: they ran elsewhere."""
    found = find_events_by_cause(connection, cause, after=workflow.key)
    return [event for event in found if is_step(event) and event.created_by == INSIDE.name]
