"""The composition root of a hub: one function builds every object; each start registers its own undo."""

import asyncio
import logging
import os
import random
import sys
from contextlib import AsyncExitStack
from typing import NoReturn

from aiohttp import web

from presets_store import __version__
from presets_store.api import ApiSettings, build_app, make_runner
from presets_store.clock import RELEASE_EPOCH, Clock, SystemClock
from presets_store.delivery.building import build_delivery
from presets_store.delivery.guard import AddressRules
from presets_store.errors import CuelightError
from presets_store.hub.errors import AddressUnusable
from presets_store.hub.garbage import seldom_collected
from presets_store.hub.metrics.figures import Figures
from presets_store.hub.metrics.serving import metrics_app
from presets_store.hub.places import places_of
from presets_store.hub.replicas.hearing import Hearing
from presets_store.hub.replicas.line import Line
from presets_store.hub.replicas.notices import Outgoing
from presets_store.hub.sealing import open_seal_key
from presets_store.hub.serving import KEEPALIVE_SECONDS, Door
from presets_store.hub.settings import HubSettings
from presets_store.local_zone import zone_of
from presets_store.process.announcing import announce_key
from presets_store.process.lifecycle import SystemTaskDied, SystemTasks, stage, stop_signals, unless, usable_places
from presets_store.process.logs import logging_to
from presets_store.process.service import keep_told, service_manager
from presets_store.services import Services, build_services
from presets_store.services.fleet.archive import Archiving
from presets_store.services.fleet.retention import Kept
from presets_store.services.people.sessions import Lifetime
from presets_store.services.wakeups import PollLimits, Wakeups
from presets_store.storage import Database, DatabaseDamaged, open_database

SWEEP_EVERY = 10.0
DELIVERIES_AT_ONCE = 4
STAGE_SECONDS = 5.0
PRIVATE = 0o077

EXIT_OK = 0
EXIT_FAILED = 1

logger = logging.getLogger(__name__)


def run(settings: HubSettings) -> int:
    """Runs the hub until SIGTERM or SIGINT; answers the exit code."""
    os.umask(PRIVATE)
    with logging_to(level=settings.log.level, style=settings.log.format):
        try:
            asyncio.run(serve(settings))
        except CuelightError as error:
            logger.critical("the hub does not start: %s", error, extra={"code": error.code})
            return EXIT_FAILED
        except SystemTaskDied as death:
            logger.critical("a system task died: %s", death, exc_info=death.__cause__)
            return EXIT_FAILED
        return EXIT_OK


async def serve(settings: HubSettings) -> None:
    """Builds the hub, runs it until a signal, and takes it down in stages."""
    with stop_signals() as wanted:
        async with AsyncExitStack() as stack:
            with usable_places():
                hub = await unless(wanted, Hub.build(settings, stack))
            if hub is None:
                logger.info("stopping before the hub was up")
                return
            await hub.until(wanted)
            logger.info("stopping")


class Hub:
    """The running hub. Built by `build`, which registers on the stack how to take it down again."""

    def __init__(self, settings: HubSettings, database: Database, clock: Clock) -> None:
        self.settings = settings
        self.database = database
        self.clock = clock
        self.figures = Figures(clock)
        self.outgoing = Outgoing()
        self.tasks = SystemTasks()
        self.manager = service_manager()

    @classmethod
    async def build(cls, settings: HubSettings, stack: AsyncExitStack) -> "Hub":
        """Database, seal key, services, the line to other replicas, the API: each after those that it needs."""
        await asyncio.to_thread(settings.state_folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        database = await open_database(settings.database_url)
        stack.push_async_callback(database.close)
        clock = SystemClock(floor=RELEASE_EPOCH, trusted=settings.clock.trusted)
        hub = cls(settings, database, clock)
        services = await hub._services()
        new_key = await services.keys.create_first()
        if new_key is not None:
            await asyncio.to_thread(announce_key, new_key, settings.state_folder, sys.stdout)
        stack.push_async_callback(_stop_tasks, hub.tasks)
        hub._start_tasks(services)
        runner = await hub._serve(services, stack)
        if settings.metrics.port:
            await hub._serve_figures(services, runner, stack)
        seldom_collected()
        hub._announce(next(iter(runner.sites)).name)
        stack.callback(hub.manager.stopping)
        hub.manager.ready()
        return hub

    async def until(self, wanted: asyncio.Event) -> None:
        """Until a stop is wanted. Raises SystemTaskDied, and what a task died of when that can be told."""
        watching, waiting = asyncio.create_task(self.tasks.watch()), asyncio.create_task(wanted.wait())
        try:
            done, _ = await asyncio.wait({watching, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if watching in done:
                watching.result()
        finally:
            for task in (watching, waiting):
                task.cancel()

    async def _services(self) -> Services:
        sealer = await open_seal_key(self.settings.seal_key_file, self.database)
        limits, told, ended = self.settings.limits, self.settings.telemetry, self.settings.events
        polls = PollLimits(total=limits.waiting_polls, per_device=limits.waiting_polls_per_device)
        return await build_services(
            self.database,
            self.clock,
            sealer,
            wakeups=Wakeups(polls, woken=self.figures.woken.observe),
            places=await places_of(self.settings),
            kept=Kept(days=told.max_age_days, records=told.max_records),
            archiving=Archiving(ended.archive_after_days, ended.keep_archive_days),
            zone=await asyncio.to_thread(zone_of, self.settings.clock.zone),
            relay=None if self.database.dialect == "sqlite" else self.outgoing,
        )

    def _start_tasks(self, services: Services) -> None:
        self.tasks.start("sweep", _sweep(services, self.clock))
        told = self.settings.delivery
        worker = build_delivery(services, AddressRules(told.forbidden, told.allowed), most=DELIVERIES_AT_ONCE)
        self.tasks.start("delivery", worker.run())
        self.tasks.start("service manager", keep_told(self.manager, self.clock, lambda: _status(services)))
        if self.database.dialect == "sqlite":
            return
        hearing = Hearing(self.outgoing.name, services, self.clock)
        line = Line(self.settings.database_url, self.outgoing, hearing, self.clock, self.figures.lines.add)
        self.tasks.start("line", line.run())
        self.tasks.start("look", hearing.look())
        self.tasks.start("news", hearing.publish_news())

    async def _serve(self, services: Services, stack: AsyncExitStack) -> web.AppRunner:
        settings = self.settings
        api = ApiSettings(
            version=f"cuelight {__version__}",
            proxies=settings.listen.behind_proxy,
            session_lifetime=Lifetime(3600 * settings.sessions.hours, 3600 * settings.sessions.idle_hours),
        )
        app = build_app(services, self.clock, api, outer=[self.figures.counting()])
        runner = make_runner(
            app,
            shutdown_timeout=settings.stop.drain,
            keepalive_timeout=KEEPALIVE_SECONDS,
            max_line_size=settings.limits.header_bytes,
            max_field_size=settings.limits.header_bytes,
        )
        stack.push_async_callback(self._stop_serving, services, runner)
        await runner.setup()
        door = Door(runner, settings.listen, settings.limits.connections, self.figures.refused.add)
        await door.start()
        services.media.files.served_at(settings.public_url or door.name)
        return runner

    async def _serve_figures(self, services: Services, api: web.AppRunner, stack: AsyncExitStack) -> None:
        settings = self.settings.metrics
        app = metrics_app(services, self.figures, api, settings.token.get_secret_value())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        stack.push_async_callback(runner.cleanup)
        await runner.setup()
        try:
            await web.TCPSite(runner, settings.host, settings.port).start()
        except OSError as error:
            reason = error.strerror or str(error)
            raise AddressUnusable(host=settings.host, port=settings.port, reason=reason) from error

    async def _stop_serving(self, services: Services, runner: web.AppRunner) -> None:
        """Says so first; then those who wait are answered, and what runs may end."""
        services.readiness.stopping = True
        await self.clock.sleep(self.settings.stop.notice)
        async with stage("the API", 2 * self.settings.stop.drain + STAGE_SECONDS):
            await runner.cleanup()

    def _announce(self, url: str) -> None:
        shown = self.settings.public_url or url
        sys.stdout.write(f"cuelight {__version__} is ready.\n  hub  {shown}  (listens at {url})\n")
        sys.stdout.flush()


def _status(services: Services) -> str:
    return f"{services.wakeups.polls_waiting} devices wait for events, {services.live.count} listeners"


async def _sweep(services: Services, clock: Clock) -> NoReturn:
    """Replicas sweep at different moments; what two find at once, the second one leaves alone."""
    while True:
        await clock.sleep(SWEEP_EVERY * random.uniform(0.5, 1.5))  # noqa: S311
        try:
            await services.sweep()
        except DatabaseDamaged:
            raise
        except CuelightError as error:
            logger.error("the sweep was put off: %s", error, extra={"code": error.code})


async def _stop_tasks(tasks: SystemTasks) -> None:
    async with stage("the system tasks", STAGE_SECONDS):
        await tasks.stop()
