"""A link by MPEG-TS over UDP. Nobody tells whether it arrives."""

import socket
from urllib.parse import urlsplit

from hardware.models import StreamOrder
from hardware.sinks.streams.link import LinkLost, Shape, Unit
from hardware.sinks.streams.lookup import Lookup, Receiver
from hardware.sinks.streams.transport import TransportStream

DATAGRAM = 7 * 188
"""Bytes: what fits into an Ethernet frame, as all receivers expect it."""

_TTL = 16
"""Routers that a multicast may pass."""


class DatagramLink:
    """See `Link`. The first picture waits until the receiver's name is looked up."""

    def __init__(self, order: StreamOrder, shape: Shape) -> None:
        parts = urlsplit(order.url)
        self._lookup = Lookup(parts.hostname or "", parts.port or 0)
        self._socket: socket.socket | None = None
        self._transport = TransportStream(shape)
        self._waiting = b""
        self._sent = 0

    @property
    def has_room(self) -> bool:
        return not self._waiting

    def send(self, unit: Unit) -> None:
        self._waiting = self._transport.pack(unit)
        self._flush()

    def sent(self) -> int:
        self._flush()
        return self._sent

    def wait(self, seconds: float) -> None:
        self._lookup.wait(seconds)

    def close(self, seconds: float) -> int:  # noqa: ARG002 - there is nobody to say it to
        self._transport.close()
        if self._socket is not None:
            self._socket.close()
        return self._sent

    def _flush(self) -> None:
        """Sends what waits, once it is known where to. Raises LinkLost."""
        receiver = self._lookup.receiver()
        if receiver is None or not self._waiting:
            return
        data, self._waiting = self._waiting, b""
        try:
            self._socket = self._socket or _socket_to(receiver)
            for start in range(0, len(data), DATAGRAM):
                self._socket.sendto(data[start : start + DATAGRAM], receiver.address)
        except BlockingIOError:
            return  # the network takes no more now: the rest of the picture is lost, as datagrams may be
        except OSError as error:
            raise LinkLost(f"the receiver cannot be reached: {error.strerror}") from error
        self._sent += 1


def _socket_to(receiver: Receiver) -> socket.socket:
    """Raises OSError."""
    made = socket.socket(receiver.family, socket.SOCK_DGRAM)
    made.setblocking(False)
    if receiver.family == socket.AF_INET:
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, _TTL)
    return made
