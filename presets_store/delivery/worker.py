"""What sends: looks into the outbox, claims what is due, and notes what became of it."""

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import tzinfo
from typing import Final, NoReturn, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from presets_store.clock import Clock, micros
from presets_store.delivery.children import Children, Outcome, Parcel
from presets_store.delivery.guard import AddressRules
from presets_store.delivery.outbox import Kind
from presets_store.delivery.planning import SECOND, text_of
from presets_store.delivery.settling import Errand, note, take
from presets_store.delivery.telegram import ChatUnusable, chat_url
from presets_store.delivery.webhook import Call, post
from presets_store.local_zone import zone_named
from presets_store.sealing import SealBroken
from presets_store.services.wakeups import Signal, signalled
from presets_store.storage import Database, StorageUnavailable
from presets_store.storage.scripts.deliveries import end_leases, forget_ended, next_due
from presets_store.storage.scripts.records import Channel, Script

LOOK_SECONDS: Final = 1.0
"""Between two looks where other processes may enter deliveries too."""
LOOK_ALONE_SECONDS: Final = 10.0
"""The same where every entry is told of."""
_FORGET_EVERY: Final = 600.0
_KEPT_DAYS: Final = 30
_KEPT_ROWS: Final = 10_000
_AT_ONCE: Final = 1_000

logger = logging.getLogger(__name__)


class OpensUrls(Protocol):
    """What keeps the addresses of channels."""

    def url_of(self, channel: Channel) -> str: ...


class OpensSecrets(Protocol):
    """What keeps the secrets of scripts."""

    def open(self, script: Script) -> dict[str, str]: ...


class Ways:
    """How a message gets out."""

    def __init__(self, children: Children, rules: AddressRules, urls: OpensUrls, secrets: OpensSecrets) -> None:
        self._children = children
        self._rules = rules
        self._urls = urls
        self._secrets = secrets

    async def send(self, errand: Errand, zone: tzinfo, now: int) -> Outcome:
        """One attempt."""
        title, body = text_of(errand.deliveries, zone)
        try:
            if errand.deliveries[0].kind == Kind.WEBHOOK:
                return await post(self._call(errand, now), self._rules)
            return await self._children.send(Parcel(self._url(errand), title, body, errand.jpeg))
        except (SealBroken, ChatUnusable) as unusable:
            return Outcome(False, str(unusable), final=True)

    async def close(self) -> None:
        await self._children.close()

    def _url(self, errand: Errand) -> str:
        if errand.channel is not None:
            return self._urls.url_of(errand.channel)
        script = _script_of(errand)
        chat = json.loads(script.extra or "{}").get("chat_id", "")
        return chat_url(self._secrets.open(script).get("bot_token", ""), str(chat))

    def _call(self, errand: Errand, now: int) -> Call:
        script, delivery = _script_of(errand), errand.deliveries[0]
        return Call(
            url=str(json.loads(script.extra or "{}").get("url", "")),
            secret=self._secrets.open(script).get("secret", ""),
            delivery=delivery.uuid,
            timestamp=now // SECOND,
            body=delivery.body.encode(),
            skipped=delivery.more,
        )


class DeliveryWorker:
    """Runs beside the store. Any number of processes may do so on one database.

    What was being sent when a process was killed is sent again when its lease is over: at least once.
    `may_tell_mirrored`: whether scripts of an upstream are told from here at this moment. `most`: sent at once.
    `entered`: set when this process has entered something.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ways: Ways,
        zone: ZoneInfo,
        *,
        most: int = 1,
        entered: Signal | None = None,
        may_tell_mirrored: Callable[[], bool] = lambda: True,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ways = ways
        self._zone = zone
        self._zones: dict[str, tzinfo] = {"": zone}
        self._slots = asyncio.Semaphore(most)
        self._may_tell_mirrored = may_tell_mirrored
        self._news = entered or Signal()
        told = entered is not None and database.dialect == "sqlite"
        self._longest = self._pause = LOOK_ALONE_SECONDS if told else LOOK_SECONDS
        self._begun = False
        self._next_forgetting = 0.0

    async def run(self) -> NoReturn:
        """Until it is cancelled, or the database is damaged."""
        try:
            async with asyncio.TaskGroup() as sending:
                while True:
                    await self._slots.acquire()
                    self._news.clear()
                    errands = await self._next()
                    if errands:
                        sending.create_task(self._carry_out(errands))
                    else:
                        self._slots.release()
                        await signalled(self._news, self._clock, self._pause)
        finally:
            await self._ways.close()

    async def _next(self) -> list[Errand]:
        now, mirrored = self._now(), self._may_tell_mirrored()
        self._pause = LOOK_SECONDS
        try:
            await self._begin()
            await self._forget()
            due = await self._database.read(lambda connection: next_due(connection, now, mirrored=mirrored))
            if due is None or due > now:
                self._pause = self._longest if due is None else min(self._longest, (due - now) / SECOND)
                return []
            return await self._take(now, mirrored)
        except StorageUnavailable as error:
            logger.error("deliveries are put off: %s", error, extra={"code": error.code})
            return []

    async def _take(self, now: int, mirrored: bool) -> list[Errand]:
        try:
            return await self._database.write(
                lambda connection: take(connection, now, self._zones.__getitem__, mirrored=mirrored)
            )
        except KeyError as wanted:  # a zone is read from files, which a transaction has no time for
            zone = await asyncio.to_thread(zone_named, wanted.args[0])
            self._zones[wanted.args[0]] = self._zone if zone is None else zone
            return []

    async def _carry_out(self, errands: list[Errand]) -> None:
        try:
            for errand in errands:
                outcome = await self._ways.send(errand, self._zone, self._now())
                _tell_of(errand, outcome)
                await self._note(errand, outcome)
        except StorageUnavailable as error:
            logger.error("it is not noted what was sent, so it will be again: %s", error, extra={"code": error.code})
        finally:
            self._slots.release()
            self._news.set()  # it may be due again before long

    async def _note(self, errand: Errand, outcome: Outcome) -> None:
        now = self._now()
        await self._database.write(lambda connection: note(connection, errand, outcome, now))

    async def _begin(self) -> None:
        if not self._begun and self._database.dialect == "sqlite":
            await self._database.write(end_leases)
        self._begun = True

    async def _forget(self) -> None:
        if self._clock.monotonic() < self._next_forgetting:
            return
        before = self._now() - _KEPT_DAYS * 86_400 * SECOND if self._clock.quality().trusted else 0

        def forget(connection: Connection) -> int:
            return forget_ended(connection, before, _KEPT_ROWS, _AT_ONCE)

        if await self._database.write(forget) < _AT_ONCE:
            self._next_forgetting = self._clock.monotonic() + _FORGET_EVERY

    def _now(self) -> int:
        return micros(self._clock.now())


def _script_of(errand: Errand) -> Script:
    if errand.script is None:
        raise LookupError("what has no channel is told as its script says")
    return errand.script


def _tell_of(errand: Errand, outcome: Outcome) -> None:
    """Into the log: the first failure and the last, nothing of an address."""
    first = errand.deliveries[0]
    if not outcome.sent and (outcome.final or not first.attempts):
        said = "failed" if outcome.final else "failed, and is tried again"
        logger.warning("delivery %s (%s) %s: %s", first.uuid, first.kind, said, outcome.reason)
