"""The device's place at its upstream while the agent runs: enrolled, forgotten, its key changed when it is old."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final, NoReturn

from pydantic import SecretStr

from agent.enrolment.errors import NotEnrolled
from agent.enrolment.exchanging import NOBODY, ClientFor, Device, exchange, require_room
from agent.enrolment.kept import Enrolment, keep_enrolment, read_enrolment
from agent.enrolment.rotating import Rotation
from agent.settings import UpstreamSettings
from agent.startup.sealed import SealedState
from presets_store.clock import Clock
from presets_store.errors import CuelightError
from presets_store.protocol.people.enrolment import RegisteredDevice

logger = logging.getLogger(__name__)

LOOK_EVERY: Final = 3600.0
AGAIN_AFTER: Final = 600.0
"""Seconds after a change that failed, or was cut off."""
_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """What came of an enrolment. `connected`: the running agent uses the new pair; else from its next start on."""

    device_key: int
    url: str
    access_key: str
    connected: bool


def is_old(enrolment: Enrolment, now: float, days: float) -> bool:
    """Whether the key is due to be changed. `days` 0: never. `now`: epoch s of a clock that is trusted. Pure."""
    return days > 0 and enrolment.since > 0 and now - enrolment.since >= days * _DAY


class Enrolling:
    """`configured`: the upstream as the settings alone have it. `rotation`: None without a link."""

    def __init__(
        self,
        configured: UpstreamSettings,
        device: Device,
        sealed: SealedState,
        clock: Clock,
        client_for: ClientFor,
        rotation: Rotation | None,
    ) -> None:
        self._configured = configured
        self._device = device
        self._sealed = sealed
        self._clock = clock
        self._client_for = client_for
        self._rotation = rotation
        self._changing = rotation.changing if rotation else asyncio.Lock()

    async def enroll(self, url: str, token: SecretStr) -> Enrolled:
        """Exchanges the token; a link to the same upstream signs with the new pair from now on.

        Raises EnrolmentOverruled and what `exchange` raises.
        """
        require_room(self._configured, url)
        async with self._changing:
            made, enrolment = await self._exchange(url, token)
            connected = self._rotation is not None and self._rotation.take_up(enrolment)
        logger.info("this device is enrolled at %s with the access key %s", url, enrolment.pair.access_key)
        return Enrolled(device_key=made.device.key, url=url, access_key=made.access_key, connected=connected)

    async def forget(self) -> bool:
        """Forgets the pair, whether there was one; a link goes on with it until the agent ends."""
        async with self._changing:
            known = read_enrolment(self._sealed) is not None
            await keep_enrolment(self._sealed, None)
        return known

    async def rotate(self) -> str:
        """The new access key. Raises what `Rotation.rotate` does."""
        if self._rotation is None:
            raise NotEnrolled(reason="its key is in the settings, or it has no upstream")
        return await self._rotation.rotate()

    async def run(self) -> NoReturn:
        """Until cancelled: goes on with changes that were cut off, and changes a key that is old."""
        failed = False
        while True:
            try:
                pause, failed = await self.look(), False
            except CuelightError as error:
                level = logging.DEBUG if failed else logging.WARNING
                logger.log(level, "the upstream's key is changed later: %s", error, extra={"code": error.code})
                pause, failed = AGAIN_AFTER, True
            await self._clock.sleep(pause)

    async def look(self) -> float:
        """What is due now; seconds until the next look. Raises what `Rotation.rotate` does."""
        kept = read_enrolment(self._sealed)
        if self._rotation is None or kept is None or not self._rotation.uses(kept):
            return LOOK_EVERY
        kept = await self._rotation.finish()
        if self._clock.quality().trusted:
            if not kept.since:
                await self._rotation.dated(self._clock.now())
            elif is_old(kept, self._clock.now(), self._configured.rotate_after_days):
                await self._rotation.rotate()
        return LOOK_EVERY

    async def _exchange(self, url: str, token: SecretStr) -> tuple[RegisteredDevice, Enrolment]:
        client = self._client_for(url, NOBODY)
        try:
            return await exchange(token, client, self._device, self._sealed, self._clock)
        finally:
            await client.close()
