"""Addresses of channels: sealed in rows, opened for who tells."""

import logging
from typing import Final

from presets_store.sealing import SealBroken, Seals
from presets_store.services.caller import INSIDE
from presets_store.services.sealed.texts import open_text, seal_text
from presets_store.services.unit import Unit, Units
from presets_store.storage.scripts.channels import list_sealed_urls, put_sealed_url
from presets_store.storage.scripts.records import Channel

logger = logging.getLogger(__name__)

_NAME: Final = "the address of a channel"


class ChannelSecrets:
    """Seals and opens `Channel.sealed_url`."""

    def __init__(self, seals: Seals, units: Units) -> None:
        self._seals = seals
        self._units = units

    def sealed(self, url: str) -> str:
        """As it is stored."""
        return seal_text(self._seals, _NAME, url)

    def url_of(self, channel: Channel) -> str:
        """The Apprise URL. Raises SealBroken."""
        return open_text(self._seals, _NAME, channel.sealed_url)

    async def reseal(self, seals: Seals) -> int:
        """Seals all anew with the current key of `seals`, which opens the old ones too; how many rows there were."""
        self._seals = seals
        return await self._units.write(INSIDE, self._reseal)

    def _reseal(self, unit: Unit) -> int:
        count = 0
        for key, sealed in list_sealed_urls(unit.connection):
            try:
                put_sealed_url(unit.connection, key, self.sealed(open_text(self._seals, _NAME, sealed)))
                count += 1
            except SealBroken as broken:
                logger.warning("the address of channel %d was not sealed anew: %s", key, broken)
        return count
