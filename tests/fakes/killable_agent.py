"""The agent as it is, but for one thing: at a chosen place it kills itself, or its camera host, with SIGKILL.

`KILL_AT`, `stage:when:who:times:delay`: stage of design.md section 2; `before` or `after` the step; `agent` or `host`;
at the how-manieth time that the place is reached; and how many seconds later.
`KILL_MARK` is a file in which the death is noted first, so that a test can tell that the place was reached.
"""

import functools
import inspect
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.__main__ import main
from agent.cameras import AgentCamera
from agent.context import Context
from agent.upstream.client import SignedClient
from hardware.client import CameraClient
from presets_store.services.changes import Changes
from presets_store.services.events import EventsService

PLACES: dict[tuple[str, str], tuple[type[Any], str, str]] = {
    ("receive", "before"): (EventsService, "create", "before"),
    ("receive", "after"): (Changes, "add", "before"),
    ("accept", "before"): (Changes, "add", "after"),
    ("accept", "after"): (EventsService, "create", "after"),
    ("dispatch", "before"): (EventsService, "begin", "before"),
    ("dispatch", "after"): (EventsService, "begin", "after"),
    ("act", "before"): (AgentCamera, "record", "before"),
    ("act", "after"): (AgentCamera, "record", "after"),
    ("progress", "before"): (Context, "progress", "before"),
    ("progress", "after"): (Context, "progress", "after"),
    ("finish", "before"): (EventsService, "finish", "before"),
    ("finish", "after"): (EventsService, "finish", "after"),
    ("report", "before"): (SignedClient, "request", "before"),
    ("report", "after"): (SignedClient, "request", "after"),
}
"""Which function, and which side of it. `Changes.add` runs inside the transaction that accepts an event, and after
`EventsService.create` that is committed but nobody has been told."""

HOSTS: list[CameraClient] = []


class Trigger:
    """Kills once, at the given time that its place is reached, after `delay` seconds."""

    def __init__(self, who: str, times: int, delay: float, mark: Path) -> None:
        self._who = who
        self._left = times
        self._delay = delay
        self._mark = mark

    def reached(self) -> None:
        self._left -= 1
        if self._left != 0:
            return
        if self._delay:
            threading.Timer(self._delay, self._kill).start()
        else:
            self._kill()

    def _kill(self) -> None:
        self._mark.write_text(self._who)
        victim = os.getpid() if self._who == "agent" else next((client.pid for client in HOSTS if client.pid), None)
        if victim:
            os.kill(victim, signal.SIGKILL)


def hooked(function: Callable[..., Any], trigger: Trigger, when: str) -> Callable[..., Any]:
    """`function` with the trigger before or after it."""

    @functools.wraps(function)
    async def asynchronous(*arguments: Any, **named: Any) -> Any:
        if when == "before":
            trigger.reached()
        answer = await function(*arguments, **named)
        if when == "after":
            trigger.reached()
        return answer

    @functools.wraps(function)
    def synchronous(*arguments: Any, **named: Any) -> Any:
        if when == "before":
            trigger.reached()
        answer = function(*arguments, **named)
        if when == "after":
            trigger.reached()
        return answer

    return asynchronous if inspect.iscoroutinefunction(function) else synchronous


def remember_hosts() -> None:
    """Notes every camera client, to know the host's process id."""
    start = CameraClient.start

    async def noted(client: CameraClient) -> None:
        HOSTS.append(client)
        await start(client)

    CameraClient.start = noted  # type: ignore[method-assign, assignment]


def arm(order: str, mark: Path) -> None:
    """Puts the trigger in its place."""
    stage, when, who, times, delay = order.split(":")
    owner, name, side = PLACES[stage, when]
    setattr(owner, name, hooked(getattr(owner, name), Trigger(who, int(times), float(delay), mark), side))


if __name__ == "__main__":
    remember_hosts()
    arm(os.environ["KILL_AT"], Path(os.environ["KILL_MARK"]))
    sys.exit(main())
