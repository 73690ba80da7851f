"""Users with channels, scripts and triggers in a database, what is to be told of them, and a worker that tells."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from fakes.clock import ManualClock
from sqlalchemy import Connection, select

from presets_store.clock import Clock, SystemClock, micros
from presets_store.delivery.children import Children, Outcome
from presets_store.delivery.guard import AddressRules, rules_of
from presets_store.delivery.outbox import Kind, Message, enqueue
from presets_store.delivery.planning import text_of
from presets_store.delivery.settling import note, take
from presets_store.delivery.worker import DeliveryWorker, Ways
from presets_store.local_zone import UTC_ZONE
from presets_store.rules.permissions import Role
from presets_store.sealing import Sealer
from presets_store.services.caller import INSIDE
from presets_store.services.live import LiveHub
from presets_store.services.sealed.channels import ChannelSecrets
from presets_store.services.sealed.scripts import ScriptSecrets
from presets_store.services.unit import Unit, Units
from presets_store.services.wakeups import Wakeups
from presets_store.storage import Database
from presets_store.storage.people.records import User
from presets_store.storage.people.users import insert_user
from presets_store.storage.rows import many
from presets_store.storage.scripts.channels import insert_channel
from presets_store.storage.scripts.records import Channel, Delivery, DeliveryStatus, Script, Trigger
from presets_store.storage.scripts.scripts import insert_script
from presets_store.storage.scripts.tables import deliveries
from presets_store.storage.scripts.triggers import add_trigger, keep_image

SEALER = Sealer(b"k" * 32, "00" * 8)
SENT = Outcome(True)
LOOPBACK = rules_of([], ["127.0.0.0/8", "::1/128"])


class Telling:
    """One database's share of what is told."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self.database = database
        self.clock = clock or ManualClock()
        self.wakeups = Wakeups()
        self.units = Units(database, self.clock, LiveHub(self.clock), self.wakeups)
        self.channels = ChannelSecrets(SEALER, self.units)
        self.scripts = ScriptSecrets(SEALER, self.units)

    @property
    def now(self) -> int:
        return micros(self.clock.now())

    async def user(self, name: str = "guard") -> int:
        new = User(name=name, role=Role.READER)
        return (await self.database.write(lambda connection: insert_user(connection, new))).key

    async def channel(self, user_key: int, url: str = "json://far.example/x", **fields: Any) -> Channel:
        sealed = self.channels.sealed(url)
        new = Channel(uuid=str(uuid4()), user_key=user_key, sealed_url=sealed, created=self.now, **fields)
        return await self.database.write(lambda connection: insert_channel(connection, new))

    async def script(self, *, secrets: dict[str, str] | None = None, **fields: Any) -> Script:
        sealed = self.scripts.seal(secrets or {})
        new = Script(**{"uuid": str(uuid4()), "event_name": "motion", "sealed_extra": sealed, **fields})
        return await self.database.write(lambda connection: insert_script(connection, new))

    async def trigger(self, jpeg: bytes = b"") -> Trigger:
        new = Trigger(uuid=str(uuid4()), event_name="motion", occurred=self.now, image=bool(jpeg))

        def add(connection: Connection) -> Trigger:
            added = add_trigger(connection, new)
            assert added is not None
            if jpeg:
                keep_image(connection, added.key, jpeg)
            return added

        return await self.database.write(add)

    async def tell(
        self,
        script: Script,
        users: Sequence[int] = (),
        text: str = "somebody",
        *,
        kind: Kind = Kind.NOTIFY,
        trigger: Trigger | None = None,
        jpeg: bytes = b"",
        sent: Sequence[tuple[int, str]] = (),
    ) -> int:
        """Enters what the script tells of a (new) trigger; how many deliveries that makes."""
        cause = trigger or await self.trigger(jpeg)
        message = Message(kind, text, f"{text} was seen")

        def enter(unit: Unit) -> int:
            return enqueue(unit, script, cause, message, users, sent)

        return await self.units.write(INSIDE, enter)

    async def rows(self) -> list[Delivery]:
        found = select(deliveries).order_by(deliveries.c.key)
        return await self.database.read(lambda connection: many(connection, Delivery, found))

    async def send_due(self, outcome: Outcome = SENT, *, mirrored: bool = True) -> list[str]:
        """Has all that is due end so; the titles of what was sent."""
        titles: list[str] = []
        while errands := await self.database.write(
            lambda connection: take(connection, self.now, lambda name: ZoneInfo(name or "UTC"), mirrored=mirrored)
        ):
            for errand in errands:
                titles.append(text_of(errand.deliveries, UTC_ZONE)[0])
                await self.database.write(
                    lambda connection, errand=errand: note(connection, errand, outcome, self.now)  # type: ignore[misc]
                )
        return titles

    def worker(self, rules: AddressRules = LOOPBACK, *, most: int = 2, idle: float = 10.0) -> DeliveryWorker:
        ways = Ways(Children(rules, most=most, idle=idle), rules, self.channels, self.scripts)
        entered = self.wakeups.deliveries
        return DeliveryWorker(self.database, self.clock, ways, UTC_ZONE, most=most, entered=entered)


@asynccontextmanager
async def running(worker: DeliveryWorker) -> AsyncIterator[None]:
    """The worker, until it is not needed any more."""
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def ended(telling: Telling, count: int) -> list[Delivery]:
    """All deliveries, when there are `count` and none is open."""
    over = (DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.DROPPED)
    return await until_rows(telling, lambda rows: len(rows) == count and all(row.status in over for row in rows))


async def until_rows(telling: Telling, condition: Callable[[list[Delivery]], bool]) -> list[Delivery]:
    """All deliveries, when the condition holds."""
    async with asyncio.timeout(30):
        while not condition(rows := await telling.rows()):  # noqa: ASYNC110 - told by nobody
            await asyncio.sleep(0.05)
    return rows


async def until(condition: Callable[[], object]) -> None:
    """For what has no event of its own."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def true_clock() -> Clock:
    return SystemClock(trusted=True)
