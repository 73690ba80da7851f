"""Health records and their charts (events-api.md section 8)."""

from typing import Annotated

from pydantic import Field

from presets_store.protocol.base import WireModel
from presets_store.protocol.events import DeviceReference
from presets_store.protocol.fields import MAX_LIST, MAX_LONG_TEXT, Count, Int, JsonText, Name, Real, Text
from presets_store.protocol.filters import EpochAndCountFilter

HealthText = Annotated[JsonText, Field(max_length=MAX_LONG_TEXT)]


class CreateHealth(DeviceReference):
    """What a device says of itself: any JSON document, as text."""

    one_of = (("device_id", "device_serial", "device_name"),)

    health_json: HealthText


class UpdateHealth(DeviceReference):
    """The same for a record that there is; a device that is named must be the record's."""

    health_json: HealthText


class HealthAnswer(WireModel):
    device_health_id: Int


class HealthQuery(EpochAndCountFilter):
    """Epochs in Unix seconds, inclusive; 0 is open. `order` is read and changes nothing: the newest come first."""

    one_of = (("device_id",),)


class ChartQuery(WireModel):
    """`variable_name`: a path into the health, such as `battery.percent` or `cpu.percent[0]`; "" for the usual ones.

    `count`: points at most, 0: as many as a chart has room for. Epochs in Unix seconds, inclusive; 0 is open.
    """

    start_epoch: Int = 0
    end_epoch: Int = 0
    count: Count = 0
    variable_name: Name = ""
    vertical_line_timestamps: Annotated[list[Int], Field(max_length=MAX_LIST)] = Field(default_factory=list)


class ChartPoint(WireModel):
    """`time` in Unix seconds."""

    time: Int
    value: Real


class ChartDataset(WireModel):
    """The numbers at one path, oldest first."""

    label: Text
    data: list[ChartPoint]


class ChartLine(WireModel):
    """A moment to be marked, as it was asked for."""

    timestamp: Int
    color: Name


class Chart(WireModel):
    datasets: list[ChartDataset]
    vertical_lines: list[ChartLine]
