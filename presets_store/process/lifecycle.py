"""Start, run, stop: an exit stack that undoes what was started, system tasks whose death ends the process, signals."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from typing import Any, TypeVar

from presets_store.process.errors import PlaceUnusable

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


class SystemTaskDied(Exception):
    """A task that must run as long as the process ended by itself; the supervisor (systemd) starts anew."""


class SystemTasks:
    """The tasks that make the process. None of them may end before it does."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[None], str] = {}

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Runs `work` until `stop`."""
        self._tasks[asyncio.create_task(work, name=name)] = name

    async def watch(self) -> None:
        """Returns never; raises SystemTaskDied when one of the tasks ended."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        task = done.pop()
        raise SystemTaskDied(self._tasks[task]) from task.exception()

    async def stop(self) -> None:
        """Cancels all and waits for them."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._tasks.clear()


@contextlib.contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set; a second signal changes nothing, stopping is already under way."""
    wanted = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, wanted.set)
    try:
        yield wanted
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def unless(wanted: asyncio.Event, work: Coroutine[Any, Any, Result]) -> Result | None:
    """What `work` answers; None when a stop is wanted before: then it was cancelled, and has ended."""
    working, waiting = asyncio.ensure_future(work), asyncio.ensure_future(wanted.wait())
    try:
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        waiting.cancel()
        working.cancel()
        await asyncio.wait({working})


@contextlib.contextmanager
def usable_places() -> Iterator[None]:
    """Around the start: what the operating system says of a file or folder becomes PlaceUnusable."""
    try:
        yield
    except OSError as error:
        raise PlaceUnusable(path=error.filename or "a file", reason=error.strerror or str(error)) from error


@contextlib.asynccontextmanager
async def stage(name: str, seconds: float) -> AsyncIterator[None]:
    """A stage of stopping: time-boxed; its failure is logged, so that the next stages have their turn."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        logger.error("stopping: %s did not end within %s s", name, seconds)
    except Exception:  # boundary: every stage of stopping must have its turn
        logger.exception("stopping: %s failed", name)


def staged(name: str, seconds: float, stop: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[None]]:
    """`stop` as a stage of stopping, to be called at its turn."""

    async def run() -> None:
        async with stage(name, seconds):
            await stop()

    return run
