"""Whether a device looks at what it films: noted in its record, and told to the device."""

import json
from dataclasses import replace

from presets_store.protocol.event_types import find_event_type
from presets_store.protocol.presets import EventIdAnswer
from presets_store.rules.event import Event
from presets_store.rules.permissions import Permission
from presets_store.services.caller import Caller
from presets_store.services.changes import Changes
from presets_store.services.reach import reached_device_locked
from presets_store.services.unit import Unit, Units
from presets_store.storage.devices import update_device

RUN_ANALYTICS = "run_analytics"
"""The setting's name in `Device_Update_setting`; its value is 0 or 1."""

_UPDATE_SETTING = "Device_Update_setting"


class AnalyticsService:
    """Switches analytics of devices on and off."""

    def __init__(self, units: Units, changes: Changes) -> None:
        self._units = units
        self._changes = changes

    async def switch(self, caller: Caller, device_key: int, wanted: int) -> EventIdAnswer:
        """`wanted` 0 or 1. Answers the event by which the device is told, 0 when it is so already.

        Raises NotFound, Forbidden.
        """

        def switch(unit: Unit) -> EventIdAnswer:
            before = reached_device_locked(unit.connection, caller, Permission.EDIT, device_key)
            if before.run_analytics == wanted:
                return EventIdAnswer(event_id=0)
            after = replace(before, run_analytics=wanted, modified=unit.now, modified_by=caller.name)
            update_device(unit.connection, before, after)
            kind = find_event_type(_UPDATE_SETTING)
            event = Event(
                uuid="",
                device_key=device_key,
                agent_type_id=kind.agent_type_id,
                event_type_id=kind.id,
                event_parameters=json.dumps({"name": RUN_ANALYTICS, "value": str(wanted)}),
                cause="setting",
            )
            return EventIdAnswer(event_id=self._changes.add(unit, event).key)

        return await self._units.write(caller, switch)
