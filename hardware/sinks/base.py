"""What every sink of a camera has in common, and what it needs from its host."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from hardware.audio.microphone import Microphone
from hardware.models import Report
from hardware.pipeline.adjusting import Wanting
from hardware.pipeline.router import Router
from hardware.sinks.syncing import Syncer
from hardware.sinks.wallclock import WallClock

NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class SinkPorts:
    """What a sink needs from its host. All but `picture` are called in the sink's own thread; none may wait but `note`.

    `note(consumer, what)` is the source's, durable. `done(sink_id)` comes after the last report. `picture(sink_id,
    mono_ns, jpeg)` sends a picture to the agent; one that still waits to be sent is replaced. `adjust(sink_id,
    wanting)` is what the sink wants of the camera's picture, None at its end. `clock` dates what begins.
    """

    note: Callable[[str, str], None]
    report: Callable[[Report], None]
    done: Callable[[str], None]
    picture: Callable[[str, int, bytes], None]
    syncer: Syncer
    router: Router
    camera_name: str
    adjust: Callable[[str, Wanting | None], None]
    clock: WallClock = field(default_factory=WallClock)
    microphone: Microphone | None = None


class Sink(Protocol):
    """Something that uses a camera's stream until it is done."""

    def attach(self, *, at_next_open: bool) -> None:
        """Connects itself to the router. `at_next_open`: not to what flows now, as the camera is about to reopen."""
        ...

    def start(self) -> None:
        """Starts its thread."""
        ...

    def finish(self, end_ns: int, grace: float) -> None:
        """Ends it with the last frame before `end_ns`, of which those still under way may take `grace` seconds."""
        ...

    def join(self, timeout: float) -> bool:
        """Waits for its end; False when it still runs after `timeout` seconds. It has left the router then."""
        ...
