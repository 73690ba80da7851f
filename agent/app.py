"""The composition root: one function builds every object and hands it on; each start registers its own undo.

Imported when the start-up camera films already (agent.startup.process).
"""

import asyncio
import logging
import os
import sys
import time
from contextlib import AsyncExitStack
from typing import Protocol

from agent.adjustable import STARTUP_GRACE, AdjustableSettings, grace_seconds
from agent.announce import announce_ready
from agent.api.local import LocalApi
from agent.api.status import StatusReader
from agent.attempt import Tools
from agent.box.aftermath import await_reboot
from agent.box.tools import build_box
from agent.cameras import Cameras
from agent.dispatcher import Dispatcher
from agent.enrolment.awaited import AwaitedEnrolment
from agent.enrolment.building import build_enrolling
from agent.enrolment.exchanging import Device
from agent.enrolment.kept import with_enrolment
from agent.first_preset import show_first_preset
from agent.health.building import build_health
from agent.media.building import build_library
from agent.media.chain.building import build_linker
from agent.media.chain.linking import Linker
from agent.media.library import MediaLibrary
from agent.media.retention.keeping import Retention
from agent.media.taken import TakenIndex
from agent.media.workshop import build_workshop
from agent.mending.building import build_mender
from agent.recovery import recover
from agent.seeing.building import build_seeing
from agent.settings import Settings
from agent.startup.ahead import STAGE_SECONDS, Ahead, Identity, begin
from agent.startup.camera_secrets import CameraSecrets
from agent.startup.checking import watch_database
from agent.startup.clockwatch import Dates, watch_clock
from agent.startup.declaring import declared
from agent.startup.hosts import CameraHosts
from agent.startup.memory import Memory
from agent.startup.mode import build_mode
from agent.startup.registering import register_agents
from agent.startup.starting import Circumstances, Starting
from agent.startup.supervised import Supervised
from agent.store import Store, newest_access_key, open_store
from agent.update.following import follow_updates
from agent.upstream.building import UpstreamLink
from agent.upstream.client import SignedClient
from agent.upstream.credentials import Credentials
from agent.upstream.loglines import LogLines, log_lines
from agent.upstream.uploads.building import build_transfers
from agent.viewing.viewers import Viewing
from presets_store.clock import micros
from presets_store.errors import CuelightError
from presets_store.process.announcing import announce_key
from presets_store.process.lifecycle import SystemTaskDied, SystemTasks, staged, unless, usable_places
from presets_store.services import Services
from presets_store.services.people.keys import NewKey
from presets_store.storage import DatabaseDamaged
from presets_store.storage.damage.aside import note_damage

logger = logging.getLogger(__name__)

SWEEP_EVERY = 30.0
ACTIONS_END_WITHIN = 10.0

START_UP = "start-up"
COOL_DOWN_AFTER = 5.0
"""Seconds from firing the start-up preset: by then its action has the camera."""


async def serve(settings: Settings, ahead: Ahead, wanted: asyncio.Event, *, first_preset: bool = False) -> bool:
    """Builds the agent on what there is `ahead`, runs it until `wanted`, and takes all down in stages; whether an event
    wants it started again.

    When the database turns out to be damaged it is all built once more, on a fresh one.
    """
    try:
        return await _serve_once(settings, ahead, wanted, first_preset=first_preset)
    except DatabaseDamaged as damage:
        with usable_places():
            await asyncio.to_thread(note_damage, settings.database_file, damage.message, micros(time.time()))
            logger.error("the agent starts anew, because %s", damage, extra={"code": damage.code})
            anew = await unless(wanted, begin(settings))
        return anew is not None and await _serve_once(settings, anew, wanted, first_preset=False)


async def _serve_once(settings: Settings, ahead: Ahead, wanted: asyncio.Event, *, first_preset: bool) -> bool:
    async with ahead.stack as stack:
        with usable_places():
            agent = await unless(wanted, Agent.build(settings, ahead))
        if agent is None:
            logger.info("stopping before the agent was up")
            return False
        if first_preset:
            first = asyncio.create_task(agent.run_first_preset())
            stack.callback(first.cancel)
        await agent.until(wanted)
        logger.info("stopping")
        return agent.restarting.is_set()


class Runs(Protocol):
    """What goes on as long as the agent does."""

    async def run(self) -> None: ...


class Agent:
    """The running agent. Built by `build`, which registers on the stack how to take it down again."""

    def __init__(self, settings: Settings, store: Store, cameras: Cameras, api: LocalApi, starting: Starting) -> None:
        self.settings = settings
        self.services = store.services
        self.clock = store.clock
        self.dating = store.dating
        self.cameras = cameras
        self.api = api
        self.starting = starting
        self.tasks = SystemTasks()
        self.restarting = asyncio.Event()

    @classmethod
    async def build(cls, settings: Settings, ahead: Ahead) -> "Agent":
        """Store, recovery, dispatcher, start-up, API: each after those that it needs."""
        who, memory, hosts, stack = ahead.who, ahead.memory, ahead.hosts, ahead.stack
        configured, settings = settings.upstream, with_enrolment(settings, memory.sealed)
        lines = stack.enter_context(log_lines(bool(settings.upstream.url)))
        store = await open_store(settings, memory, who.serial, who.boot_id, stack)
        new_key = await store.services.keys.create_first()
        cameras = await _cameras(settings, store.services, hosts, stack)
        media, taken, linker, retention = _media(settings, memory, store, who)
        rebooting = await recover(store.services, cameras, media, who.boot_id)
        link = _upstream(settings, store, lines, stack)
        starting = _starting(settings, memory, store, who, link.client if link else None)
        reader = _reader(settings, store, retention, linker, cameras, who, link)
        secrets = CameraSecrets(memory.sealed, hosts, cameras)
        device = Device(serial=who.serial, name=settings.device.name)
        enrolling = build_enrolling(configured, device, memory.sealed, store.clock, link)
        api = LocalApi(settings, store, reader, starting, Viewing(cameras), secrets, enrolling)
        agent = cls(settings, store, cameras, api, starting)
        stack.push_async_callback(staged("what is kept", STAGE_SECONDS, starting.keep))
        stack.push_async_callback(staged("the system tasks", STAGE_SECONDS, agent.tasks.stop))
        agent._start_tasks(memory, media, who, link, stack)
        health = build_health(settings, store.services, list(cameras), link.client if link else None)
        mender = build_mender(settings.mending, hosts, memory.sealed, store.clock, store.services.database)
        agent._start_all(chain=linker, photos=taken, retention=retention, health=health, mending=mender)
        supervised = Supervised(starting, cameras, store.clock)
        seeing = build_seeing(settings, store.services, memory.sealed, cameras, hosts, link)
        awaited = AwaitedEnrolment(settings.state_folder, enrolling, store.clock)
        agent._start_all(enrolment=enrolling, awaited=awaited, supervised=supervised, **seeing)
        agent.tasks.start("reboots", await_reboot(rebooting, store.services.events, store.clock))
        agent._start_all(updates=follow_updates(settings, store.services, store.clock, who.boot_id, os.getpid()))
        stack.push_async_callback(staged("the local API", STAGE_SECONDS, api.stop))
        await api.start()
        await register_agents(store.services)
        await agent._announce(new_key)
        stack.callback(supervised.stopping)
        supervised.ready()
        return agent

    async def until(self, wanted: asyncio.Event) -> None:
        """Until a stop or a restart is wanted. Raises SystemTaskDied, and DatabaseDamaged when a task died of that."""
        watching = asyncio.create_task(self.tasks.watch())
        waiting = asyncio.create_task(wanted.wait())
        restarting = asyncio.create_task(self.restarting.wait())
        try:
            done, _ = await asyncio.wait({watching, waiting, restarting}, return_when=asyncio.FIRST_COMPLETED)
            if watching in done:
                watching.result()
        except SystemTaskDied as death:
            if isinstance(death.__cause__, DatabaseDamaged):
                raise death.__cause__ from None
            raise
        finally:
            for task in (waiting, restarting, watching):
                task.cancel()

    async def run_first_preset(self) -> None:
        """The whole path once, by signed requests to our own API."""
        access_key = await self.services.database.read(newest_access_key)
        secret = (await self.services.keys.signer_of(access_key)).secret
        client = SignedClient(self.api.url, Credentials(access_key, secret), self.clock, own=True)
        try:
            await show_first_preset(client, self.services.own_device.key, str(self.settings.media_folder))
        finally:
            await client.close()

    def _start_tasks(
        self, memory: Memory, media: MediaLibrary, who: Identity, link: UpstreamLink | None, stack: AsyncExitStack
    ) -> None:
        services, own = self.services, self.services.own_device.key
        mode = build_mode(link, self.starting, memory.sealed, services) if link else None
        adjustable = AdjustableSettings(memory.sealed, services.startup, own, mode.whole if mode else None)
        adjustable.apply_kept()
        transfers = build_transfers(self.settings, services, media, link, self.clock)
        stack.push_async_callback(staged("transfers", STAGE_SECONDS, transfers.close))
        clear, restart = transfers.clear, self.restarting.set
        box = build_box(self.settings, services, memory.sealed, self.clock, who.boot_id, restart, clear)
        tools = Tools(
            events=services.events,
            clock=self.clock,
            cameras=self.cameras,
            media=media,
            wakeups=services.wakeups,
            settings=adjustable,
            hls_folder=self.settings.hls_folder,
            transfers=transfers,
            box=box,
            workshop=build_workshop(self.settings, services, self.clock),
        )
        dispatcher = Dispatcher(
            tools,
            services.wakeups,
            own,
            boot_id=who.boot_id,
            process_id=os.getpid(),
            custody=link.custody if link else None,
            gives_way=mode.gives_way if mode else None,
        )
        self.tasks.start("dispatcher", dispatcher.run())
        stack.push_async_callback(
            staged("the running actions", ACTIONS_END_WITHIN + 1, lambda: dispatcher.stop(ACTIONS_END_WITHIN))
        )
        self.tasks.start("uploads", transfers.run())
        if mode is not None:
            self.tasks.start("mode", mode.run(adjustable))
        self._start_watching(who, link, dispatcher)

    def _start_all(self, **members: Runs) -> None:
        for name, member in members.items():
            self.tasks.start(name, member.run())

    def _start_watching(self, who: Identity, link: UpstreamLink | None, dispatcher: Dispatcher) -> None:
        services, own = self.services, self.services.own_device.key
        for name, task in link.tasks(services, self.starting, who.boot_id, dispatcher.take) if link else ():
            self.tasks.start(name, task)
        self.tasks.start("start-up", self.starting.run())
        self.tasks.start("warmth of start-up", self._cool_down())
        self.tasks.start("sweep", self._sweep())
        dates = Dates(self.dating, self.settings.media_folder, who.boot_id, lambda: services.wakeups.wake(own))
        self.tasks.start("clock", watch_clock([camera.client for camera in self.cameras], self.clock, dates.follow))
        self.tasks.start("database", watch_database(self.settings.database_file, services.database, self.clock))

    async def _cool_down(self) -> None:
        """The camera that was opened for start-up is closed again, unless something films by then."""
        await self.starting.fired.wait()
        await self.clock.sleep(COOL_DOWN_AFTER)
        for camera in self.cameras:
            await camera.keep_warm(START_UP, None)
        await asyncio.Event().wait()  # a system task must not end by itself

    async def _sweep(self) -> None:
        while True:
            await self.clock.sleep(SWEEP_EVERY)
            try:
                await self.services.sweep()
            except DatabaseDamaged:
                raise
            except CuelightError as error:
                logger.error("the sweep was put off: %s", error, extra={"code": error.code})

    async def _announce(self, new_key: NewKey | None) -> None:
        if new_key is not None:
            await asyncio.to_thread(announce_key, new_key, self.settings.state_folder, sys.stdout)
        announce_ready(self.api.url, self.settings, [camera.name for camera in self.cameras], sys.stdout)


async def _cameras(settings: Settings, services: Services, hosts: CameraHosts, stack: AsyncExitStack) -> Cameras:
    cameras, drain = await declared(settings, services, hosts, services.own_device.key)
    stack.push_async_callback(staged("the camera reports", STAGE_SECONDS, drain))
    stack.push_async_callback(staged("the cameras", STAGE_SECONDS, hosts.stop))  # before the store closes
    for camera in cameras:
        if hosts.warmth is not None and camera.camera_id == hosts.warmth.camera_id:
            await camera.keep_warm(START_UP, hosts.warmth.wish)
    await cameras.start()
    return cameras


def _media(
    settings: Settings, memory: Memory, store: Store, who: Identity
) -> tuple[MediaLibrary, TakenIndex, Linker, Retention]:
    media, taken = build_library(settings, store.services, store.clock)
    linker = build_linker(settings.media_folder, memory.sealed, store.services, store.clock, who.serial)
    media.closed.append(linker.wake)
    media.announce = linker.removing
    return media, taken, linker, Retention(settings, media, store.services, store.clock)


def _upstream(settings: Settings, store: Store, lines: LogLines, stack: AsyncExitStack) -> UpstreamLink | None:
    """The link to the upstream of the settings; None without one: then nothing leaves the device."""
    if not settings.upstream.url:
        return None
    link = UpstreamLink(settings, store.clock, lines)
    stack.push_async_callback(staged("the upstream link", STAGE_SECONDS, link.close))
    return link


def _starting(settings: Settings, memory: Memory, store: Store, who: Identity, client: SignedClient | None) -> Starting:
    grace = grace_seconds(memory.sealed.setting(STARTUP_GRACE) or "")
    found = Circumstances(
        serial=who.serial,
        boot_id=who.boot_id,
        grace=settings.startup.grace if grace is None else grace,
        database_lost=store.database_lost,
    )
    return Starting(store.services, memory.sealed, store.clock, client, found)


def _reader(
    settings: Settings,
    store: Store,
    retention: Retention,
    linker: Linker,
    cameras: Cameras,
    who: Identity,
    link: UpstreamLink | None,
) -> StatusReader:
    return StatusReader(
        settings=settings,
        services=store.services,
        clock=store.clock,
        retention=retention,
        chain=linker.chain,
        cameras=cameras,
        boot_id=who.boot_id,
        since=store.clock.monotonic(),
        link=link.watch if link else None,
    )
