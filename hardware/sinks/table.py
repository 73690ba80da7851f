"""Every kind of sink by its order. A new one is a line in each of these tables."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from hardware.models import CameraSpec, PhotoOrder, PreviewOrder, RecordingOrder, SinkOrder, StreamOrder, WatchOrder
from hardware.pipeline.plan import Ask
from hardware.sinks.base import Sink, SinkPorts
from hardware.sinks.photoplan import photo_ask
from hardware.sinks.photos import Photographer
from hardware.sinks.preview import Preview
from hardware.sinks.recorder import Recorder
from hardware.sinks.streams.making import make_stream
from hardware.sinks.watcher import Watcher

MAKERS: Mapping[type, Callable[[Any, SinkPorts], Sink]] = MappingProxyType(
    {
        RecordingOrder: Recorder,
        StreamOrder: make_stream,
        PhotoOrder: Photographer,
        PreviewOrder: Preview,
        WatchOrder: Watcher,
    }
)

RANKS: Mapping[type, int] = MappingProxyType(
    {RecordingOrder: 3, StreamOrder: 2, PhotoOrder: 1, PreviewOrder: 1, WatchOrder: 1}
)
"""Who has the say about the camera's format: a sink takes it from those of lower rank, which then go on in that one."""

MEEK = 1
"""A sink of this rank chooses only while there is no other at all."""


def ask_of(order: SinkOrder, spec: CameraSpec) -> Ask:
    """What the camera is to be opened for."""
    if isinstance(order, RecordingOrder | StreamOrder):
        return Ask(order.width, order.height, order.rate)
    if isinstance(order, PhotoOrder):
        return photo_ask(order, prefers=spec.prefer is not None)
    return Ask()


def is_particular(order: SinkOrder) -> bool:
    """Whether it asks for a size of its own, for which a warm camera may be opened anew."""
    return isinstance(order, RecordingOrder | StreamOrder | PhotoOrder) and bool(order.width and order.height)
