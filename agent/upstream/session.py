"""The way down: announces the device to its upstream, waits there for events, and takes them into the own store."""

import json
import logging
import os
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import NoReturn

from agent.errors import UpstreamError, UpstreamRefused, UpstreamUnreachable
from agent.startup.link import READY_PATH, introduction
from agent.startup.registering import SERVED
from agent.upstream.answers import read, read_list
from agent.upstream.backoff import spread_delay, wait_after
from agent.upstream.client import NOT_LET_IN, SignedClient
from agent.upstream.custody import Custody
from agent.upstream.linkstate import LinkWatch
from agent.upstream.peer import NOT_A_ROUTE, Peer
from agent.upstream.reports import ABOUT_THE_EVENT
from presets_store.clock import Clock
from presets_store.errors import CuelightError, Kind
from presets_store.protocol.agent_types import AgentType, find_agent_type
from presets_store.protocol.errors import UnknownAgentType
from presets_store.protocol.events import EventRecord, EventWithNames, UpdateEvent
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event
from presets_store.rules.startup import LinkState
from presets_store.services.events import EventsService

logger = logging.getLogger(__name__)

AGENT_PATH = "/v1/agent"
LIST_PATH = "/v1/event/list/pending"
"""Answered at once: whether the upstream is back must not be learnt a minute later."""
POLL_PATH = "/v1/event/list/pending/longpoll"
DEQUEUE_PATH = "/v1/event/dequeue"
WAIT_PATH = "/v1/event/dequeue/longpoll"
"""Another cuelight's: the poll and the dequeue in one, which saves the way there and back."""

POLL_SECONDS = 62.0
"""How long a poll may take: an upstream answers within 60 s."""
HELD_AT_LEAST = 1.0
"""Seconds; a poll that is answered sooner, and empty, was not held: the next one does not follow at once."""

AHEAD = 8
"""Events taken that have not begun here; beyond that only what the device itself does is fetched: ends, settings."""
FULL_PAUSE = 5.0
"""Seconds between two looks while so many wait."""

SURE_FOR = 30.0
"""Seconds from asking in which what a repeated answer hands out is certainly still ours: half of a lease."""

UNKNOWN_DEVICE = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
REFUSALS = UNKNOWN_DEVICE | NOT_LET_IN


Take = Callable[[str, EventRecord], Awaitable[Event]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for an event. `key`: under which another cuelight answers a repeat as it did the first time; "" for
    another server. `at`: monotonic seconds of the first try.
    """

    path: str
    body: Mapping[str, object]
    key: str
    at: float


class Session:
    """One upstream. `client` makes the short requests, `poller` those that wait, and those that follow them at once.

    `started` returns when the start of the device is over, with whether the upstream heard of it by then. `take` stores
    an event of the upstream of that name, from where it is run.
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
        take: Take,
        link: LinkWatch,
        peer: Peer,
        custody: Custody,
    ) -> None:
        self._events = events
        self._client = client
        self._poller = poller
        self._clock = clock
        self._serial = serial
        self._boot_id = boot_id
        self._started = started
        self._accepted = take
        self._link = link
        self._peer = peer
        self._custody = custody
        self._announced = False
        self._introduced = False
        self._unanswered: Asked | None = None
        self._failures = 0
        self._fruitless = 0
        self._resumptions = 0

    async def run(self) -> NoReturn:
        """Until cancelled. Tries again without end, at most 60 s apart unless the upstream asks for more."""
        self._announced = await self._started()
        while True:
            self._resumptions = self._link.resumptions
            try:
                await self._appear()
                fruitful = await self._round()
            except CuelightError as error:
                await self._failed(error)
            else:
                self._failures = 0
                await self._mind_spinning(fruitful)

    async def _appear(self) -> None:
        """The device is ready, and these are its agents: once for each boot, and for an upstream that has lost it."""
        if not self._announced:
            body = introduction(self._serial, AgentType.DEVICE)
            await self._client.request("POST", READY_PATH, body, headers={"X-Boot-ID": self._boot_id})
            self._announced = True
        if not self._introduced:
            for kind in SERVED:
                await self._client.request("POST", AGENT_PATH, introduction(self._serial, kind))
            self._introduced = True

    async def _round(self) -> bool:
        """Waits for an event and takes what there is; whether the next round may follow at once."""
        waiting: list[EventWithNames] = []
        if self._link.now.state is not LinkState.REACHED:
            waiting = await self._poll(LIST_PATH)
            self._link.reached()
            self._resumptions = self._link.resumptions  # this one is no reason to try again at once
        if self._unanswered is not None:
            began = self._clock.monotonic()
            return await self._ask(self._unanswered) or self._held_since(began)
        if await self._full():
            await self._clock.sleep(FULL_PAUSE)
            await self._fetch([AgentType.DEVICE])
            return True
        if waiting:
            return await self._fetch(_asked_for(waiting[0]))
        return await (self._wait_and_take() if await self._peer.waits() else self._wait_and_fetch())

    async def _wait_and_take(self) -> bool:
        began = self._clock.monotonic()
        types = [kind.wire_name for kind in SERVED]
        try:
            taken = await self._ask(self._asked(WAIT_PATH, {"agentTypes": types}, keyed=True))
        except UpstreamRefused as refused:
            if refused.fields["problem"] != NOT_A_ROUTE:
                raise
            self._peer.cannot_wait()  # an older release
            return True
        return taken or self._held_since(began)

    async def _wait_and_fetch(self) -> bool:
        began = self._clock.monotonic()
        waiting = await self._poll(POLL_PATH)
        return await self._fetch(_asked_for(waiting[0])) if waiting else self._held_since(began)

    def _held_since(self, began: float) -> bool:
        return self._clock.monotonic() - began >= HELD_AT_LEAST

    async def _full(self) -> bool:
        mine = await self._events.handed_out_by(self._client.url)
        return sum(event.event_status is not EventStatus.PROCESSING for event in mine) >= AHEAD

    async def _poll(self, path: str) -> list[EventWithNames]:
        answer = await self._poller.request("POST", path, {"deviceName": self._serial})
        return read_list(self._poller, EventWithNames, answer)

    async def _fetch(self, kinds: Sequence[AgentType]) -> bool:
        """Takes an event of the first of the agent types; whether there was any.

        One that was shown and cannot be had may hide others: then each of the other types is asked for once.
        """
        if await self._take(kinds[0], keyed=True):
            return True
        found = [await self._take(kind, keyed=False) for kind in kinds[1:]]
        return any(found)

    async def _take(self, kind: AgentType, *, keyed: bool) -> bool:
        keyed = keyed and await self._peer.ours()
        return await self._ask(self._asked(DEQUEUE_PATH, {"agentType": kind.wire_name}, keyed=keyed))

    def _asked(self, path: str, of: Mapping[str, object], *, keyed: bool) -> Asked:
        named = {"deviceName": self._serial, "deviceSerial": self._serial}
        body = {**named, **of, "agentIndex": 0, "processID": os.getpid()}
        return Asked(path, body, str(uuid.uuid4()) if keyed else "", self._clock.monotonic())

    async def _ask(self, asked: Asked) -> bool:
        """Takes the event that is handed out; whether there was one. Its absence is told by an empty body, by others by
        a key of 0.

        When the answer is lost, the same is asked again under its key, if it has one; else the event would be ours,
        unknown to us, until the lease is over.
        """
        headers = {"Idempotency-Key": asked.key} if asked.key else {}
        repeated = asked is self._unanswered
        self._unanswered = asked if asked.key else None
        try:
            answer = await self._poller.request("POST", asked.path, asked.body, headers=headers)
        except UpstreamRefused as refused:
            if int(str(refused.fields["status"])) < HTTPStatus.INTERNAL_SERVER_ERROR:  # else from somebody on the way
                self._unanswered = None
            raise
        self._unanswered = None
        if answer.body.strip() in (b"", b"null"):
            return False
        handed = read(self._client, EventRecord, answer)
        if handed.key <= 0:
            return False
        if not repeated or self._clock.monotonic() - asked.at < SURE_FOR:
            self._custody.handed_out(handed.key)
        await self._accept(handed)
        return True

    async def _accept(self, handed: EventRecord) -> None:
        """The event in the own store, from which it is run. One that the store refuses ends there as Error."""
        try:
            event = await self._accepted(self._client.url, handed)
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
        try:
            await self._client.request("PUT", f"/v1/event/{handed.key}", body, headers=headers)
        except UpstreamRefused as refused:
            if refused.pause or refused.fields["status"] not in ABOUT_THE_EVENT:
                raise
            logger.info("the upstream does not take that: %s", refused)

    async def _mind_spinning(self, fruitful: bool) -> None:
        """An upstream that answers at once and gives nothing is asked less and less often."""
        self._fruitless = 0 if fruitful else self._fruitless + 1
        if self._fruitless:
            await self._clock.sleep(spread_delay(self._fruitless))

    async def _failed(self, error: CuelightError) -> None:
        self._failures += 1
        if isinstance(error, UpstreamError):
            self._lost(error)
        else:
            level = logging.WARNING if self._failures == 1 else logging.DEBUG
            logger.log(level, "no events are fetched now: %s", error, extra={"code": error.code})
        await self._link.pause(wait_after(error, self._failures), self._resumptions)

    def _lost(self, error: UpstreamError) -> None:
        if isinstance(error, UpstreamUnreachable):
            self._peer.forget()
        status = error.fields.get("status")
        if status in UNKNOWN_DEVICE:
            self._announced = self._introduced = False
        if status in REFUSALS:
            self._link.refused(error.message)
        else:
            self._link.unreachable(str(error.fields.get("reason") or error.message))


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
