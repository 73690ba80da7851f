"""Tells the upstream of what it handed out and has not ended here: that it waits, that it runs, how far it is."""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from agent.errors import UpstreamRefused
from agent.upstream.backoff import wait_after
from agent.upstream.client import SignedClient
from agent.upstream.custody import Custody
from agent.upstream.linkstate import LinkWatch
from presets_store.clock import Clock
from presets_store.errors import CuelightError
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event
from presets_store.services.events import EventsService
from presets_store.services.wakeups import Wakeups, signalled

logger = logging.getLogger(__name__)

PROGRESS_EVERY = 1.0
WAITING_RENEWED_EVERY = 20.0
"""Seconds; the upstream takes an event back that it does not hear of for 60 s."""
PROCESSING_RENEWED_EVERY = 100.0
LOOK_EVERY = 60.0

ABOUT_THE_EVENT = frozenset({400, 403, 404, 409, 422})
"""Refusals that the same word would meet again."""


class Word(StrEnum):
    """What there is to say about an event."""

    WAITS = "waits"
    """Still ours: the checkout is renewed, whatever its status there."""
    PROCESSING = "Processing"
    PROGRESS = "progress"


@dataclass(frozen=True, slots=True)
class Told:
    """What was said last about an event, under which checkout, and when (monotonic seconds)."""

    status: EventStatus
    token: str
    percent: float
    at: float


def told_of(event: Event, now: float) -> Told:
    return Told(event.event_status, event.checkout_token, event.percent_complete, now)


def word_for(event: Event, told: Told, now: float) -> Word | None:
    """What is to be said about the event at `now`, if anything: pure. Only the latest progress is ever said."""
    if event.event_status is not EventStatus.PROCESSING:
        return Word.WAITS if now - told.at >= WAITING_RENEWED_EVERY else None
    if told.status is not EventStatus.PROCESSING or told.token != event.checkout_token:
        return Word.PROCESSING
    if event.percent_complete != told.percent:
        return Word.PROGRESS if now - told.at >= PROGRESS_EVERY else None
    return Word.PROCESSING if now - told.at >= PROCESSING_RENEWED_EVERY else None


def pause_after(events: Sequence[Event]) -> float:
    """Seconds until there may be something to say again: pure."""
    if any(event.event_status is EventStatus.PROCESSING for event in events):
        return PROGRESS_EVERY
    return WAITING_RENEWED_EVERY / 4 if events else LOOK_EVERY


class Reports:
    """One upstream. Outcomes are the pump's; all that is said here may be lost, for the next word says as much."""

    def __init__(
        self,
        events: EventsService,
        client: SignedClient,
        clock: Clock,
        wakeups: Wakeups,
        device_key: int,
        serial: str,
        *,
        link: LinkWatch,
        custody: Custody,
    ) -> None:
        self._events = events
        self._client = client
        self._clock = clock
        self._wakeups = wakeups
        self._device_key = device_key
        self._serial = serial
        self._link = link
        self._custody = custody
        self._told: Mapping[int, Told] = {}
        self._failures = 0

    async def run(self) -> NoReturn:
        """Until cancelled."""
        with self._wakeups.listening(self._device_key) as signal:
            while True:
                signal.clear()
                known = self._link.resumptions
                try:
                    pause = await self._report()
                    self._failures = 0
                except CuelightError as error:
                    self._failures += 1
                    logger.debug("the upstream is not told how far its events are: %s", error)
                    await self._link.pause(wait_after(error, self._failures), known)
                else:
                    await signalled(signal, self._clock, pause)

    async def _report(self) -> float:
        """Says what there is to say; seconds until the next look. Raises UpstreamUnreachable."""
        events = await self._events.handed_out_by(self._client.url)
        self._custody.forget_all_but({event.remote_id for event in events})
        told: dict[int, Told] = {}
        self._told, before = told, self._told
        for event in events:
            now = self._clock.monotonic()
            told[event.key] = before.get(event.key) or _unheard(event, now)
        for event in events:
            word = word_for(event, told[event.key], self._clock.monotonic())
            if word is not None:
                await self._say(event, word)
                told[event.key] = told_of(event, self._clock.monotonic())
        return pause_after(events)

    async def _say(self, event: Event, word: Word) -> None:
        """A refusal is no trouble: what the upstream has decided meanwhile, it says when it gets the outcome."""
        path = f"/v1/event/{event.remote_id}"
        headers = {"X-Checkout-Token": event.checkout_token, "X-Boot-ID": event.boot_id}
        try:
            if word is Word.PROGRESS:
                named = {"deviceName": self._serial, "deviceSerial": self._serial}
                body = {**named, "percentComplete": event.percent_complete}
                await self._client.request("PATCH", f"{path}/progress", body, headers=headers)
                return
            said: dict[str, float] = {"processID": os.getpid()}
            if word is Word.PROCESSING:
                said |= {"eventStatus": int(EventStatus.PROCESSING), "percentComplete": event.percent_complete}
            await self._client.request("PUT", path, said, headers=headers)
            self._custody.renewed(event.remote_id or 0)
        except UpstreamRefused as refused:
            if refused.pause or refused.fields["status"] not in ABOUT_THE_EVENT:
                raise
            logger.info("the upstream does not take %r: %s", word, refused, extra={"event": event.key})


def _unheard(event: Event, now: float) -> Told:
    """An event of which nothing was said yet; its checkout is fresh, or will be handed out again."""
    return Told(EventStatus.PENDING, event.checkout_token, event.percent_complete, now)
