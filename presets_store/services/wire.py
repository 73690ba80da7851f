"""Rows to wire records. Numbers that stand for users are 0: a caller here is an access key, not a user."""

import json
from typing import Any
from uuid import UUID

from presets_store.protocol.agent_types import AgentType
from presets_store.protocol.cameras import CameraRecord
from presets_store.protocol.clips import ClipRecord
from presets_store.protocol.constants import STATUS_DESCRIPTIONS
from presets_store.protocol.devices import DeviceRecord
from presets_store.protocol.event_types import EVENT_TYPES
from presets_store.protocol.events import (
    EventRecord,
    EventRecordUpload,
    EventStatusRecord,
    EventWithNames,
    RemoteReport,
)
from presets_store.protocol.keys import ApiKeyRecord
from presets_store.protocol.presets import EventPresetRecord
from presets_store.rules.event import Event
from presets_store.rules.hiding import hidden
from presets_store.storage.records import ApiKey, Camera, Clip, Device, Preset


def _event_fields(event: Event) -> dict[str, Any]:
    return {
        "key": event.key,
        "device_id": event.device_key,
        "agent_type_id": event.agent_type_id,
        "agent_id": event.agent_id,
        "event_type_id": event.event_type_id,
        "server_event": event.server_event,
        "event_status": int(event.event_status),
        "event_parameters": event.event_parameters,
        "process_id": event.process_id,
        "result": event.result,
        "percent_complete": event.percent_complete,
        "priority": event.priority,
        "expiration_epoch": event.expiration_epoch,
        "attempt_number": event.attempt_number,
        "max_attempts": event.max_attempts,
        "tag_string": event.tag_string,
        "tag_number": event.tag_number,
        "creation_date": event.created,
        "checkout_token": event.checkout_token,
        "last_modified_date": event.modified,
    }


def event_record(event: Event) -> EventRecord:
    """The plain form: the answer to a dequeue. Its parameters are as `event` has them."""
    return EventRecord.model_construct(**_event_fields(event))


def event_with_names(event: Event, device: Device | None = None) -> EventWithNames:
    """The list form; without `device` its name is left empty. Secrets in its parameters are hidden."""
    return EventWithNames.model_construct(
        **{**_event_fields(event), "event_parameters": hidden(event.event_type_id, event.event_parameters)},
        device_name=(device.device_name or device.serial_number) if device else "",
        event_type=EVENT_TYPES[event.event_type_id].wire_name,
        agent_type=AgentType(event.agent_type_id).wire_name,
        event_status_name=event.event_status.wire_name,
        event_status_description=STATUS_DESCRIPTIONS[event.event_status],
    )


def event_status_record(event: Event) -> EventStatusRecord:
    """The reduced form: the answer to GET. Secrets in its parameters are hidden."""
    return EventStatusRecord.model_construct(
        event_id=event.key,
        key=event.key,
        event_status=int(event.event_status),
        event_parameters=hidden(event.event_type_id, event.event_parameters),
        result=event.result,
        percent_complete=event.percent_complete,
        priority=event.priority,
        attempt_number=event.attempt_number,
        max_attempts=event.max_attempts,
        tag_string=event.tag_string,
        tag_number=event.tag_number,
    )


def event_upload(event: Event, serial: str) -> EventRecordUpload:
    """The report of an event that has ended on the device with this serial number."""
    return EventRecordUpload(**_upload_members(event, serial))


def remote_report(event: Event, serial: str) -> RemoteReport:
    """The same for an event that came from where the report goes."""
    return RemoteReport(
        **_upload_members(event, serial), remote_id=event.remote_id or 0, checkout_token=event.checkout_token
    )


def _upload_members(event: Event, serial: str) -> dict[str, Any]:
    return {
        "device_serial": serial,
        "event_uuid": UUID(event.uuid),
        "event_type_id": event.event_type_id,
        "event_parameters": hidden(event.event_type_id, event.event_parameters),
        "event_status": event.event_status,
        "result": event.result,
        "percent_complete": event.percent_complete,
        "attempt_number": event.attempt_number,
        "max_attempts": event.max_attempts,
        "priority": event.priority,
        "expiration_epoch": event.expiration_epoch,
        "tag_string": event.tag_string,
        "tag_number": event.tag_number,
        "cause": event.cause,
        "event_preset_id": event.preset_key or 0,
        "creation_date": event.created,
        "start_date": event.started,
        "end_date": event.ended,
        "clock_quality": event.clock_quality,
        "boot_id": event.boot_id,
    }


def preset_record(preset: Preset) -> EventPresetRecord:
    return EventPresetRecord.model_construct(
        key=preset.key,
        event_preset_name=preset.event_preset_name,
        device_id=preset.device_key or 0,
        device_group_id=preset.device_group_id,
        agent_type_id=preset.agent_type_id,
        agent_id=preset.agent_id,
        event_type_id=preset.event_type_id,
        event_status=int(preset.event_status),
        event_parameters=hidden(preset.event_type_id, preset.event_parameters),
        process_id=preset.process_id,
        result=preset.result,
        percent_complete=preset.percent_complete,
        priority=preset.priority,
        expiration_epoch=preset.expiration_epoch,
        attempt_number=preset.attempt_number,
        max_attempts=preset.max_attempts,
        tag_string=preset.tag_string,
        tag_number=preset.tag_number,
        creation_date=preset.created,
        last_modified_date=preset.modified,
    )


DEVICE_FIELDS = (
    "device_type_id", "device_name", "serial_number", "device_description", "recent_output", "camera_status",
    "last_ip_address", "tunnel_ip_address", "last_heard_from_date", "offline_notification_date", "software_date",
    "location", "setup_status", "auto_send_files", "run_startup_event", "device_ready_event_preset_id",
    "standalone_event_preset_id", "log_health", "run_analytics", "audio_channel_name", "volume", "comment_list_id",
    "is_archived",
)  # fmt: skip
"""Members that a device's row and its wire record have under the same name."""


def device_record(device: Device) -> DeviceRecord:
    fields = {name: getattr(device, name) for name in DEVICE_FIELDS}
    return DeviceRecord.model_construct(**fields, key=device.key, guid=device.guid, creation_date=device.created)


def key_record(key: ApiKey, last_access: int) -> ApiKeyRecord:
    """Without its secret. `last_access` may be newer than the row's."""
    return ApiKeyRecord.model_construct(
        key=key.key,
        api_key_description=key.description,
        access_key=key.access_key,
        status=key.status.value,
        last_access_date=last_access,
        creation_date=key.created,
    )


def camera_record(camera: Camera) -> CameraRecord:
    return CameraRecord.model_construct(
        key=camera.key,
        device_id=camera.device_key,
        camera_index=camera.camera_index,
        camera_id=camera.camera_id,
        name=camera.name,
        address=camera.address,
        backend=camera.backend,
        capabilities=json.loads(camera.capabilities or "{}"),
        state=camera.state,
    )


def clip_record(clip: Clip) -> ClipRecord:
    return ClipRecord.model_construct(
        key=clip.key,
        clip_uuid=clip.uuid,
        device_id=clip.device_key,
        event_id=clip.event_key or 0,
        event_uuid=clip.event_uuid,
        attempt_number=clip.attempt,
        camera_id=clip.camera_id,
        segment_index=clip.segment_index,
        file=clip.file,
        state=clip.state.value,
        video_clip_status=int(clip.video_clip_status),
        codec=clip.codec,
        width=clip.width,
        height=clip.height,
        frames_per_second=clip.rate,
        bitrate=clip.bitrate,
        frames=clip.frames,
        dropped_frames=clip.dropped,
        file_size=clip.size,
        sha256_hash=clip.sha256,
        start_date=clip.start,
        clip_length_in_seconds=clip.seconds,
        clock_quality=clip.clock_quality,
        boot_id=clip.boot_id,
        encoded=clip.encoded,
        protected=clip.protected,
        thumbnail=clip.thumbnail,
        chain_number=clip.chain_number,
        chain_link=clip.chain_link,
        creation_date=clip.created,
    )
