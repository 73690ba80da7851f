"""Start-up presets: bound to a device, and fired when it starts (events-api.md section 12.3)."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from presets_store.protocol.presets import EventIdAnswer, EventPresetRecord, StartupTarget
from presets_store.protocol.startup import StandalonePreset
from presets_store.rules.bindings import binding_of, check_bindable
from presets_store.rules.event import Event
from presets_store.rules.permissions import Permission
from presets_store.rules.startup import Binding
from presets_store.services.bindings import FIELDS, bound_key, expanded, fire, fire_online, queue_sealing
from presets_store.services.caller import INSIDE, Caller
from presets_store.services.changes import Changes
from presets_store.services.reach import reached_device_locked, reached_preset_locked
from presets_store.services.targets import lock_device, require_device, require_preset
from presets_store.services.unit import Unit, Units
from presets_store.services.wire import preset_record
from presets_store.storage.devices import update_device
from presets_store.storage.presets import get_preset
from presets_store.storage.records import Device, Preset


class StartupService:
    """The two bindings of each device. `own_device` is the key of the one on which the store runs, 0 on a hub."""

    def __init__(self, units: Units, changes: Changes, own_device: int) -> None:
        self._units = units
        self._changes = changes
        self._own_device = own_device

    async def bind(self, caller: Caller, state: str, preset_key: int, body: StartupTarget) -> EventIdAnswer:
        """Binds a preset to the start-up of its device, in place of the one before.

        `state` online: answers 0. standalone: answers the event by which the device is told to keep the preset.
        Raises StartupStateUnknown, NotFound, NotBindable, Forbidden.
        """
        binding = binding_of(state)

        def bind(unit: Unit) -> EventIdAnswer:
            preset = reached_preset_locked(unit.connection, caller, Permission.EDIT, preset_key)
            device_key = check_bindable(preset, body.device_id, body.device_group_id)
            return self._set(unit, binding, lock_device(unit.connection, device_key), preset)

        return await self._units.write(caller, bind)

    async def unbind(self, caller: Caller, state: str, device_key: int) -> EventIdAnswer:
        """Ends a binding, if there is one. standalone: answers the event by which the device forgets its preset.

        Raises StartupStateUnknown, NotFound, Forbidden.
        """
        binding = binding_of(state)

        def unbind(unit: Unit) -> EventIdAnswer:
            device = reached_device_locked(unit.connection, caller, Permission.EDIT, device_key)
            return self._set(unit, binding, device, None)

        return await self._units.write(caller, unbind)

    async def fire_online(self, boot_id: str, *, again: bool = False) -> Event | None:
        """For the agent: queues the event of the own device's online binding; None: none bound, or fired already.

        Once in each boot; with `boot_id` "" when no event of the binding is unfinished. `again`: although it fired.
        """

        def start(unit: Unit) -> Event | None:
            device = lock_device(unit.connection, self._own_device)
            return fire_online(unit, self._changes, device, boot_id, again=again)

        return await self._units.write(INSIDE, start)

    async def fire_standalone(self, boot_id: str, preset: StandalonePreset, *, again: bool = False) -> Event | None:
        """For the agent: queues the event of `preset` on the own device; None when the binding fired in this boot.

        Nothing but `preset` is needed: the database may be new. `again`: although it fired. Raises UnknownEventType.
        """

        def start(unit: Unit) -> Event | None:
            device = lock_device(unit.connection, self._own_device)
            return fire(unit, self._changes, device, Binding.STANDALONE, boot_id, preset, again=again)

        return await self._units.write(INSIDE, start)

    async def standalone_of(self, device_key: int) -> StandalonePreset | None:
        """What is bound for a start without a network, as the device is to keep it; None when nothing is.

        Raises NotFound for the device, and NotBindable when a member of a workflow is gone.
        """

        def find(connection: Connection) -> StandalonePreset | None:
            preset = _bound(connection, device_key, Binding.STANDALONE)
            return None if preset is None else expanded(connection, preset)

        return await self._units.read(find)

    async def overrules(self, kept: StandalonePreset) -> bool:
        """Whether the own store knows the preset that the device keeps, and binds another state of it, or not it.

        A preset that this store does not know came from elsewhere; about that it has nothing to say.
        """

        def look(connection: Connection) -> bool:
            preset = get_preset(connection, kept.key) if kept.key else None
            if preset is None or preset.uuid != kept.uuid:
                return False
            bound = bound_key(require_device(connection, self._own_device), Binding.STANDALONE)
            return bound != preset.key or expanded(connection, preset).revision != kept.revision

        return await self._units.read(look)

    async def took(self, kept: StandalonePreset | None) -> None:
        """For the agent: the own device keeps this preset, without a binding having told it to; so it is bound."""

        def note(unit: Unit) -> None:
            device = lock_device(unit.connection, self._own_device)
            preset = get_preset(unit.connection, kept.key) if kept is not None and kept.key else None
            known = preset is not None and kept is not None and preset.uuid == kept.uuid
            after = replace(device, standalone_event_preset_id=preset.key if preset is not None and known else 0)
            update_device(unit.connection, device, after)

        await self._units.write(INSIDE, note)

    async def whole(self, preset_key: int) -> StandalonePreset:
        """A preset as its device would keep it for a start without a network. Raises NotFound, NotBindable."""
        return await self._units.read(lambda connection: expanded(connection, require_preset(connection, preset_key)))

    async def online_of(self, device_key: int) -> EventPresetRecord | None:
        """What is bound for a start with a connection; None when nothing is. Raises NotFound for the device."""
        preset = await self._units.read(lambda connection: _bound(connection, device_key, Binding.ONLINE))
        return None if preset is None else preset_record(preset)

    def _set(self, unit: Unit, binding: Binding, device: Device, preset: Preset | None) -> EventIdAnswer:
        changes: dict[str, Any] = {FIELDS[binding]: preset.key if preset else 0}
        after = replace(device, **changes, modified=unit.now, modified_by=unit.caller.name)
        update_device(unit.connection, device, after)
        if binding is Binding.ONLINE:
            return EventIdAnswer(event_id=0)
        return EventIdAnswer(event_id=queue_sealing(unit, self._changes, device.key, preset).key)


def _bound(connection: Connection, device_key: int, binding: Binding) -> Preset | None:
    key = bound_key(require_device(connection, device_key), binding)
    return get_preset(connection, key) if key else None
