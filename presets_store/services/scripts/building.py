"""The services about scripts, built together."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from presets_store.clock import Clock
from presets_store.sealing import Seals
from presets_store.services.changes import Changes
from presets_store.services.scripts.analytics import AnalyticsService
from presets_store.services.scripts.catalogue import CatalogueService
from presets_store.services.scripts.channels import ChannelsService
from presets_store.services.scripts.decisions import DecisionsService
from presets_store.services.scripts.explaining import ExplainingService
from presets_store.services.scripts.firing import FiringService
from presets_store.services.scripts.mirrored import MirroredService
from presets_store.services.scripts.mirroring import MirroringService
from presets_store.services.scripts.recipients import RecipientsService
from presets_store.services.scripts.scripts import ScriptsService
from presets_store.services.scripts.triggers import TriggersService
from presets_store.services.scripts.untold import UntoldService
from presets_store.services.sealed.channels import ChannelSecrets
from presets_store.services.sealed.scripts import ScriptSecrets
from presets_store.services.unit import Units


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptServices:
    """Scripts, and all that belongs to them. `zone`: in which hours without an offset are meant."""

    zone: ZoneInfo
    secrets: ScriptSecrets
    channel_secrets: ChannelSecrets
    scripts: ScriptsService
    recipients: RecipientsService
    catalogue: CatalogueService
    explaining: ExplainingService
    triggers: TriggersService
    decisions: DecisionsService
    analytics: AnalyticsService
    channels: ChannelsService
    mirroring: MirroringService
    firing: FiringService
    mirrored: MirroredService
    untold: UntoldService

    async def reseal(self, seals: Seals) -> int:
        """Seals all secrets anew with the current key of `seals`; how many rows there were."""
        return await self.secrets.reseal(seals) + await self.channel_secrets.reseal(seals)


def build_scripts(
    units: Units,
    changes: Changes,
    seals: Seals,
    clock: Clock,
    zone: ZoneInfo,
) -> ScriptServices:
    """Builds them in the order in which they need each other."""
    secrets, channel_secrets = ScriptSecrets(seals, units), ChannelSecrets(seals, units)
    triggers, analytics = TriggersService(units, changes, clock, zone), AnalyticsService(units)
    return ScriptServices(
        zone=zone,
        secrets=secrets,
        channel_secrets=channel_secrets,
        scripts=ScriptsService(units, secrets, zone),
        recipients=RecipientsService(units),
        catalogue=CatalogueService(units, zone.key),
        explaining=ExplainingService(units, zone),
        triggers=triggers,
        decisions=DecisionsService(units),
        analytics=analytics,
        channels=ChannelsService(units, channel_secrets, clock),
        mirroring=MirroringService(units, channel_secrets),
        firing=FiringService(units, changes, triggers),
        mirrored=MirroredService(units, channel_secrets, analytics.changed),
        untold=UntoldService(units),
    )
