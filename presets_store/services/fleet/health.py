"""The health of a fleet: one row for each device."""

from sqlalchemy import Connection

from presets_store.protocol.telemetry import DeviceHealthRow
from presets_store.rules.permissions import Permission
from presets_store.services.caller import Caller
from presets_store.services.fleet.health_rows import health_row, is_online
from presets_store.services.reach import in_reach
from presets_store.services.unit import Units
from presets_store.storage.devices import list_devices
from presets_store.storage.fleet.health import newest_health
from presets_store.storage.tables import devices


class HealthService:
    """What devices said of themselves."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def rows(self, caller: Caller, *, online_only: bool) -> list[DeviceHealthRow]:
        """One row for each device in reach that is not archived (`online_only`: and is online), oldest device first."""

        def find(connection: Connection) -> list[DeviceHealthRow]:
            caller.principal.require(Permission.READ)
            now = self._units.now()
            found = list_devices(connection, within=in_reach(caller, devices.c.key))
            shown = [device for device in found if is_online(device, now) or not online_only]
            newest = newest_health(connection, [device.key for device in shown])
            return [health_row(device, newest.get(device.key), now) for device in shown]

        return await self._units.read(find)
