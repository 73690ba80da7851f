"""The dates of what this device did and took: noted for each boot, corrected when a better time arrives.

All that was recorded in a boot is dated by one offset between wall time and the clock of the boot that only goes
forward. When that changes, what there is is moved, a batch at a time: each is one transaction, in which it is noted how
far the correction has come. So it may be cut off at any point, and goes on there.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

from sqlalchemy import Connection

from presets_store.clock import Clock, ClockQuality, micros
from presets_store.rules.dating import Dating, Step, moved
from presets_store.rules.event import Event
from presets_store.services.wire import event_upload
from presets_store.storage.database import Database
from presets_store.storage.media.dating import (
    events_between,
    events_of,
    newest_event_key,
    redate_events,
    redate_taken,
    reports_of,
    rewrite_report,
    unfinished_since,
)
from presets_store.storage.media.records import AudioClip, Image
from presets_store.storage.meta import get_meta, set_meta
from presets_store.storage.records import Clip

AT_ONCE = 500
"""Rows of a kind in one transaction: some tens of milliseconds, in which nobody else writes."""

_META = "clock.dating"
_EARLIER = "clock.datings"
_OURS = 0
"""In place of the moment of the last change before this boot: it was changed in this boot."""
_REPORTED = ("creationDate", "startDate", "endDate", "clockQuality")
"""What a report tells of an event's dates."""

Correction = tuple[Event, Event]
"""An event as it is, and as it is to be."""
Taken = TypeVar("Taken", bound=Clip | Image | AudioClip)


@dataclass(frozen=True, slots=True)
class _Underway:
    """A correction that is not done: seen at the monotonic moment `seen`; events with keys from `below` on are done."""

    after: Dating
    seen: int
    below: int


@dataclass(frozen=True, slots=True)
class BootNote:
    """How a boot is dated. Its events have keys above `above`; `carried` are unfinished ones of before, by key, with
    when they had been changed last.
    """

    boot_id: str
    dating: Dating
    above: int
    carried: Mapping[int, int]
    underway: _Underway | None = field(default=None)


class DatingService:
    """For the device on which the store runs. `boot_id`: the present boot's."""

    def __init__(self, database: Database, clock: Clock, device_key: int, boot_id: str) -> None:
        self._database = database
        self._clock = clock
        self._device_key = device_key
        self._boot_id = boot_id

    async def begin(self, dating: Dating) -> None:
        """Notes how this boot is dated, before anything of it is stored; at its later starts this changes nothing."""
        await self._database.write(lambda connection: self._begin(connection, dating))

    async def corrects(self, dating: Dating) -> bool:
        """Whether `dating` makes what was recorded in this boot wrong."""
        note = await self._database.read(read_note)
        if note is None or note.boot_id != self._boot_id:
            return False
        return note.underway is not None or Step(note.dating, dating, 0, 0).corrects

    async def follow(self, dating: Dating) -> int:
        """`dating` holds now: corrects what was dated otherwise, if it is a better one; how many rows were."""
        seen, corrected, done = micros(self._clock.monotonic()), 0, False
        while not done:
            batch = await self._database.write(lambda connection: self._advance(connection, dating, seen))
            done, corrected = batch is None, corrected + (batch or 0)
        return corrected

    def _begin(self, connection: Connection, dating: Dating) -> None:
        known = read_note(connection)
        if known is None or known.boot_id != self._boot_id:
            carried = unfinished_since(connection, self._device_key)
            _write_note(connection, BootNote(self._boot_id, dating, newest_event_key(connection), carried))

    def _advance(self, connection: Connection, dating: Dating, seen: int) -> int | None:
        """One batch; how many rows it has corrected. None: there was nothing to do."""
        note = read_note(connection)
        if note is None or note.boot_id != self._boot_id:
            return None
        if note.underway is None and note.dating.same_as(dating):
            return None
        underway = note.underway or _Underway(dating, seen, newest_event_key(connection) + 1)
        step = Step(note.dating, underway.after, underway.seen, micros(self._clock.monotonic()))
        if not step.corrects:
            _write_note(connection, replace(note, dating=underway.after, underway=None))
            return 0
        carried = self._carried(connection, note, step) if note.underway is None else []
        note = replace(note, carried={**note.carried, **{event.key: _OURS for event, _ in carried}})
        return _store(connection, carried) + self._correct(connection, note, underway, step)

    def _correct(self, connection: Connection, note: BootNote, underway: _Underway, step: Step) -> int:
        batch = events_between(connection, self._device_key, note.above, underway.below, AT_ONCE)
        events = _store(connection, [(event, moved(event, step, self._boot_id, made_here=True)) for event in batch])
        taken = redate_taken(connection, step, self._boot_id, AT_ONCE)
        if batch or taken:
            below = batch[-1].key if batch else underway.below
            note = replace(note, underway=replace(underway, below=below))
        else:
            note = replace(note, dating=underway.after, underway=None)
        _write_note(connection, note)
        return events + taken

    def _carried(self, connection: Connection, note: BootNote, step: Step) -> list[Correction]:
        """Events of an earlier boot that this one has changed, as they are to be."""
        known = events_of(connection, list(note.carried))
        changed = (event for event in known if event.modified != note.carried[event.key])
        return [(event, moved(event, step, self._boot_id, made_here=False)) for event in changed]


async def note_datings(database: Database, datings: Mapping[str, Dating]) -> None:
    """How boots are dated, by boot ID: for a database that is a new one, and will take up what they have left."""
    documents = {boot_id: asdict(dating) for boot_id, dating in datings.items()}
    await database.write(lambda connection: set_meta(connection, _EARLIER, json.dumps(documents)))


def read_note(connection: Connection) -> BootNote | None:
    """How the last boot is dated, as far as it is known."""
    kept = get_meta(connection, _META)
    if kept is None:
        return None
    document = json.loads(kept)
    underway = document["underway"]
    return BootNote(
        boot_id=document["boot_id"],
        dating=_dating_in(document["dating"]),
        above=document["above"],
        carried={int(key): modified for key, modified in document["carried"].items()},
        underway=_Underway(**underway | {"after": _dating_in(underway["after"])}) if underway else None,
    )


def dating_of(connection: Connection, boot_id: str) -> Dating | None:
    """How a boot is dated: by what is underway already, if a correction is; None when it is not known here."""
    note = read_note(connection)
    if note is not None and note.boot_id == boot_id:
        return note.underway.after if note.underway else note.dating
    earlier = json.loads(get_meta(connection, _EARLIER) or "{}").get(boot_id)
    return _dating_in(earlier) if earlier else None


def misdated(connection: Connection, clock: Clock) -> bool:
    """Whether something is dated worse than the clock knows by now, and is just being corrected."""
    note = read_note(connection)
    return note is not None and (note.underway is not None or note.dating.quality.rank < clock.quality().rank)


def dated(connection: Connection, taken: Taken) -> Taken:
    """What the device took, as it is to be stored: dated like all of its boot, if that knows the time better."""
    dating = dating_of(connection, taken.boot_id) if taken.boot_id and taken.mono else None
    return taken if dating is None else by_dating(taken, dating)


def by_dating(taken: Taken, dating: Dating) -> Taken:
    """The same by a dating of its boot."""
    if not taken.clock_quality or ClockQuality(taken.clock_quality).rank >= dating.quality.rank:
        return taken
    start = taken.mono + dating.offset
    correction = taken.clock_correction + start - taken.start
    return replace(taken, start=start, clock_quality=dating.quality.value, clock_correction=correction)


def _store(connection: Connection, corrections: Sequence[Correction]) -> int:
    """Writes what differs, and what is to be reported of it; how many events were corrected."""
    changed = {before.key: after for before, after in corrections if after != before}
    redate_events(connection, list(changed.values()))
    for report in reports_of(connection, list(changed)):
        told = event_upload(changed[report.event_key], "").dump()
        body = json.loads(report.body) | {name: told[name] for name in _REPORTED}
        rewrite_report(connection, report.key, json.dumps(body, ensure_ascii=False))
    return len(changed)


def _write_note(connection: Connection, note: BootNote) -> None:
    set_meta(connection, _META, json.dumps(asdict(note)))


def _dating_in(document: Mapping[str, Any]) -> Dating:
    return Dating(offset=document["offset"], quality=ClockQuality(document["quality"]))
