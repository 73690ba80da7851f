"""Filters of list requests (events-api.md section 4)."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import Count, Int, Key, Keys, Moment, Name, Text


def _read_order(value: Any) -> Any:
    return (value.lower() or "desc") if isinstance(value, str) else value


Order = Annotated[Literal["desc", "asc"], BeforeValidator(_read_order)]
"""Newest or oldest first; any case is read."""


class _Slice(WireModel):
    """`count` 0 is no limit; `order` is `desc` (newest first) or `asc`."""

    count: Count = 0
    order: Order = "desc"


class DateAndCountFilter(_Slice):
    """`device_id` 0: all devices of the caller. Bounds are inclusive; 0 is open."""

    device_id: Key = 0
    start_date: Moment = 0
    end_date: Moment = 0


class EpochAndCountFilter(_Slice):
    """Epochs in Unix seconds, inclusive; 0 is open."""

    device_id: Key = 0
    start_epoch: Int = 0
    end_epoch: Int = 0
    video_clip_type_id: Key = 0


class VideoClipEpochAndCountFilter(EpochAndCountFilter):
    tag_list: Keys = Field(default_factory=list)


class ImageEpochAndCountFilter(_Slice):
    device_id: Key = 0
    start_epoch: Int = 0
    end_epoch: Int = 0
    tag_list: Keys = Field(default_factory=list)


class DeviceEpochRange(WireModel):
    device_serial: Name
    start_epoch: Int = 0
    end_epoch: Int = 0


class DevicesEpochAndCountFilter(_Slice):
    device_id_list: Keys = Field(default_factory=list)
    start_epoch: Int = 0
    end_epoch: Int = 0


class DevicesTagFilter(DevicesEpochAndCountFilter):
    """Body of the `devices/tag/list` routes."""

    tag_id_list: Keys = Field(default_factory=list)
    search_text: Text = ""
