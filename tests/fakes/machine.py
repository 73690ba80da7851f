"""A device of the tests' own for events on the box: real dispatcher, store and recovery; the system is played."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from fakes.acting import tools_on
from fakes.clock import ManualClock
from fakes.documents import KeptDocuments
from fakes.served_store import SERIAL, ServedStore

from agent.box.aftermath import await_reboot
from agent.box.reboots import RebootBudget
from agent.box.tools import Box
from agent.dispatcher import Dispatcher
from agent.recovery import Recovery
from agent.update.following import Following
from agent.update.settings import UpdateSettings
from agent.update.updates import Updates
from hardware.box.network import Networks
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event
from presets_store.storage.events import get_event
from presets_store.storage.records import ReportKind


class Machine:
    """A device that can be booted; its store stays. `rebooted` counts what the system was asked."""

    def __init__(self, store: ServedStore, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.kept = KeptDocuments()
        self.boot = "boot-1"
        self.process = 1
        self.rebooted = 0
        self.restarted = 0
        self.refusal: Exception | None = None
        self.answered = asyncio.Event()
        self.answered.set()
        self.supervised = True
        self.updates = Updates(UpdateSettings(), folder)
        self.transfers: Any = None

    @property
    def clock(self) -> ManualClock:
        assert isinstance(self.store.clock, ManualClock)
        return self.store.clock

    async def _reboot(self) -> None:
        self.rebooted += 1
        await self.answered.wait()
        if self.refusal is not None:
            raise self.refusal

    def _restart(self) -> None:
        self.restarted += 1

    def box(self) -> Box:
        async def clear_logs() -> int:
            return await self.store.services.reports.clear(ReportKind.LOG)

        return Box(
            networks=Networks(),
            reboots=RebootBudget(self.kept, self.clock, self.boot),
            reboot=self._reboot,
            restart=self._restart,
            supervised=self.supervised,
            microphone="",
            updates=self.updates,
            queues={"logs": clear_logs},
        )

    @asynccontextmanager
    async def agent(self) -> AsyncIterator[Dispatcher]:
        """One run of the agent, as far as events are concerned."""
        services = self.store.services
        recovery = self.recovery()
        await recovery.run()
        watch = asyncio.create_task(await_reboot(recovery.rebooting, services.events, self.clock))
        follow = Following(
            services.events, self.store.device, self.updates.staging, self.clock, self.boot, self.process
        )
        following = asyncio.create_task(follow.run())
        tools = replace(tools_on(services, self.clock, self.folder, box=self.box()), transfers=self.transfers)
        dispatcher = Dispatcher(tools, services.wakeups, self.store.device, boot_id=self.boot, process_id=self.process)
        running = asyncio.create_task(dispatcher.run())
        try:
            yield dispatcher
        finally:
            await dispatcher.stop(5)
            for task in (running, watch, following):
                task.cancel()

    def recovery(self) -> Recovery:
        services = self.store.services
        media = tools_on(services, self.clock, self.folder).media
        return Recovery(services.events, media, self.store.device, lambda _: None, boot_id=self.boot)

    def power_cycle(self) -> None:
        """What the system does when it reboots: another boot, another process, the clock of the boot begins anew."""
        self.boot = f"{self.boot}+"
        self.process += 1
        self.clock.mono = 30.0

    async def queue(self, event_type: str, parameters: object = None, **fields: Any) -> int:
        text = "" if parameters is None else json.dumps(parameters)
        body = {"deviceSerial": SERIAL, "eventType": event_type, "eventParameters": text, **fields}
        key: int = (await self.store.client.json("POST", "/v1/event", body))["eventID"]
        return key

    async def row(self, key: int) -> Event:
        event = await self.store.services.database.read(lambda connection: get_event(connection, key))
        assert event is not None
        return event

    async def ended(self, key: int) -> tuple[EventStatus, dict[str, Any]]:
        """Status and result of an event when it has ended."""
        for _ in range(5000):
            event = await self.row(key)
            if event.terminal:
                return event.event_status, json.loads(event.result)
            await asyncio.sleep(0.001)
        raise AssertionError(f"event {key} did not end: {event}")

    async def done(self, event_type: str, parameters: object = None) -> tuple[EventStatus, dict[str, Any]]:
        return await self.ended(await self.queue(event_type, parameters))
