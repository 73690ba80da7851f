"""The mode after the start: a link that comes later makes the device online, one that is lost changes nothing."""

import logging
from typing import NoReturn

from agent.adjustable import AdjustableSettings
from agent.startup.elsewhere import PresetsElsewhere
from agent.startup.sealed import SealedState
from agent.startup.starting import Starting
from agent.upstream.building import UpstreamLink
from agent.upstream.linkstate import LinkWatch
from presets_store.clock import Clock
from presets_store.errors import CuelightError
from presets_store.rules.event import Event
from presets_store.rules.startup import Binding, LinkState, Order, gives_way
from presets_store.services import Services
from presets_store.services.events import EventsService
from presets_store.services.wakeups import any_signalled
from presets_store.storage.errors import DatabaseDamaged

logger = logging.getLogger(__name__)

AGAIN_AFTER = 300.0
"""Seconds until the device's record at the upstream is asked for again, after a failure on a link that stands."""


class ModeKeeper:
    """`run` is a system task of an agent with an upstream; `link` tells how that can be reached."""

    def __init__(
        self, starting: Starting, link: LinkWatch, there: PresetsElsewhere, events: EventsService, clock: Clock
    ) -> None:
        self._starting = starting
        self._link = link
        self._there = there
        self._events = events
        self._clock = clock
        self._followed = -1.0
        """Since when the connection stood for which the record there was followed (monotonic s)."""
        self._told = ""
        self.whole = there.whole

    async def run(self, settings: AdjustableSettings) -> NoReturn:
        """Until cancelled."""
        await self._starting.fired.wait()
        while True:
            self._link.changed.clear()
            now = self._link.now
            self._starting.link_is(now.state, self._there.shown_url)
            if now.state is LinkState.REACHED and self._followed != now.since and await self._follow(settings):
                self._followed = now.since
            await any_signalled((self._link.changed,), self._clock, AGAIN_AFTER)

    async def gives_way(self, event: Event, other_key: int) -> str:
        """Why an event is not carried out whose sink another has; "" when that is an error, as it mostly is.

        Asks the upstream in the one case that depends on what is bound there.
        """
        try:
            begun_by = self._starting.began(await self._events.require(other_key)) if event.upstream else None
            online = await self._there.online() if begun_by is Binding.STANDALONE else None
        except CuelightError as error:
            logger.warning("what is bound as online is not known now: %s", error, extra={"event": event.key})
            return ""
        if not gives_way(Order(event.event_type_id, event.event_parameters), online, begun_by=begun_by):
            return ""
        return f"the standalone preset goes on in place of the online preset, as event {other_key}"

    async def _follow(self, settings: AdjustableSettings) -> bool:
        try:
            await self._there.follow(settings)
        except DatabaseDamaged:
            raise
        except CuelightError as error:
            level = logging.DEBUG if error.message == self._told else logging.WARNING
            self._told = error.message
            logger.log(
                level, "the standalone preset of the upstream is not kept: %s", error, extra={"code": error.code}
            )
            return False
        self._told = ""
        return True


def build_mode(link: UpstreamLink, starting: Starting, sealed: SealedState, services: Services) -> ModeKeeper:
    """The keeper of this device's mode; its `run` is still to be started."""
    there = PresetsElsewhere(link.client, link.peer, sealed, services.own_device.serial_number)
    return ModeKeeper(starting, link.watch, there, services.events, services.clock)
