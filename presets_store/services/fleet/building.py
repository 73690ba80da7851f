"""The services about many devices, built together."""

from dataclasses import dataclass

from presets_store.services.changes import Changes
from presets_store.services.fleet.agents import AgentsService
from presets_store.services.fleet.analytics import AnalyticsService
from presets_store.services.fleet.groups import GroupsService
from presets_store.services.fleet.health import HealthService
from presets_store.services.unit import Units


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetServices:
    """Groups of devices, and what devices tell of themselves."""

    groups: GroupsService
    agents: AgentsService
    analytics: AnalyticsService
    health: HealthService


def build_fleet(units: Units, changes: Changes) -> FleetServices:
    return FleetServices(
        groups=GroupsService(units),
        agents=AgentsService(units),
        analytics=AnalyticsService(units, changes),
        health=HealthService(units),
    )
