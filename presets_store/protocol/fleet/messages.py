"""Log messages and notifications as they are sent and asked for (events-api.md section 8)."""

from pydantic import Field

from presets_store.protocol.base import WireModel
from presets_store.protocol.events import DeviceReference
from presets_store.protocol.fields import Count, Int, Key, LongText, Moment, Name, NameOrId


class CreateLogMessage(DeviceReference):
    """A message of an agent. `log_date` when it was written; without one, now."""

    one_of = (("device_id", "device_serial", "device_name"),)

    agent_type: NameOrId = ""
    agent_version: Name = ""
    agent_index: Int = 0
    process_id: Int = 0
    message: LongText
    log_date: Moment = 0


class NotificationQuery(WireModel):
    """Each in either spelling. Only those that were seen, or sent, or not; since a time in Unix seconds, included."""

    seeninapp: bool | None = None
    seen_in_app: bool | None = Field(default=None, alias="seen_in_app")
    sentasemail: bool | None = None
    sent_as_email: bool | None = Field(default=None, alias="sent_as_email")
    sinceepoch: Count = 0
    last_epoch_time: Count = Field(default=0, alias="last_epoch_time")

    @property
    def seen(self) -> bool | None:
        return self.seen_in_app if self.seeninapp is None else self.seeninapp

    @property
    def sent(self) -> bool | None:
        return self.sent_as_email if self.sentasemail is None else self.sentasemail

    @property
    def since(self) -> int:
        """Unix seconds, 0 for ever."""
        return self.sinceepoch or self.last_epoch_time


class UpdateNotification(WireModel):
    """What is given is changed. One that is seen or sent without a date is so now."""

    notification_status_id: Int = 0
    message: LongText = ""
    seen_in_app: bool = False
    seen_date: Moment = 0
    sent_as_email: bool = False
    sent_as_email_date: Moment = 0
    is_archived: bool = False


class CreateNotification(UpdateNotification):
    """`user_id`: whom it is for, 0: who sends it. `device_id` instead: for all who may see this device."""

    message: LongText = Field(min_length=1)
    user_id: Key = 0
    device_id: Key = 0
