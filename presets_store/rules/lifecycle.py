"""The life cycle of an event as one pure function, for server, hub and device (events-api.md section 12.2).

Two marks carry the memory that the rules need. `started` is not 0 exactly while the present attempt has been counted,
so nothing counts it twice. `holder` and `checkout_token` outlive a lease that ran out: they tell whose late word holds.
"""

import json
from dataclasses import replace

from presets_store.protocol.statuses import EventStatus
from presets_store.rules.commands import (
    AlreadyEnded,
    AnswerProcessing,
    AttemptsExhausted,
    Began,
    Begin,
    Cancel,
    Checkout,
    Command,
    Effect,
    Ended,
    EventExpired,
    Expire,
    Finish,
    HeldByAnother,
    Interrupt,
    LeaseCheck,
    Progress,
    QueueEndProcess,
    Redeliver,
    Renewed,
    Report,
    Requeued,
    SendOutcome,
    SilenceCheck,
    StaleAttempt,
    Transition,
    TransitionRefused,
    Unchanged,
)
from presets_store.rules.event import Event

LEASE = 60_000_000
"""How long a checkout lasts without a word from its holder, microseconds."""

SILENCE_LIMIT = 24 * 3600 * 1_000_000
"""Default silence after which a Processing event is Timed_out, microseconds."""

INTERRUPTED = "interrupted"
"""The result code that asks for another attempt."""

_HELD = (EventStatus.CHECKED_OUT, EventStatus.PROCESSING)


def attempts_allowed(event: Event) -> int:
    """`maxAttempts` 0 and 1 both mean one attempt."""
    return max(1, event.max_attempts)


def expired(event: Event, now: int) -> bool:
    """Past `expiration_epoch` (Unix seconds, 0: never) and not yet Processing. `now` in microseconds."""
    waiting = event.event_status in (EventStatus.PENDING, EventStatus.CHECKED_OUT)
    return waiting and 0 < event.expiration_epoch * 1_000_000 < now


def result_code(result: str) -> str:
    """The code in an event's result: member `code` of a JSON object, else the plain text before its first colon."""
    try:
        value = json.loads(result)
    except (ValueError, RecursionError):
        return result.partition(":")[0].strip()
    return str(value.get("code", "")) if isinstance(value, dict) else ""


def transition(event: Event, command: Command, now: int) -> Transition:
    """`event` after `command` at `now` (microseconds, UTC), with what is to be done besides.

    Raises TransitionRefused (409, nothing changed).
    """
    match command:
        case Checkout():
            return _checkout(event, command, now)
        case Begin():
            return _begin(event, command, now)
        case Finish():
            return _finish(event, command, now)
        case Interrupt():
            return _interrupt(event, command, now)
        case Report():
            return _report(event, command, now)
        case Progress():
            return _progress(event, command, now)
        case Cancel():
            return _cancel(event, command, now)
        case Redeliver():
            return _redeliver(event, command, now)
        case Expire() | LeaseCheck() | SilenceCheck():
            return _check_time(event, command, now)


def _checkout(event: Event, command: Checkout, now: int) -> Transition:
    mine = (event.holder, event.checkout_token) == (command.holder, command.token)
    if event.event_status is EventStatus.CHECKED_OUT and mine:
        return _unchanged(event)
    _require_startable(event, now, command.clock_trusted, "checkout")
    taken = replace(
        event,
        event_status=EventStatus.CHECKED_OUT,
        holder=command.holder,
        checkout_token=command.token,
        lease_until=command.lease_until,
        agent_id=command.agent_id,
        process_id=command.process_id,
        modified=now,
    )
    return Transition(taken, (Renewed(command.lease_until),))


def _begin(event: Event, command: Begin, now: int) -> Transition:
    _require_startable(event, now, command.clock_trusted, "start")
    mine = replace(
        event,
        holder=command.holder,
        boot_id=command.boot_id,
        process_id=command.process_id,
        result="",
        percent_complete=0.0,
    )
    return _started(mine, now)


def _finish(event: Event, command: Finish, now: int) -> Transition:
    _require_attempt(event, command.attempt)
    if not command.status.terminal:
        raise _refused(event, command.status.wire_name)
    percent = event.percent_complete if command.percent is None else command.percent
    said = replace(event, result=command.result, percent_complete=percent)
    if event.terminal:
        return _after_end(event, said, command.status, now, entitled=True)
    if event.event_status is not EventStatus.PROCESSING:
        raise _refused(event, command.status.wire_name)
    return _end(said, command.status, now)


def _interrupt(event: Event, command: Interrupt, now: int) -> Transition:
    _require_attempt(event, command.attempt)
    said = replace(event, result=command.result)
    if event.terminal:
        return _after_end(event, said, EventStatus.ERROR, now, entitled=False)
    if event.event_status is not EventStatus.PROCESSING:
        return _unchanged(event)
    return _cut_off(said, now, token=event.checkout_token)


def _report(event: Event, report: Report, now: int) -> Transition:
    said = _with_fields(event, report)
    if event.terminal:
        return _after_end(event, said, report.status, now, entitled=_had_held(event, report))
    over = _checkout_is_over(event, report.holder, report.token)
    if report.status is EventStatus.ERROR and result_code(said.result) == INTERRUPTED:
        # On a Pending row the cut is known or cost no attempt; an older checkout says nothing about the present one.
        present = event.event_status in _HELD and not over
        return _cut_off(said, now, token="") if present else _unchanged(event)
    if report.status is not None and report.status.terminal:
        late = over or (event.event_status is EventStatus.PENDING and bool(report.token))
        return _end(replace(said, late=late), report.status, now)
    return _unchanged(event) if over else _live_report(event, said, report, now)


def _live_report(event: Event, said: Event, report: Report, now: int) -> Transition:
    """A report that ends nothing, from who has the event or may take it."""
    match (event.event_status, report.status):
        case (_, None):
            return _heard(said, now)
        case (EventStatus.PENDING, EventStatus.PENDING):
            # Handed back, or said again: nobody runs it, so no process is its, and nothing of it is done.
            return _heard(replace(said, process_id=event.process_id, percent_complete=event.percent_complete), now)
        case (before, after) if before is after:
            return _heard(replace(said, boot_id=report.boot_id or event.boot_id), now)
        case (EventStatus.CHECKED_OUT, EventStatus.PENDING):
            return _requeue(said, now, token="")
        case (EventStatus.PENDING, EventStatus.CHECKED_OUT):
            _require_attempts_left(event)
            return _heard(replace(_taken(said, report), event_status=EventStatus.CHECKED_OUT), now)
        case (EventStatus.PENDING, EventStatus.PROCESSING):
            return _started(_taken(said, report), now)
        case (EventStatus.CHECKED_OUT, EventStatus.PROCESSING):
            return _started(replace(said, boot_id=report.boot_id), now)
        case (_, status):
            raise _refused(event, status.wire_name)


def _progress(event: Event, command: Progress, now: int) -> Transition:
    if command.attempt is not None:
        _require_attempt(event, command.attempt)
    said = replace(event, percent_complete=command.percent)
    if event.terminal:
        return _after_end(event, said, None, now, entitled=False)
    if _checkout_is_over(event, command.holder, command.token):
        return _unchanged(event)
    return _heard(said, now)


def _cancel(event: Event, command: Cancel, now: int) -> Transition:
    if event.event_status is EventStatus.CANCELLED:
        return _unchanged(event)
    if event.terminal:
        raise _ended(event, "cancel")
    if event.event_status is EventStatus.PENDING:
        return _end(replace(event, modified_by=command.by), EventStatus.CANCELLED, now)
    return Transition(event, (QueueEndProcess(event.key),))


def _check_time(event: Event, command: Expire | LeaseCheck | SilenceCheck, now: int) -> Transition:
    status = event.event_status
    match command:
        case Expire(clock_trusted=trusted):
            if trusted and expired(event, now):
                return _end(event, EventStatus.TIMED_OUT, now)
        case LeaseCheck():
            if status is EventStatus.CHECKED_OUT and now >= event.lease_until:
                return _requeue(event, now, token=event.checkout_token)
        case SilenceCheck(limit=limit):
            if status is EventStatus.PROCESSING and now - event.modified >= limit:
                return _end(event, EventStatus.TIMED_OUT, now)
    return _unchanged(event)


def _redeliver(event: Event, command: Redeliver, now: int) -> Transition:
    # A checkout through the device's own API owns the token of this row; the upstream's lease may run out meanwhile.
    if event.event_status is EventStatus.CHECKED_OUT:
        return _unchanged(event)
    known = replace(event, checkout_token=command.token, modified=now)
    if event.event_status is EventStatus.PROCESSING:
        return Transition(known, (AnswerProcessing(),))
    # Never backwards: an attempt number that was used here must not be used for a second start. Once exhausted, the
    # outcome is the honest answer, and a waiting row must keep room for the attempt it waits for.
    attempt = max(event.attempt_number, command.attempt)
    room = attempt < attempts_allowed(event)
    if event.event_status is EventStatus.PENDING:
        counted = replace(known, attempt_number=attempt) if room else known
        return Transition(counted, (Renewed(0),))
    interrupted = event.event_status is EventStatus.ERROR and result_code(event.result) == INTERRUPTED
    if interrupted and room:
        again = replace(known, attempt_number=attempt, ended=0, late=False)
        return _requeue(again, now, token=command.token)
    return Transition(known, (SendOutcome(),))


def _after_end(event: Event, said: Event, status: EventStatus | None, now: int, *, entitled: bool) -> Transition:
    """A word about an ended event: a repeat is harmless, Timed_out may still learn what really happened."""
    if status in (None, event.event_status) and said == replace(event, process_id=said.process_id):
        return _unchanged(event)
    corrects = event.event_status is EventStatus.TIMED_OUT and status in (EventStatus.COMPLETE, EventStatus.ERROR)
    if status is None or not (corrects and entitled):
        raise _ended(event, "an update" if status is None else status.wire_name)
    return _end(replace(said, late=True), status, now)


def _with_fields(event: Event, report: Report) -> Event:
    """Only what was said is applied; `attemptNumber` is not even a field of Report."""
    said: dict[str, object] = {
        "result": report.result,
        "percent_complete": report.percent,
        "process_id": report.process_id,
        "tag_string": report.tag_string,
        "tag_number": report.tag_number,
    }
    given = {name: value for name, value in said.items() if value is not None}
    # The audit field is set with a change of the event, so that a repeat by someone else stays a repeat.
    if report.by and not event.terminal:
        given["modified_by"] = report.by
    return replace(event, **given)  # type: ignore[arg-type]


def _checkout_is_over(event: Event, holder: str, token: str) -> bool:
    """True for a token of an older checkout; raises HeldByAnother while somebody else has the event."""
    if not token or token == event.checkout_token:
        return False
    if event.event_status in _HELD and holder != event.holder:
        raise HeldByAnother(event=event.key, status=event.event_status.wire_name, holder=event.holder)
    return True


def _had_held(event: Event, report: Report) -> bool:
    """Whether the report comes from the device that had the event; a third-party client names no holder."""
    if not event.holder or not report.holder:
        return bool(event.holder) or event.attempt_number > 0
    return _device_of(event.holder) == _device_of(report.holder)


def _device_of(holder: str) -> str:
    return holder.partition(":")[0]


def _taken(event: Event, report: Report) -> Event:
    """Pending, and now the reporter's: it goes by the token it sent, none for a third-party client."""
    return replace(event, holder=report.holder or event.holder, checkout_token=report.token, boot_id=report.boot_id)


def _started(event: Event, now: int) -> Transition:
    _require_attempts_left(event)
    begun = replace(_counted(event, now), event_status=EventStatus.PROCESSING, lease_until=0, late=False, modified=now)
    return Transition(begun, (Began(begun.attempt_number),))


def _counted(event: Event, now: int) -> Event:
    """The present attempt counted, once. An outcome without room for it (an odd row) keeps the count at its limit."""
    if event.started:
        return event
    attempt = max(event.attempt_number, min(event.attempt_number + 1, attempts_allowed(event)))
    return replace(event, attempt_number=attempt, started=now)


def _heard(event: Event, now: int) -> Transition:
    lease = now + LEASE if event.event_status is EventStatus.CHECKED_OUT else 0
    return Transition(replace(event, lease_until=lease, modified=now), (Renewed(lease),))


def _cut_off(event: Event, now: int, *, token: str) -> Transition:
    """The attempt was interrupted: another one while there is room, else Error."""
    tried = _counted(event, now)
    if tried.attempt_number < attempts_allowed(tried):
        return _requeue(tried, now, token=token)
    return _end(tried, EventStatus.ERROR, now)


def _requeue(event: Event, now: int, *, token: str) -> Transition:
    """Pending again. The last holder is kept; `token` is "" when that checkout is over for good."""
    waiting = replace(
        event,
        event_status=EventStatus.PENDING,
        checkout_token=token,
        lease_until=0,
        started=0,
        percent_complete=0.0,
        process_id=0,
        modified=now,
    )
    return Transition(waiting, (Requeued(),))


def _end(event: Event, status: EventStatus, now: int) -> Transition:
    """Complete and Error mean that it ran, so the attempt counts; Timed_out and Cancelled do not tell."""
    ran = status in (EventStatus.COMPLETE, EventStatus.ERROR)
    tried = _counted(event, now) if ran else event
    return Transition(replace(tried, event_status=status, lease_until=0, ended=now, modified=now), (Ended(status),))


def _unchanged(event: Event) -> Transition:
    effects: tuple[Effect, ...] = (Unchanged(),)
    return Transition(event, effects)


def _require_startable(event: Event, now: int, clock_trusted: bool, asked: str) -> None:
    if event.terminal:
        raise _ended(event, asked)
    if event.event_status is not EventStatus.PENDING:
        raise _refused(event, asked)
    if clock_trusted and expired(event, now):
        raise EventExpired(event=event.key, status=event.event_status.wire_name, expired=event.expiration_epoch)
    _require_attempts_left(event)


def _require_attempts_left(event: Event) -> None:
    if event.attempt_number >= attempts_allowed(event):
        raise AttemptsExhausted(event=event.key, status=event.event_status.wire_name, attempt=event.attempt_number)


def _require_attempt(event: Event, attempt: int) -> None:
    if attempt != event.attempt_number:
        status = event.event_status.wire_name
        raise StaleAttempt(event=event.key, status=status, attempt=event.attempt_number, asked=attempt)


def _refused(event: Event, asked: str) -> TransitionRefused:
    return TransitionRefused(event=event.key, status=event.event_status.wire_name, asked=asked)


def _ended(event: Event, asked: str) -> AlreadyEnded:
    return AlreadyEnded(event=event.key, status=event.event_status.wire_name, asked=asked)
