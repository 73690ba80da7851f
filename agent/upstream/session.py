"""The way down: announces the device to its upstream, waits there for events, and takes them into the own store."""

import json
import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import NoReturn

from agent.startup.link import READY_PATH, introduction
from agent.startup.registering import SERVED
from agent.upstream.answers import read, read_list
from agent.upstream.backoff import spread_delay
from agent.upstream.client import SignedClient
from presets_store.clock import Clock
from presets_store.errors import CuelightError, Kind
from presets_store.protocol.agent_types import AgentType, find_agent_type
from presets_store.protocol.errors import UnknownAgentType
from presets_store.protocol.events import EventRecord, EventWithNames, UpdateEvent
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event
from presets_store.services.events import EventsService

logger = logging.getLogger(__name__)

AGENT_PATH = "/v1/agent"
POLL_PATH = "/v1/event/list/pending/longpoll"
DEQUEUE_PATH = "/v1/event/dequeue"

POLL_SECONDS = 62.0
"""How long a poll may take: an upstream answers within 60 s."""
HELD_AT_LEAST = 1.0
"""Seconds; a poll that is answered sooner, and empty, was not held: the next one does not follow at once."""

AHEAD = 8
"""Events taken that have not begun here; beyond that only what the device itself does is fetched: ends, settings."""
FULL_PAUSE = 5.0
"""Seconds between two looks while so many wait."""


class Session:
    """One upstream. `client` makes the short requests, `poller` those that wait.

    `started` returns when the start of the device is over, with whether the upstream heard of it by then.
    """

    def __init__(
        self,
        events: EventsService,
        client: SignedClient,
        poller: SignedClient,
        clock: Clock,
        *,
        serial: str,
        boot_id: str,
        started: Callable[[], Awaitable[bool]],
    ) -> None:
        self._events = events
        self._client = client
        self._poller = poller
        self._clock = clock
        self._serial = serial
        self._boot_id = boot_id
        self._started = started
        self._failures = 0
        self._fruitless = 0

    async def run(self) -> NoReturn:
        """Until cancelled. Tries again without end, at most 60 s apart."""
        announced = await self._started()
        introduced = False
        while True:
            try:
                if not announced:
                    await self._announce()
                    announced = True
                if not introduced:
                    await self._introduce()
                    introduced = True
                fruitful = await self._round()
            except CuelightError as error:
                await self._failed(error)
            else:
                self._answered()
                await self._mind_spinning(fruitful)

    async def _announce(self) -> None:
        """The device is ready, though it started without being heard."""
        body = introduction(self._serial, AgentType.DEVICE)
        await self._client.request("POST", READY_PATH, body, headers={"X-Boot-ID": self._boot_id})

    async def _introduce(self) -> None:
        for kind in SERVED:
            await self._client.request("POST", AGENT_PATH, introduction(self._serial, kind))

    async def _round(self) -> bool:
        """Waits for an event and takes what there is; whether the next round may follow at once."""
        if await self._full():
            await self._clock.sleep(FULL_PAUSE)
            await self._fetch([AgentType.DEVICE])
            return True
        began = self._clock.monotonic()
        waiting = await self._poll()
        if not waiting:
            return self._clock.monotonic() - began >= HELD_AT_LEAST
        return await self._fetch(_asked_for(waiting[0]))

    async def _full(self) -> bool:
        mine = await self._events.handed_out_by(self._client.url)
        return sum(event.event_status is not EventStatus.PROCESSING for event in mine) >= AHEAD

    async def _poll(self) -> list[EventWithNames]:
        answer = await self._poller.request("POST", POLL_PATH, {"deviceName": self._serial})
        return read_list(self._poller, EventWithNames, answer)

    async def _fetch(self, kinds: Sequence[AgentType]) -> bool:
        """Takes one event of each agent type, if there is one; whether there was any."""
        found = False
        for kind in kinds:
            handed = await self._dequeue(kind)
            if handed is not None:
                found = True
                await self._accept(handed)
        return found

    async def _dequeue(self, kind: AgentType) -> EventRecord | None:
        """An event that is checked out to us now; its absence is told by an empty body, by others by a key of 0."""
        named = {"deviceName": self._serial, "deviceSerial": self._serial}
        body = {**named, "agentType": kind.wire_name, "agentIndex": 0, "processID": os.getpid()}
        answer = await self._client.request("POST", DEQUEUE_PATH, body)
        if answer.body.strip() in (b"", b"null"):
            return None
        handed = read(self._client, EventRecord, answer)
        return handed if handed.key > 0 else None

    async def _accept(self, handed: EventRecord) -> None:
        """The event in the own store, from which it is run. One that the store refuses ends there as Error."""
        try:
            event = await self._events.accept(self._client.url, handed)
        except CuelightError as error:
            if error.kind not in (Kind.INVALID, Kind.UNSUPPORTED):
                raise
            logger.warning("event %d of the upstream is refused: %s", handed.key, error, extra={"code": error.code})
            await self._refuse(handed, error)
        else:
            _tell(handed, event)

    async def _refuse(self, handed: EventRecord, error: CuelightError) -> None:
        result = json.dumps({"code": error.code, "message": error.message}, ensure_ascii=False)
        said = UpdateEvent(event_status=EventStatus.ERROR, result=result, process_id=os.getpid())
        body = said.model_dump(mode="json", by_alias=True, exclude_none=True)
        headers = {"X-Checkout-Token": handed.checkout_token, "X-Boot-ID": self._boot_id}
        await self._client.request("PUT", f"/v1/event/{handed.key}", body, headers=headers)

    async def _mind_spinning(self, fruitful: bool) -> None:
        """An upstream that answers at once and gives nothing is asked less and less often."""
        self._fruitless = 0 if fruitful else self._fruitless + 1
        if self._fruitless:
            await self._clock.sleep(spread_delay(self._fruitless))

    async def _failed(self, error: CuelightError) -> None:
        self._failures += 1
        level = logging.WARNING if self._failures == 1 else logging.DEBUG
        logger.log(level, "no events are fetched now: %s", error, extra={"code": error.code})
        await self._clock.sleep(spread_delay(self._failures))

    def _answered(self) -> None:
        if self._failures:
            logger.info("the upstream hands out events again after %d failures", self._failures)
        self._failures = 0


def _asked_for(waiting: EventWithNames) -> list[AgentType]:
    """The agent types to fetch of: that of the event that was shown, which none may serve, and all that are served."""
    try:
        shown = find_agent_type(waiting.agent_type_id or waiting.agent_type)
    except UnknownAgentType:
        return list(SERVED)
    return [shown, *(kind for kind in SERVED if kind is not shown)]


def _tell(handed: EventRecord, event: Event) -> None:
    status = event.event_status.wire_name
    logger.info("event %d of the upstream is event %d here, %s", handed.key, event.key, status)
