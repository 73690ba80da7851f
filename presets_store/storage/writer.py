"""The one thread that writes to SQLite. Functions that wait together share one commit."""

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

Result = TypeVar("Result")

_LARGEST_GROUP = 128
"""A commit that is shared by more would keep its first caller waiting for the last one's work."""


@dataclass(slots=True)
class _Job:
    function: Callable[[Connection], Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None


class _TransactionLost(Exception):
    """One function's failure undid the transaction, and with it what the others had done."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Writer:
    """Carries functions out in the order in which they were handed in.

    Each runs in a savepoint of its own: what it raises undoes only its own work. Futures are resolved after the commit.
    When the transaction itself fails, everybody in it gets that error, as `translate` puts it.
    """

    def __init__(self, connection: Connection, translate: Callable[[Exception], Exception]) -> None:
        self._connection = connection
        self._raw: Any = connection.connection.driver_connection
        self._translate = translate
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="storage-writer", daemon=True)
        self.stopped = False
        self._thread.start()

    def submit(self, function: Callable[[Connection], Result]) -> asyncio.Future[Result]:
        """Hands a function in. A future that is cancelled before its turn takes its function out."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(function, future))
        return future

    def stop(self) -> None:
        """Finishes what was handed in, then closes the connection. Blocks; not for the event loop."""
        self.stopped = True
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        with self._connection:
            while group := self._next_group():
                self._carry_out(group)
                self._deliver(group)

    def _next_group(self) -> list[_Job]:
        """Everybody who waits now, at least one; nobody when it is time to stop."""
        group: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            group.append(job)
            if len(group) == _LARGEST_GROUP or self._jobs.empty():
                return group
            job = self._jobs.get()
        if group:
            self._jobs.put(None)
        return group

    def _carry_out(self, group: list[_Job]) -> None:
        try:
            with self._connection.begin():
                for job in group:
                    if not job.future.cancelled():
                        self._in_savepoint(job)
        except _TransactionLost as lost:
            _fail(group, lost.cause)
        except (
            SQLAlchemyError,
            sqlite3.Error,
        ) as error:  # begin, savepoint or commit failed: nothing of the group is on the disk
            _fail(group, self._translate(error))
            self._abandon()

    def _in_savepoint(self, job: _Job) -> None:
        self._raw.execute("SAVEPOINT caller")  # past SQLAlchemy, whose own would double the cost of a write
        try:
            job.result = job.function(self._connection)
            self._end_inner_savepoints()
        except Exception as error:  # boundary between callers: what one function raises is its own caller's alone
            job.error = self._translate(error)
            if not self._raw.in_transaction:  # SQLite itself undid it all, as it does when the disk is full
                raise _TransactionLost(job.error) from error
            self._end_inner_savepoints()
            self._raw.execute("ROLLBACK TO caller")
        self._raw.execute("RELEASE caller")

    def _end_inner_savepoints(self) -> None:
        """Those that a function opened and left open."""
        while inner := self._connection.get_nested_transaction():
            inner.commit()

    def _abandon(self) -> None:
        """After a failed COMMIT SQLite's transaction is still open, though SQLAlchemy's is not."""
        with contextlib.suppress(sqlite3.Error):  # then the next BEGIN fails, and its callers are told
            self._raw.rollback()

    def _deliver(self, group: list[_Job]) -> None:
        """Wakes each event loop once for all of its callers."""
        for loop in {job.future.get_loop() for job in group}:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_resolve, [job for job in group if job.future.get_loop() is loop])


def _fail(group: list[_Job], error: Exception) -> None:
    for job in group:
        job.error = error


def _resolve(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.future.cancelled():
            continue
        if isinstance(job.error, StopIteration):  # a future cannot carry it
            job.error = RuntimeError("a storage function raised StopIteration")
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
