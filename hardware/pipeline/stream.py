"""What flows through the pipeline besides packets, and who takes it."""

from dataclasses import dataclass
from typing import Protocol

from hardware.models import Format, Packet


@dataclass(frozen=True, slots=True)
class Stream:
    """The packets that follow have this format and their own count of sequence numbers.

    Comes when the source was opened, also anew, and when a stage changes what it delivers. `encoder` names what encodes
    it; `note` tells people what is unusual about it.
    """

    format: Format
    encoded: bool = False
    note: str = ""
    encoder: str = ""


class PacketSink(Protocol):
    """Takes packets. Neither method may wait: they run in the capture thread."""

    def renew(self, stream: Stream) -> None:
        """A stream begins; comes before the first packet."""
        ...

    def offer(self, packet: Packet) -> None:
        """The next packet."""
        ...
