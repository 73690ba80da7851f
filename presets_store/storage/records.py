"""Rows as the rest of the program sees them (an event is `presets_store.rules.event.Event`).

Times are integer microseconds since the Unix epoch (UTC); 0 means never. `key` 0 means not stored yet.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from presets_store.protocol.statuses import EventStatus, MediaStatus


class ReportKind(StrEnum):
    """What a report that may be dropped is; the first of these that there is room for."""

    HEALTH = "health"
    LOG = "log"


class ClipState(StrEnum):
    """What the media folder says about a clip's file."""

    RECORDING = "recording"
    CLOSED = "closed"
    RECOVERED = "recovered"
    MISSING = "missing"
    REMOVED = "removed"
    """By retention, for a reason that the log tells; the row stays, since the event's result names the clip."""
    ANNOUNCED = "announced"
    """Told over the API: its file is on the device that told of it, or among the uploaded ones."""


class KeyStatus(StrEnum):
    """Whether an access key may sign requests."""

    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One box. `own` marks the box on which this store runs.

    `ready_boot_id` and `standalone_boot_id` name the boot in which that start-up binding fired last, "" for none.
    """

    key: int = 0
    guid: str
    serial_number: str
    device_type_id: int = 0
    device_name: str = ""
    device_description: str = ""
    recent_output: str = ""
    camera_status: str = ""
    last_ip_address: str = ""
    tunnel_ip_address: str = ""
    last_heard_from_date: int = 0
    offline_notification_date: int = 0
    software_date: int = 0
    location: str = ""
    setup_status: int = 0
    auto_send_files: int = 0
    run_startup_event: int = 0
    device_ready_event_preset_id: int = 0
    standalone_event_preset_id: int = 0
    ready_boot_id: str = ""
    standalone_boot_id: str = ""
    log_health: int = 0
    run_analytics: int = 0
    audio_channel_name: str = ""
    volume: int = 0
    comment_list_id: int = 0
    is_archived: bool = False
    own: bool = False
    created: int = 0
    modified: int = 0
    created_by: str = ""
    modified_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """One source on a device. `camera_id` is its stable name on the box, `capabilities` a JSON text."""

    key: int = 0
    device_key: int
    camera_index: int
    camera_id: str
    name: str = ""
    address: str = ""
    backend: str = ""
    capabilities: str = "{}"
    state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """What an event will be when it is run. It targets one device (`device_key`) or a group (`device_group_id`)."""

    key: int = 0
    uuid: str
    event_preset_name: str = ""
    device_key: int | None = None
    device_group_id: int = 0
    agent_type_id: int
    agent_id: int = 0
    event_type_id: int
    event_status: EventStatus = EventStatus.PENDING
    event_parameters: str = "{}"
    process_id: int = 0
    result: str = ""
    percent_complete: float = 0.0
    priority: int = 0
    expiration_epoch: int = 0
    attempt_number: int = 0
    max_attempts: int = 0
    tag_string: str = ""
    tag_number: int = 0
    created: int = 0
    modified: int = 0
    created_by: str = ""
    modified_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """A report that waits for its destination. `body` is JSON text; not to be sent before `not_before`."""

    key: int = 0
    event_key: int
    event_uuid: str
    destination: str
    kind: str = "outcome"
    body: str
    created: int = 0
    attempts: int = 0
    last_error: str = ""
    not_before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Something of the device that its upstream is told when there is a link, unless it is dropped before."""

    key: int = 0
    destination: str
    kind: ReportKind
    body: str
    created: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One media file. `file` is relative to the media folder; `rate` in frames/s, `bitrate` in bit/s, `size` in bytes.

    `event_key` is None when the event is not (or no longer) in this database; `event_uuid` and `attempt` stay.
    A `protected` clip is never removed to make room. `thumbnail`: the name of a small JPEG beside the file, or "".
    `chain_number` (0: none) and `chain_link` are the clip's place in the device's signed chain. `file_id`: the uploaded
    file, 0 for none. `mono`: `start` by the clock of the boot that only goes forward, in microseconds, 0 if not known.
    `clock_correction`: microseconds by which `start` was moved when a better time arrived.
    """

    key: int = 0
    uuid: str
    device_key: int
    event_key: int | None = None
    event_uuid: str = ""
    attempt: int = 0
    camera_id: str = ""
    segment_index: int = 0
    file: str
    state: ClipState = ClipState.RECORDING
    video_clip_status: MediaStatus = MediaStatus.ANNOUNCED
    codec: str = ""
    width: int = 0
    height: int = 0
    rate: float = 0.0
    bitrate: int = 0
    frames: int = 0
    dropped: int = 0
    size: int = 0
    sha256: str = ""
    start: int = 0
    seconds: float = 0.0
    clock_quality: str = "unset"
    boot_id: str = ""
    encoded: bool = False
    protected: bool = False
    thumbnail: str = ""
    chain_number: int = 0
    chain_link: str = ""
    file_id: int = 0
    ts_file_id: int = 0
    video_clip_type_id: int = 1
    video_clip_parameters: str = ""
    audio_status: int = 0
    mono: int = 0
    clock_correction: int = 0
    created: int = 0


class IndexedFile(NamedTuple):
    """What decides whether a clip's file may be removed; a tuple, since there may be very many."""

    file: str
    camera_id: str
    start: int
    seconds: float
    clock_quality: str
    video_clip_status: MediaStatus
    protected: bool
    key: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An access key of a user, with its secret, sealed. `last_access` is right to the hour."""

    key: int = 0
    access_key: str
    sealed_secret: bytes
    description: str = ""
    user_key: int | None = None
    status: KeyStatus = KeyStatus.ACTIVE
    last_access: int = 0
    created: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedEvent:
    """An event that ended long ago; `record` is the whole event as JSON text."""

    key: int
    uuid: str
    device_key: int
    upstream: str
    remote_id: int | None
    created: int
    ended: int
    record: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """The first answer to a write with an idempotency key, to be given again until `expires`."""

    access_key: str
    idempotency_key: str
    request_hash: str
    body: str
    expires: int
