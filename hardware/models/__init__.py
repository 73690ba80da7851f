"""What crosses the border between the agent and a camera host: specifications, formats, orders, reports.

Times named `*_ns` are nanoseconds: `*_mono_ns` of CLOCK_MONOTONIC (the same in all processes of a boot), `*_wall_ns`
since the Unix epoch. Light on purpose: importing this package loads neither cv2 nor av.
"""

from typing import Annotated

from pydantic import Field

from hardware.models.camera import (
    BACKEND_NAMES,
    RAW_CODECS,
    Adjusted,
    Adjustment,
    BackendName,
    CameraInfo,
    CameraSpec,
    Codec,
    Control,
    ControlValue,
    Format,
    Model,
    Packet,
)
from hardware.models.files import ClipFile, PhotoFile, SoundFile
from hardware.models.orders import (
    PROTOCOL_VERSION,
    Configure,
    KeepWarm,
    OptionValue,
    PhotoOrder,
    Ping,
    PreviewOrder,
    RecordingOrder,
    SetClock,
    Shutdown,
    StopSink,
    StreamOrder,
    TestPicture,
    WatchOrder,
    Zone,
    ZoneKind,
)
from hardware.models.reports import (
    CameraReport,
    CameraState,
    Granted,
    Greeting,
    Observation,
    PhotoTaken,
    Pong,
    Refusal,
    SegmentClosed,
    SinkEnded,
    SinkProgress,
    SinkStarted,
    StreamReport,
)

__all__ = [
    "BACKEND_NAMES",
    "PROTOCOL_VERSION",
    "RAW_CODECS",
    "Adjusted",
    "Adjustment",
    "BackendName",
    "CameraInfo",
    "CameraReport",
    "CameraSpec",
    "CameraState",
    "ClipFile",
    "Codec",
    "Configure",
    "Control",
    "ControlValue",
    "Format",
    "Granted",
    "Greeting",
    "KeepWarm",
    "Model",
    "Observation",
    "OptionValue",
    "Order",
    "Packet",
    "PhotoFile",
    "PhotoOrder",
    "PhotoTaken",
    "Ping",
    "Pong",
    "PreviewOrder",
    "RecordingOrder",
    "Refusal",
    "Report",
    "SegmentClosed",
    "SetClock",
    "Shutdown",
    "SinkEnded",
    "SinkOrder",
    "SinkProgress",
    "SinkStarted",
    "SoundFile",
    "StopSink",
    "StreamOrder",
    "StreamReport",
    "TestPicture",
    "WatchOrder",
    "Zone",
    "ZoneKind",
]

SinkOrder = RecordingOrder | PhotoOrder | StreamOrder | PreviewOrder | WatchOrder
"""What starts a sink."""

Order = Annotated[
    Configure | SinkOrder | StopSink | KeepWarm | TestPicture | SetClock | Ping | Shutdown,
    Field(discriminator="type"),
]
"""What the agent sends."""

Report = Annotated[
    Greeting
    | CameraReport
    | SinkStarted
    | SinkProgress
    | StreamReport
    | Observation
    | SegmentClosed
    | PhotoTaken
    | SinkEnded
    | Pong
    | Refusal,
    Field(discriminator="type"),
]
"""What the host sends."""
