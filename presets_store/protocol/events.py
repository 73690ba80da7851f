"""Events on the wire: records and requests of events-api.md sections 4 and 5."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, WithJsonSchema

from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import (
    AbsentWhenZero,
    Count,
    Int,
    JsonText,
    Key,
    Keys,
    LongText,
    Moment,
    Name,
    NameOrId,
    Percent,
    Real,
    Text,
)
from presets_store.protocol.statuses import EventStatus

_TERMINAL_ONLY = WithJsonSchema({"type": "integer", "enum": [int(status) for status in EventStatus if status.terminal]})

_MOST_TYPES = 32


class AuditFields(WireModel):
    """Sent on events and presets only."""

    user_id: Int = 0
    checkout_token: Name = ""
    created_by: Int = 0
    last_modified_date: Moment = 0
    last_modified_by: Int = 0


class _EventMembers(WireModel):
    key: Int = 0
    device_id: Int = 0
    agent_type_id: Int = 0
    agent_id: Int = 0
    event_type_id: Int = 0
    server_event: Int = 0
    event_status: Int = 0
    event_parameters: JsonText = ""
    process_id: Int = 0
    result: LongText = ""
    percent_complete: Real = 0.0
    priority: Int = 0
    expiration_epoch: Int = 0
    attempt_number: Int = 0
    max_attempts: Int = 0
    tag_string: Text = ""
    tag_number: Int = 0
    creation_date: Moment = 0


class EventRecord(AuditFields, _EventMembers):
    """An event as it is answered. `percent_complete` 0 to 100; `expiration_epoch` in Unix seconds, 0 never."""


class EventWithNames(EventRecord):
    """An event with the names that its numbers stand for. `version` is the agent's."""

    device_name: Name = ""
    event_type: Name = ""
    agent_type: Name = ""
    version: Name = ""
    event_status_name: Name = ""
    event_status_description: Text = ""
    agent_index: Int = 0


class EventStatusRecord(WireModel):
    """Answer to `GET /v1/event/{id}`: the reduced event. `key` equals `event_id` (ours; clients look for it)."""

    event_id: Int
    key: Int = 0
    event_status: Int = 0
    event_parameters: JsonText = ""
    result: LongText = ""
    percent_complete: Real = 0.0
    priority: Int = 0
    attempt_number: Int = 0
    max_attempts: Int = 0
    tag_string: Text = ""
    tag_number: Int = 0


class DeviceReference(WireModel):
    """A device by key, serial number or name; 0 and "" are absent."""

    device_id: Key = 0
    device_serial: Name = ""
    device_name: Name = ""

    @property
    def serial_or_name(self) -> str:
        """What to look up, serial first, when no key is given; "" for none."""
        return self.device_serial or self.device_name


class CreateEvent(DeviceReference):
    """Body of `POST /v1/event`. Types by name or number."""

    one_of = (("device_id", "device_serial", "device_name"), ("event_type", "event_type_id"))

    agent_type: NameOrId = ""
    event_type: NameOrId = ""
    agent_type_id: Key = 0
    event_type_id: Key = 0
    server_event: Int = 0
    event_parameters: JsonText = ""
    priority: Int = 1
    max_attempts: Count = 0
    expiration_epoch: Count = 0


class DequeueEvent(DeviceReference):
    """Body of `POST /v1/event/dequeue`."""

    one_of = (("device_id", "device_serial", "device_name"), ("agent_type", "agent_type_id"))

    agent_type: NameOrId = ""
    agent_type_id: Key = 0
    agent_index: Int = 0
    process_id: Int = 0


class WaitForEvent(DeviceReference):
    """Body of `POST /v1/event/dequeue/longpoll`. `agent_types`: names or numbers, one at least."""

    one_of = (("device_id", "device_serial", "device_name"),)

    agent_types: Annotated[list[NameOrId], Field(min_length=1, max_length=_MOST_TYPES)]
    agent_index: Int = 0
    process_id: Int = 0


class PendingQuery(DeviceReference):
    """Body of both pending lists. Without a device: pending server events, for those who may see them."""


class UpdateEvent(WireModel):
    """Body of `PUT /v1/event/{id}`. What is absent is left as it is. `attempt_number` is read and ignored."""

    event_status: Annotated[EventStatus | None, AbsentWhenZero] = None
    attempt_number: Int | None = None
    result: LongText | None = None
    process_id: Int | None = None
    percent_complete: Percent | None = None
    tag_string: Text | None = None
    tag_number: Int | None = None


class ProgressUpdate(DeviceReference):
    """Body of `PATCH /v1/event/{id}/progress`."""

    percent_complete: Percent


class StatusUpdate(DeviceReference):
    """Body of `PATCH /v1/event/status`: the status of each listed event of the device."""

    one_of = (("device_id", "device_serial", "device_name"),)

    event_status: EventStatus
    events: Keys


class EventTypeQuery(WireModel):
    """Body of `POST /v1/eventtype/list`; no agent type: all."""

    agent_type: NameOrId = ""


class CreateEventAnswer(WireModel):
    """Answer to `POST /v1/event`: a StandardResult whose `description` is the new event's ID as text."""

    code: Int = 0
    description: Text = ""
    event_id: Int

    @classmethod
    def of(cls, event_id: int) -> "CreateEventAnswer":
        return cls(code=0, description=str(event_id), event_id=event_id)


class EventRecordUpload(DeviceReference):
    """Body of `POST /v1/event/record` (ours): an event that already ended on the device; a repeat is harmless.

    `event_status` is terminal. `attempt_number` is the count of attempts made. Dates are by the device's clock, whose
    quality at the end is `clock_quality`; `cause` says what asked for it (`script`, `startup`, `api`, ...).
    """

    one_of = (("device_id", "device_serial", "device_name"), ("event_type", "event_type_id"))

    event_uuid: UUID
    event_type: NameOrId = ""
    event_type_id: Key = 0
    event_parameters: JsonText = ""
    event_status: Annotated[EventStatus, Field(ge=EventStatus.COMPLETE), _TERMINAL_ONLY]
    result: LongText = ""
    percent_complete: Percent = 0.0
    attempt_number: Count = 0
    max_attempts: Count = 0
    priority: Int = 0
    expiration_epoch: Count = 0
    tag_string: Text = ""
    tag_number: Int = 0
    cause: Name = ""
    event_preset_id: Key = 0
    creation_date: Moment = 0
    start_date: Moment = 0
    end_date: Moment = 0
    clock_quality: Name = "unset"
    boot_id: Name = ""


class RemoteReport(EventRecordUpload):
    """What a device keeps until it has reported an event that another store handed out; not sent as it is.

    `remote_id` is that store's key of the event, `checkout_token` the checkout under which it ended.
    """

    remote_id: Key
    checkout_token: Name = ""

    @property
    def update(self) -> UpdateEvent:
        """The body of the `PUT` that says it."""
        return UpdateEvent(
            event_status=self.event_status,
            result=self.result,
            percent_complete=self.percent_complete,
            tag_string=self.tag_string,
            tag_number=self.tag_number,
        )
