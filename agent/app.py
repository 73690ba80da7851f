"""The composition root: one function builds every object and hands it on; each start registers its own undo."""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

from agent.announce import announce_key, announce_ready
from agent.attempt import Tools
from agent.cameras import AgentCamera, Cameras
from agent.dispatcher import Dispatcher
from agent.first_preset import show_first_preset
from agent.identity import boot_id, serial_number
from agent.lifecycle import SystemTaskDied, SystemTasks, only_agent, stage, stop_signals, usable_places
from agent.local_api import LocalApi
from agent.logs import logging_to
from agent.media import MediaLibrary
from agent.parameters import parameters_of
from agent.recovery import Recovery
from agent.settings import Settings
from agent.store import newest_access_key, open_store
from agent.tasks import TaskBag
from agent.upstream.client import SignedClient
from agent.upstream.pump import Pump
from hardware.models import CameraReport
from presets_store.clock import Clock
from presets_store.errors import CuelightError
from presets_store.rules.event import Event
from presets_store.services import Services
from presets_store.services.keys import NewKey
from presets_store.storage.records import Camera

logger = logging.getLogger(__name__)

SWEEP_EVERY = 10.0
HOSTS_WITHIN = 10.0
ACTIONS_END_WITHIN = 10.0
STAGE_SECONDS = 5.0

PASSING = ("opening", "closed")
"""Camera states that come and go with every recording: not for a log that people read."""

PRIVATE = 0o027
"""Nothing that the agent makes is for others; the group may read clips and use the socket."""

EXIT_OK = 0
EXIT_FAILED = 1


def run(settings: Settings, *, first_preset: bool = False) -> int:
    """Runs the agent until SIGTERM or SIGINT; answers the exit code. `first_preset`: run that once it is up."""
    os.umask(PRIVATE)
    with logging_to(level=settings.log.level, style=settings.log.format):
        try:
            asyncio.run(serve(settings, first_preset=first_preset))
        except CuelightError as error:
            logger.critical("cuelight does not start: %s", error, extra={"code": error.code})
            return EXIT_FAILED
        except SystemTaskDied as death:
            logger.critical("a system task died: %s", death, exc_info=death.__cause__)
            return EXIT_FAILED
        return EXIT_OK


async def serve(settings: Settings, *, first_preset: bool = False) -> None:
    """Builds the agent, runs it until a signal, and takes it down in stages."""
    with stop_signals() as wanted:
        async with AsyncExitStack() as stack:
            with usable_places():
                stack.enter_context(only_agent(settings.run_folder))
                agent = await Agent.build(settings, stack)
            if first_preset:
                first = asyncio.create_task(agent.run_first_preset())
                stack.callback(first.cancel)
            await agent.until(wanted)
            logger.info("stopping")


class Agent:
    """The running agent. Built by `build`, which registers on the stack how to take it down again."""

    def __init__(self, settings: Settings, services: Services, clock: Clock, cameras: Cameras, api: LocalApi) -> None:
        self.settings = settings
        self.services = services
        self.clock = clock
        self.cameras = cameras
        self.api = api
        self.tasks = SystemTasks()

    @classmethod
    async def build(cls, settings: Settings, stack: AsyncExitStack) -> "Agent":
        """Store, cameras, recovery, local API, dispatcher: in the order in which each needs the one before."""
        serial = await asyncio.to_thread(serial_number, settings.device.serial, settings.state_folder)
        boot = await asyncio.to_thread(boot_id)
        services, clock, floor = await open_store(settings, serial, boot)
        stack.push_async_callback(_staged("the database", STAGE_SECONDS, services.database.close))
        new_key = await services.keys.create_first()
        cameras = await _cameras(settings, services, stack)
        media = MediaLibrary(settings.media_folder, services.clips, _own(services), clock)
        await _recover(services, cameras, media)
        api = LocalApi(settings, services, clock, floor)
        agent = cls(settings, services, clock, cameras, api)
        pump = agent._pump(stack)
        stack.push_async_callback(_staged("the system tasks", STAGE_SECONDS, agent.tasks.stop))
        agent._start_dispatcher(media, boot, stack)
        if pump is not None:
            agent.tasks.start("pump", pump.run())
        agent.tasks.start("sweep", agent._sweep())
        stack.push_async_callback(_staged("the local API", STAGE_SECONDS, api.stop))
        await api.start()
        await agent._announce(new_key)
        return agent

    async def until(self, wanted: asyncio.Event) -> None:
        """Until a stop is wanted. Raises SystemTaskDied."""
        watching = asyncio.create_task(self.tasks.watch())
        waiting = asyncio.create_task(wanted.wait())
        try:
            done, _ = await asyncio.wait({watching, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if watching in done:
                watching.result()
        finally:
            waiting.cancel()
            watching.cancel()

    async def run_first_preset(self) -> None:
        """The whole path once, by signed requests to our own API."""
        access_key = await self.services.database.read(newest_access_key)
        secret = await self.services.keys.secret_of(access_key)
        client = SignedClient(self.api.url, access_key, secret, self.clock)
        try:
            await show_first_preset(client, _own(self.services), str(self.settings.media_folder))
        finally:
            await client.close()

    def _start_dispatcher(self, media: MediaLibrary, boot: str, stack: AsyncExitStack) -> None:
        tools = Tools(events=self.services.events, clock=self.clock, cameras=self.cameras, media=media)
        dispatcher = Dispatcher(tools, self.services.wakeups, _own(self.services), boot_id=boot, process_id=os.getpid())
        self.tasks.start("dispatcher", dispatcher.run())
        stack.push_async_callback(
            _staged("the running actions", ACTIONS_END_WITHIN + 1, lambda: dispatcher.stop(ACTIONS_END_WITHIN))
        )

    def _pump(self, stack: AsyncExitStack) -> Pump | None:
        """The pump to the upstream of the settings; None without one: then nothing leaves the device."""
        upstream = self.settings.upstream
        if not upstream.url:
            return None
        client = SignedClient(upstream.url, upstream.access_key, upstream.secret_key.get_secret_value(), self.clock)
        stack.push_async_callback(_staged("the upstream link", STAGE_SECONDS, client.close))
        return Pump(self.services.outbox, upstream.url, client, self.clock, self.services.wakeups, _own(self.services))

    async def _sweep(self) -> None:
        while True:
            await self.clock.sleep(SWEEP_EVERY)
            try:
                await self.services.sweep()
            except CuelightError as error:
                logger.error("the sweep was put off: %s", error, extra={"code": error.code})

    async def _announce(self, new_key: NewKey | None) -> None:
        if new_key is not None:
            await asyncio.to_thread(announce_key, new_key, self.settings.state_folder, sys.stdout)
        announce_ready(self.api.url, self.settings, [camera.name for camera in self.cameras], sys.stdout)


def _own(services: Services) -> int:
    """The key of this device's record."""
    if services.own is None:
        raise LookupError("an agent's store has an own device")
    return services.own.key


async def _cameras(settings: Settings, services: Services, stack: AsyncExitStack) -> Cameras:
    """The cameras of the settings, declared in the store, with their hosts starting."""
    device_key = _own(services)
    known = {record.camera_id: record.name for record in await services.cameras.of_device(device_key)}
    declared = await services.cameras.declare(
        device_key,
        [
            Camera(
                device_key=device_key,
                camera_index=index,
                camera_id=camera.id,
                name=known.get(camera.id) or camera.name or camera.id,
                address=camera.address,
                backend=camera.backend,
                state="closed",
            )
            for index, camera in enumerate(settings.cameras)
        ],
    )
    records = {record.camera_id: record for record in declared}
    reports = TaskBag("camera report")

    def told(camera: AgentCamera, report: CameraReport) -> None:
        why = report.reason or (report.info.note if report.info else "")
        level = logging.DEBUG if report.state in PASSING else logging.INFO
        logger.log(level, "camera %r is %s%s", camera.name, report.state, f": {why}" if why else "")
        if report.state != "opening":  # a few milliseconds, not worth a write
            reports.start(_store_state(services, device_key, camera.camera_id, report.state))

    built = [AgentCamera(item, records[item.id], settings.run_folder, told) for item in settings.cameras]
    cameras = Cameras(built, services.cameras, device_key)
    stack.push_async_callback(_staged("the camera reports", STAGE_SECONDS, lambda: reports.drain(STAGE_SECONDS)))
    stack.push_async_callback(_staged("the cameras", STAGE_SECONDS, cameras.stop))
    await cameras.start()
    return cameras


async def _store_state(services: Services, device_key: int, camera_id: str, state: str) -> None:
    try:
        await services.cameras.set_state(device_key, camera_id, state)
    except CuelightError as error:
        logger.error("a camera's state was not stored: %s", error, extra={"code": error.code})


async def _recover(services: Services, cameras: Cameras, media: MediaLibrary) -> None:
    """Takes up what an earlier agent left: files first, then events. Waits until no host of it writes any more."""
    occupied = await cameras.occupied(HOSTS_WITHIN)
    if occupied:
        logger.error("no host could take camera %s yet; open segments of it stay as they are", ", ".join(occupied))
    changed = await media.reconcile(occupied)
    if changed:
        logger.warning("the media folder was reconciled: %s", changed)

    def camera_of(event: Event) -> str | None:
        with contextlib.suppress(CuelightError):
            return cameras.pick(parameters_of(event)).camera_id
        return None

    await Recovery(services.events, media, _own(services), camera_of).run()


def _staged(name: str, seconds: float, stop: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[None]]:
    """`stop` as a time-boxed stage of stopping."""

    async def staged() -> None:
        async with stage(name, seconds):
            await stop()

    return staged
