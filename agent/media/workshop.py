"""What actions on files and sound may use."""

import asyncio
from dataclasses import dataclass, field

from agent.settings import Settings
from agent.upstream.transport import Transport
from presets_store.clock import Clock
from presets_store.services import Services
from presets_store.storage import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """`microphone`: the ALSA device of sound recordings, empty for the first that captures. `transport`: to where an
    event wants something sent. `turn`: held by the file job that runs; others wait, since cameras come first.
    """

    database: Database
    device_key: int
    transport: Transport
    microphone: str = ""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


def build_workshop(settings: Settings, services: Services, clock: Clock) -> Workshop:
    """That of an agent."""
    return Workshop(
        database=services.database,
        device_key=services.own_device.key,
        transport=Transport("", clock, proxy=settings.upstream.proxy.get_secret_value()),
        microphone=settings.sound.microphone,
    )
