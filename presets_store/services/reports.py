"""What the device tells its upstream of itself: health, log messages. It may be dropped, an outcome never is.

A report is kept in memory first: while there is a link nothing of it is ever written, and without one many are written
at once, which spares the flash. A kill loses what was not written yet.
"""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from presets_store.clock import Clock, micros
from presets_store.storage.database import Database
from presets_store.storage.meta import get_meta, set_meta
from presets_store.storage.records import Report, ReportKind
from presets_store.storage.reports import (
    DROPPED_FIRST,
    Room,
    add_reports,
    any_others,
    clear_reports,
    cost,
    count_reports,
    drop_reports,
    forget_others,
    oldest_reports,
    remove_reports,
    taken_by,
)

REPORTS_SIZE = 32_000_000
MAX_REPORTS = 50_000
IN_MEMORY = Room(rows=2_000, size=2_000_000)
"""Reached only while the database cannot be written."""

SAVED_AFTER = 30.0
"""Seconds that a report may be in memory only."""

ALL_KINDS = tuple(ReportKind)
_DROPPED = "reports.dropped"

Dropped = Mapping[ReportKind, int]


class _Fresh(NamedTuple):
    """A report in memory only; `since` in monotonic seconds."""

    report: Report
    since: float


class ReportsService:
    """For one destination, "" for none: then nothing is kept. Used in the event loop's thread only.

    `size`: bytes that they may take on the disk.
    """

    def __init__(self, database: Database, clock: Clock, destination: str, size: int = REPORTS_SIZE) -> None:
        self._database = database
        self._clock = clock
        self._destination = destination
        self._bounds = Room(MAX_REPORTS, size)
        self._left = Room(0, 0)
        """What certainly fits in; it is found out by the first write."""
        self._fresh: list[_Fresh] = []
        self._fresh_size = 0
        self._lost: Counter[ReportKind] = Counter()

    def add(self, kind: ReportKind, body: Mapping[str, Any]) -> None:
        """Keeps a report until it is sent: `body` is what the upstream is to get, as JSON."""
        if not self._destination:
            return
        text = json.dumps(body)
        report = Report(destination=self._destination, kind=kind, body=text, created=micros(self._clock.now()))
        self._fresh.append(_Fresh(report, self._clock.monotonic()))
        self._fresh_size += cost(text)
        self._keep_memory_within()

    async def next(self, limit: int, kinds: Collection[ReportKind] = ALL_KINDS) -> list[Report]:
        """The oldest reports of these kinds; they stay until `sent`."""
        found = await self._database.read(lambda c: oldest_reports(c, self._destination, kinds, limit))
        fresh = [each.report for each in self._fresh if each.report.kind in kinds]
        return found + fresh[: limit - len(found)]

    async def sent(self, reports: Sequence[Report]) -> None:
        """The destination has them, or will never take them: they go."""
        gone = {id(report) for report in reports}
        self._set_fresh([each for each in self._fresh if id(each.report) not in gone])
        keys = [report.key for report in reports if report.key]
        if keys:
            await self._database.write(lambda c: remove_reports(c, keys))

    async def save_aged(self) -> None:
        """As `save`, when the oldest in memory has been there for SAVED_AFTER."""
        if self._fresh and self._clock.monotonic() - self._fresh[0].since >= SAVED_AFTER:
            await self.save()

    async def save(self) -> None:
        """Writes what is in memory, in one transaction, which drops what is beyond the bounds.

        Raises what the database does; all is in memory still then.
        """
        fresh, lost = list(self._fresh), self._lost.copy()
        if not fresh and not lost:
            return
        left = self._left.less(Room(len(fresh), self._fresh_size))

        def store(connection: Connection) -> Room:
            add_reports(connection, [each.report for each in fresh])
            fits = left.rows >= 0 and left.size >= 0
            dropped = lost + Counter({} if fits else self._keep_within(connection))
            if dropped:
                _note_dropped(connection, _dropped(connection) + dropped)
            return left if fits else self._bounds.less(taken_by(connection, self._destination))

        self._left = await self._database.write(store)
        saved = {id(each) for each in fresh}
        self._set_fresh([each for each in self._fresh if id(each) not in saved])
        self._lost -= lost

    async def clear(self, kind: ReportKind) -> int:
        """Drops all of a kind because somebody wants so; how many."""
        kept = [each for each in self._fresh if each.report.kind is not kind]
        cleared = len(self._fresh) - len(kept)
        self._set_fresh(kept)
        return cleared + await self._database.write(lambda c: clear_reports(c, kind))

    async def forget_others(self) -> None:
        """Drops what an earlier destination was to get."""
        if await self._database.read(lambda c: any_others(c, self._destination)):
            await self._database.write(lambda c: forget_others(c, self._destination))

    async def waiting(self) -> int:
        """How many there are, on the disk and in memory."""
        return len(self._fresh) + await self._database.read(lambda c: count_reports(c, self._destination))

    async def dropped(self) -> Dropped:
        """How many were dropped that the destination has not heard of yet, by kind."""
        return self._lost + await self._database.read(_dropped)

    async def told(self, dropped: Dropped) -> None:
        """The destination has heard that these were dropped."""
        told = Counter(dropped)
        never_saved = self._lost & told
        self._lost -= never_saved
        await self._database.write(lambda c: _note_dropped(c, _dropped(c) - (told - never_saved)))

    def _set_fresh(self, fresh: list[_Fresh]) -> None:
        self._fresh = fresh
        self._fresh_size = sum(cost(each.report.body) for each in fresh)

    def _keep_within(self, connection: Connection) -> Dropped:
        """Drops what is beyond the bounds, and some more, so that it is not to be done at each write."""
        taken = taken_by(connection, self._destination)
        beyond = taken.less(self._bounds)
        spare = Room(self._bounds.rows // 8, self._bounds.size // 8) if beyond.any else Room(0, 0)
        return drop_reports(connection, self._destination, beyond.plus(spare))

    def _keep_memory_within(self) -> None:
        while len(self._fresh) > IN_MEMORY.rows or self._fresh_size > IN_MEMORY.size:
            oldest = next(each for kind in DROPPED_FIRST for each in self._fresh if each.report.kind is kind)
            self._set_fresh([each for each in self._fresh if each is not oldest])
            self._lost[oldest.report.kind] += 1


def _dropped(connection: Connection) -> Counter[ReportKind]:
    noted = json.loads(get_meta(connection, _DROPPED) or "{}")
    return Counter({ReportKind(kind): count for kind, count in noted.items()})


def _note_dropped(connection: Connection, dropped: Counter[ReportKind]) -> None:
    set_meta(connection, _DROPPED, json.dumps(dropped))
