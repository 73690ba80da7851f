"""The processes that speak to services: started when something is due, killed when they take too long."""

import asyncio
import base64
import contextlib
import json
import os
import signal
import sys
from dataclasses import dataclass
from typing import Any, Final

from presets_store.delivery.guard import AddressRules

SEND_SECONDS: Final = 30
_START_SECONDS: Final = 30
_GRACE_SECONDS: Final = 5
"""The child ends itself first."""
_NO_ANSWER: Final = "no answer in time"
_LONGEST_ANSWER: Final = 65_536
_KEPT_VARIABLES: Final = ("PATH", "LANG", "LC_ALL", "TZ", "PYTHONPATH", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""Of the environment: settings may hold secrets, and a proxy would ask what we must not."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt. `final`: another would end the same way. `wait`: seconds that were asked for."""

    sent: bool
    reason: str = ""
    final: bool = False
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is sent to an Apprise URL, which `repr` does not print."""

    url: str
    title: str
    body: str
    jpeg: bytes = b""

    def __repr__(self) -> str:
        return f"Parcel(title={self.title!r})"


class Children:
    """Up to `most` processes, each with one order at a time, which stay for `idle` seconds after the last."""

    def __init__(self, rules: AddressRules, *, most: int = 1, idle: float = 10.0) -> None:
        self._rules = rules
        self._free = asyncio.Semaphore(most)
        self._idle = idle
        self._resting: list[tuple[_Child, asyncio.TimerHandle]] = []
        self._leaving: set[asyncio.Future[None]] = set()

    async def send(self, parcel: Parcel) -> Outcome:
        """One attempt; what goes wrong is told by its outcome."""
        return await self._order(parcel, SEND_SECONDS)

    async def look(self, url: str) -> Outcome:
        """Whether the URL can be used, without asking anybody: `sent`, else the reason."""
        return await self._order(Parcel(url, "", ""), 0)

    async def close(self) -> None:
        """Ends those that rest. What is being sent ends with its task."""
        for child, timer in self._resting[:]:
            timer.cancel()
            self._dismiss(child)
        await asyncio.gather(*self._leaving)

    async def _order(self, parcel: Parcel, seconds: int) -> Outcome:
        line = await asyncio.to_thread(_line, parcel, seconds)
        async with self._free:
            child = self._rested() or _Child()
            answer, reason = None, _NO_ANSWER
            try:
                async with asyncio.timeout(_START_SECONDS + seconds + _GRACE_SECONDS):
                    answer = await child.ask(self._rules, line)
                    reason = "the process that sends has ended"
            except TimeoutError:
                pass
            finally:
                if answer is None:
                    await child.kill()
            if answer is None:
                return Outcome(False, _NO_ANSWER if child.ended_by == -signal.SIGALRM else reason)
            self._rest(child)
        return Outcome(answer["outcome"] == "sent", answer["reason"], final=answer["outcome"] == "refused")

    def _rested(self) -> "_Child | None":
        while self._resting:
            child, timer = self._resting.pop()
            timer.cancel()
            if child.alive:
                return child
        return None

    def _rest(self, child: "_Child") -> None:
        loop = asyncio.get_running_loop()
        self._resting.append((child, loop.call_later(self._idle, self._dismiss, child)))

    def _dismiss(self, child: "_Child") -> None:
        self._resting = [each for each in self._resting if each[0] is not child]
        leaving = asyncio.ensure_future(child.end())
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)


class _Child:
    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def ended_by(self) -> int:
        """Its exit status; a signal is negative."""
        return 0 if self._process is None else self._process.returncode or 0

    async def ask(self, rules: AddressRules, line: bytes) -> dict[str, Any] | None:
        """The answer; None when the process ended without one."""
        process = self._process
        if process is None:
            process = self._process = await _start()
            line = json.dumps(rules.dump()).encode() + b"\n" + line
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the child was started without pipes")
        with contextlib.suppress(ConnectionError):  # that it ended is seen below
            process.stdin.write(line)
            await process.stdin.drain()
        try:
            return dict(json.loads(await process.stdout.readline()))
        except ValueError:  # nothing, or too much
            with contextlib.suppress(TimeoutError):  # to kill what has ended would hide how it did
                await asyncio.wait_for(process.wait(), _GRACE_SECONDS)
            return None

    async def end(self) -> None:
        """Returns when it has ended, which it does at the end of its input."""
        if self._process is None or self._process.stdin is None:
            return
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _GRACE_SECONDS)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


def _line(parcel: Parcel, seconds: int) -> bytes:
    """The order; of a large picture it takes a while."""
    jpeg = base64.b64encode(parcel.jpeg).decode()
    order = {"url": parcel.url, "title": parcel.title, "body": parcel.body, "jpeg": jpeg, "seconds": seconds}
    return json.dumps(order).encode() + b"\n"


async def _start() -> asyncio.subprocess.Process:
    # Nothing of a URL on the command line or in the environment, which others can read; nor in a log.
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "presets_store.delivery.child"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=_LONGEST_ANSWER,
        env={name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ} | {"NETRC": os.devnull},
    )
