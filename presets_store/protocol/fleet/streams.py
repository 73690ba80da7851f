"""Streams as they are told of and asked for (events-api.md section 8)."""

from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BeforeValidator, Field

from presets_store.protocol.base import WireModel
from presets_store.protocol.events import DeviceReference
from presets_store.protocol.fields import Key, Name, NameOrId, Text
from presets_store.protocol.statuses import StreamType

StreamTypeName = Literal["", "ActionSync", "WebRTC", "RTP_RTSP", "HLS", "DASH", "RTMP", "SRT"]

_CANONICAL: Final = {name.casefold(): name for name in get_args(StreamTypeName)}


def _read_type(value: Any) -> Any:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        return value
    numbers = {str(int(kind)): kind.wire_name for kind in StreamType}
    return numbers.get(text) or _CANONICAL.get(text.casefold(), text)


class CreateStream(DeviceReference):
    """Types by name or number. `action_type`: the event type by which the device streams."""

    one_of = (("device_id", "device_serial", "device_name"),)

    stream_type: Annotated[StreamTypeName, BeforeValidator(_read_type)] = ""
    event_id: Key = 0
    stream_name: Name = ""
    stream_path: Name = ""
    stream_description: Text = ""
    publish_url: Text = ""
    read_url: Text = ""
    action_type: NameOrId = ""

    @property
    def stream_type_id(self) -> int:
        return next((int(kind) for kind in StreamType if kind.wire_name == self.stream_type), 0)


class StreamListQuery(WireModel):
    """`activeonly`: only those that go on."""

    activeonly: bool = False


class StreamPath(WireModel):
    """`{"value": the stream's path}`."""

    value: Name = Field(min_length=1)
