"""How a stream sink is made."""

import importlib
from typing import cast

from hardware.models import StreamOrder
from hardware.sinks.base import Sink, SinkPorts


def make_stream(order: StreamOrder, ports: SinkPorts) -> Sink:
    """A StreamSink. Its modules (TLS, HTTP) are loaded with the first stream: a camera must not wait for them."""
    return cast("Sink", importlib.import_module("hardware.sinks.streams.sink").StreamSink(order, ports))
