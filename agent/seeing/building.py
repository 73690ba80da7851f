"""What runs on a device for its scripts: eyes, triggers, deliveries, and the mirror of its upstream's."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, NoReturn, Protocol

from agent.cameras import Cameras
from agent.seeing.entering import Entering
from agent.seeing.seeing import Seeing
from agent.settings import Settings
from agent.startup.hosts import CameraHosts
from agent.startup.sealed import SealedState
from agent.upstream.building import UpstreamLink
from agent.upstream.firing import Firing, WhoSends
from agent.upstream.mirror import SEALED, Mirror
from presets_store.delivery.building import build_delivery
from presets_store.delivery.guard import AddressRules
from presets_store.errors import CuelightError
from presets_store.services import Services
from presets_store.services.scripts.mirrored import MirroredService
from presets_store.storage import DatabaseDamaged

logger = logging.getLogger(__name__)


class Runs(Protocol):
    """What goes on as long as the agent does."""

    def run(self) -> Coroutine[Any, Any, NoReturn]: ...


class NothingMirrored:
    """Without an upstream: what an earlier one has left here goes."""

    def __init__(self, mirrored: MirroredService, sealed: SealedState) -> None:
        self._mirrored = mirrored
        self._sealed = sealed

    async def run(self) -> NoReturn:
        try:
            await self._mirrored.forget_others("")
            await self._sealed.keep({SEALED: None})
        except DatabaseDamaged:
            raise
        except CuelightError as error:
            logger.error("the scripts of an earlier upstream stay until the next start: %s", error)
        while True:
            await asyncio.Event().wait()  # a system task must not end by itself


def build_seeing(
    settings: Settings,
    services: Services,
    sealed: SealedState,
    cameras: Cameras,
    hosts: CameraHosts,
    link: UpstreamLink | None,
) -> dict[str, Runs]:
    """The system tasks by name. `link`: to the upstream, None without one."""
    clock, scripts, own = services.clock, services.scripts, services.own_device.key
    firing = Firing(services, link.client, link.peer, link.watch, clock) if link else None
    entering = Entering(scripts.triggers, clock, firing.fired.set if firing else _nobody_waits)
    seeing = Seeing(scripts.analytics, own, list(cameras), clock, settings.vision.models, entering)
    hosts.tell(seeing.told)
    device_sends = WhoSends(link.watch, clock, settings.scripts.send_after).device if link else _nothing_is_mirrored
    rules = AddressRules(settings.delivery.forbidden, settings.delivery.allowed)
    tasks: dict[str, Runs] = {
        "seeing": seeing,
        "triggers": entering,
        "delivery": build_delivery(services, rules, may_tell_mirrored=device_sends),
    }
    if link is None or firing is None:
        return {**tasks, "mirror": NothingMirrored(scripts.mirrored, sealed)}
    mirror = Mirror(services, link.client, link.peer, link.watch, sealed, settings.scripts.ask_every)
    return {**tasks, "mirror": mirror, "firing": firing}


def _nobody_waits() -> None:
    """Without an upstream nobody has to hear that a script fired."""


def _nothing_is_mirrored() -> bool:
    """Without an upstream nothing is mirrored."""
    return False
