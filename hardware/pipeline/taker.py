"""What takes decoded pictures, and what it needs of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from hardware.models import Packet
from hardware.pipeline.stream import Stream

if TYPE_CHECKING:
    import av


class EncoderFailed(Exception):
    """An encoder cannot be made, or did not take a picture."""


@dataclass(frozen=True, slots=True)
class Need:
    """At most one picture in `interval_ns` (0: every one), of at least `width` x `height` pixels (0: the camera's)."""

    interval_ns: int = 0
    width: int = 0
    height: int = 0


class Picture(NamedTuple):
    """A packet and what is decoded of it. `place` counts the taker's pictures; a gap tells that the camera lost some.

    `frame` None: it did not decode, or was not wanted. Nobody changes the frame: others have it too.
    """

    packet: Packet
    frame: "av.VideoFrame | None"
    place: int


class FrameTaker(Protocol):
    """Takes pictures, in the decoder's thread."""

    @property
    def need(self) -> Need:
        """What it needs; asked once."""
        ...

    @property
    def undecoded(self) -> bool:
        """Whether it does without the frames (of JPEGs) from now on."""
        ...

    @property
    def backed_up(self) -> bool:
        """Whether it is this taker that holds the decoder up."""
        ...

    def renew(self, stream: Stream) -> None:
        """The camera's stream begins (anew); comes before the first picture."""
        ...

    def take(self, picture: Picture) -> None:
        """The next picture. May wait a little: the decoder has time, its packets wait meanwhile."""
        ...

    def give_way(self) -> None:
        """The decoder has fallen too far behind the camera: whoever can do without frames does so from now on."""
        ...
