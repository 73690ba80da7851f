"""What becomes of what a device has when it is archived: nothing waits for it any more, its keys are of no use."""

from presets_store.rules.commands import Cancel
from presets_store.services.changes import Changes
from presets_store.services.unit import Unit
from presets_store.storage.events import pending_events
from presets_store.storage.people.users import disable_device_users
from presets_store.storage.records import Device


def retire(unit: Unit, changes: Changes, device: Device) -> None:
    """Cancels what waits for the device and disables the users that are the device itself.

    Its events, clips, presets and places in groups stay: it may come back.
    """
    for event in pending_events(unit.connection, device.key):
        changes.apply(unit, event, Cancel(by=unit.caller.name))
    disable_device_users(unit.connection, device.key, unit.now, unit.caller.name)
