"""The telling of health, built."""

from collections.abc import Iterable

from agent.health.collecting import Collector, Watched
from agent.health.telling import HealthTeller, Upstream
from agent.settings import Settings
from agent.upstream.client import SignedClient
from hardware.box.sensors import Sensors
from presets_store.services import Services


def build_health(
    settings: Settings, services: Services, cameras: Iterable[Watched], client: SignedClient | None
) -> HealthTeller:
    """`client`: signs for the upstream; None without one."""
    sensors = Sensors(settings.media_folder)
    collector = Collector(sensors, services, cameras, services.clock, settings.upstream.url)
    upstream = None if client is None else Upstream(client, services, services.clock)
    return HealthTeller(collector, services, services.clock, upstream)
