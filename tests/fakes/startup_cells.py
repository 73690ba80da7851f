"""Cells of the start-up matrix: what a device has lived through, and a real agent that starts after it.

Real are the agent, its state folder, SQLite, the sealed cache, and the upstream: a store served on loopback. Not real
are the boot id, the cameras' processes (no preset here films), and the migration of a fresh database, which is a copy
of one that was migrated for real.
"""

import asyncio
import json
import math
import shutil
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from unittest import mock

import aiohttp
from fakes.damage import header_overwritten
from fakes.served_store import ServedStore, empty_store, served_store

from agent.app import Agent
from agent.settings import Settings
from agent.startup.ahead import begin
from hardware.models import CameraReport
from presets_store.cache.disk import DATABASE as CACHE_FILE
from presets_store.clock import SystemClock
from presets_store.protocol.devices import DeviceRecord
from presets_store.protocol.presets import CreateEventPreset, StartupTarget
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event
from presets_store.services import Services
from presets_store.services.caller import INSIDE
from presets_store.storage.events import list_events

UPSTREAMS = ("none", "up", "down", "slow")
BOUND = ("none", "online", "standalone", "both")
DAMAGED = ("nothing", "database", "cache", "both")
STARTS = ("agent restart", "new boot")

GRACE = 0.3
PATIENCE = 20.0
"""The grace where the upstream answers, for a busy machine: nothing waits for its end."""
PRESET_SECONDS = 0.2
DEVICE = "20005678"
_BEFORE, _THIS, _NEXT = "boot-0", "boot-1", "boot-2"

_boot: ContextVar[str] = ContextVar("boot")


class Cell(NamedTuple):
    upstream: str
    bound: str
    damaged: str
    start: str


CELLS = tuple(Cell(*values) for values in product(UPSTREAMS, BOUND, DAMAGED, STARTS))


@dataclass(frozen=True)
class Outcome:
    """What one start did. `runs`: what it began; `in_boot`: how often start-up began anything in this boot.

    `incidents` are their codes, `messages` their texts.
    """

    mode: str
    reason: str
    runs: str
    in_boot: int
    source: str
    note: str
    incidents: tuple[str, ...]
    messages: str


@dataclass(frozen=True)
class Past:
    """A device that has started once in `_THIS` boot, ran what was to run, and was stopped.

    `folder` holds its state and the store of its upstream. `fired`: by event, what start-up began here and there.
    """

    folder: Path
    upstream: str
    bound: str
    fired: Mapping[str, str]


class NoHost:
    """In place of a camera's process: always ready, never asked for a picture."""

    state = CameraReport(state="closed")
    beat = math.inf

    def __init__(self, *_: Any, **__: Any) -> None:
        return

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        return

    async def ready(self, _timeout: float) -> bool:
        return True

    async def keep_warm(self, *_: Any) -> None:
        return

    async def set_clock(self, _: Any) -> None:
        return


@contextmanager
def seams(migrated: Path) -> Iterator[None]:
    """Around everything here. `migrated` is an empty database of this release."""

    async def migrate(url: str, found: str | None, *_: Any, **__: Any) -> None:
        assert found is None
        await asyncio.to_thread(shutil.copyfile, migrated, url.removeprefix("sqlite:///"))

    with ExitStack() as stack:
        stack.enter_context(mock.patch("agent.startup.ahead.boot_id", _boot.get))
        stack.enter_context(mock.patch("agent.startup.hosts.CameraClient", NoHost))
        stack.enter_context(mock.patch("presets_store.storage.sqlite.migrate_in_child", migrate))
        yield


async def lived(folder: Path, upstream: str, bound: str) -> Past:
    """A device with these bindings, made by the real services, that has started once since."""
    await asyncio.to_thread(folder.mkdir)
    await asyncio.to_thread(shutil.copyfile, await empty_store(), folder / "hub.db")
    async with running(settings_in(folder), _BEFORE) as agent:
        assert agent.services.own is not None
        await _bind(agent.services, agent.services.own.key, bound)
    async with _hub(folder) as hub:
        device = await hub.services.devices.create(INSIDE, DeviceRecord(serial_number=DEVICE))
        await _bind(hub.services, device.key, "online" if bound in ("online", "both") else "none")
    fired, status = await _start(folder, upstream, _THIS)
    assert not status["incidents"]
    return Past(folder, upstream, bound, fired)


async def outcome(past: Past, cell: Cell, folder: Path, *, readable: bool = False) -> Outcome:
    """What a start comes to. `readable`: of a damaged database only the header is lost, else it is all noise."""
    assert (past.upstream, past.bound) == (cell.upstream, cell.bound)
    await asyncio.to_thread(shutil.copytree, past.folder, folder)
    settings = settings_in(folder)
    if cell.damaged in ("database", "both"):
        harm = header_lost if readable else noise
        await asyncio.to_thread(harm, settings.database_file)
    if cell.damaged in ("cache", "both"):
        await asyncio.to_thread(noise, settings.sealed_folder / CACHE_FILE)
    same_boot = cell.start == "agent restart"
    found, status = await _start(folder, cell.upstream, _THIS if same_boot else _NEXT)
    began = [what for event, what in found.items() if event not in past.fired]
    return Outcome(
        mode=status["mode"],
        reason=status["reason"],
        runs=" and ".join(began) or "nothing",
        in_boot=len(began) + (len(past.fired) if same_boot else 0),
        source=status["startup"]["source"],
        note=status["startup"]["note"],
        incidents=tuple(sorted(incident["code"] for incident in status["incidents"])),
        messages="\n".join(incident["message"] for incident in status["incidents"]),
    )


def settings_in(folder: Path, grace: float = GRACE, **upstream: str) -> Settings:
    return Settings.model_validate(
        {
            "state_folder": folder / "state",
            "device": {"serial": DEVICE, "name": "box"},
            "api": {"port": 0},
            "cameras": [{"id": "main", "backend": "null"}],
            "startup": {"grace": grace},
            "upstream": upstream,
        }
    )


@asynccontextmanager
async def running(settings: Settings, boot: str) -> AsyncIterator[Agent]:
    """A real agent in this process, until it has fired what it fires; none of its system tasks may have died."""
    _boot.set(boot)
    ahead = await begin(settings)
    async with ahead.stack:
        agent = await Agent.build(settings, ahead)
        living = asyncio.ensure_future(agent.until(asyncio.Event()))
        await asyncio.wait({living, asyncio.ensure_future(agent.starting.fired.wait())}, return_when="FIRST_COMPLETED")
        yield agent
        await _at_rest(agent.services)
        assert not living.done()
        living.cancel()
        await asyncio.wait({living})


def header_lost(database: Path) -> None:
    """Nobody takes it for a database any more, but its rows are all there."""
    header_overwritten(database, Random(1))


def noise(path: Path) -> None:
    """Not a byte of what was there is left."""
    path.write_bytes(Random(1).randbytes(path.stat().st_size))


async def _start(folder: Path, upstream: str, boot: str) -> tuple[dict[str, str], dict[str, Any]]:
    """What start-up has begun so far, here and at the upstream, by event; and the status."""
    async with AsyncExitStack() as stack:
        grace = PATIENCE if upstream == "up" else GRACE
        settings = settings_in(folder, grace, **await _upstream(folder, upstream, stack))
        async with running(settings, boot) as agent:
            await _at_rest(agent.services)
            begun = {event.uuid: _named(event) for event in await _begun(agent.services)}
            status = await _status(settings.socket_path)
    async with _hub(folder) as hub:
        return begun | {event.uuid: f"{_named(event)}, by the upstream" for event in await _begun(hub.services)}, status


async def _upstream(folder: Path, kind: str, stack: AsyncExitStack) -> dict[str, str]:
    """The settings of an upstream of this kind, which is there until the stack unwinds."""
    if kind == "none":
        return {}
    if kind == "up":
        hub = await stack.enter_async_context(_hub(folder))
        return {"url": hub.root, "access_key": hub.client.key.access_key, "secret_key": hub.client.key.secret}
    held = stack.enter_context(socket.socket())
    held.bind(("127.0.0.1", 0))
    if kind == "slow":  # takes connections, and never answers
        held.listen()
    return {"url": f"http://127.0.0.1:{held.getsockname()[1]}", "access_key": "key", "secret_key": "secret"}


def _hub(folder: Path) -> AbstractAsyncContextManager[ServedStore]:
    return served_store(folder, SystemClock(trusted=True), url=f"sqlite:///{folder / 'hub.db'}")


async def _bind(services: Services, device: int, bound: str) -> None:
    for state in ("online", "standalone") if bound == "both" else () if bound == "none" else (bound,):
        preset = CreateEventPreset(
            device_id=device,
            event_preset_name=state,
            event_type="Video_Test_event",
            event_parameters=json.dumps({"durationSeconds": PRESET_SECONDS}),
        )
        made = await services.presets.create(INSIDE, preset)
        await services.startup.bind(INSIDE, state, made.key, StartupTarget())


async def _begun(services: Services) -> list[Event]:
    events = await services.database.read(list_events)
    return [event for event in events if event.cause.startswith("startup:")]


def _named(event: Event) -> str:
    return f"{event.cause.removeprefix('startup:')} preset"


async def _at_rest(services: Services) -> None:
    """Waits until everything has ended that was accepted; what start-up began must have succeeded."""
    assert services.own is not None
    while await services.events.unfinished(services.own.key):  # noqa: ASYNC110  # across threads of the store
        await asyncio.sleep(0.01)
    assert all(event.event_status is EventStatus.COMPLETE for event in await _begun(services))


async def _status(path: Path) -> dict[str, Any]:
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session,
        session.get("http://localhost/v1/status") as response,
    ):
        assert response.status == 200
        return dict(await response.json())
