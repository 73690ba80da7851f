"""The services of what is told of devices and users, built together."""

from dataclasses import dataclass

from presets_store.clock import Clock
from presets_store.services.changes import Changes
from presets_store.services.fleet.health_records import HealthRecordsService
from presets_store.services.fleet.log_messages import LogMessagesService
from presets_store.services.fleet.notifications import NotificationsService
from presets_store.services.fleet.retention import Kept, Retention
from presets_store.services.fleet.settings import DeviceSettingsService, UserSettingsService
from presets_store.services.fleet.streams import StreamsService
from presets_store.services.unit import Units


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryServices:
    """What the API offers beside events and media."""

    health: HealthRecordsService
    logs: LogMessagesService
    notifications: NotificationsService
    device_settings: DeviceSettingsService
    user_settings: UserSettingsService
    streams: StreamsService
    retention: Retention


def build_telemetry(units: Units, changes: Changes, clock: Clock, kept: Kept) -> TelemetryServices:
    return TelemetryServices(
        health=HealthRecordsService(units),
        logs=LogMessagesService(units),
        notifications=NotificationsService(units),
        device_settings=DeviceSettingsService(units, changes),
        user_settings=UserSettingsService(units),
        streams=StreamsService(units),
        retention=Retention(units, clock, kept),
    )
