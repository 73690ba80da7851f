"""A link by MPEG-TS over UDP. Nobody tells whether it arrives."""

import socket
from urllib.parse import urlsplit

from hardware.models import StreamOrder
from hardware.sinks.streams.link import LinkLost, Shape, Unit
from hardware.sinks.streams.transport import TransportStream

DATAGRAM = 7 * 188
"""Bytes: what fits into an Ethernet frame, as all receivers expect it."""

_TTL = 16
"""Routers that a multicast may pass."""


class DatagramLink:
    """See `Link`."""

    def __init__(self, order: StreamOrder, shape: Shape) -> None:
        """Looks the receiver up. Raises LinkLost."""
        parts = urlsplit(order.url)
        try:
            found = socket.getaddrinfo(parts.hostname, parts.port, type=socket.SOCK_DGRAM)
            family, kind, protocol, _, address = found[0]
            self._socket = socket.socket(family, kind, protocol)
            self._socket.setblocking(False)
            if family == socket.AF_INET:
                self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, _TTL)
        except (OSError, UnicodeError) as error:  # the latter: a name with a label of more than 63 characters
            raise LinkLost(f"no way to the receiver: {getattr(error, 'strerror', None) or error}") from error
        self._address = address
        self._transport = TransportStream(shape)
        self._sent = 0

    @property
    def has_room(self) -> bool:
        return True

    def send(self, unit: Unit) -> None:
        data = self._transport.pack(unit)
        try:
            for start in range(0, len(data), DATAGRAM):
                self._socket.sendto(data[start : start + DATAGRAM], self._address)
        except BlockingIOError:
            return  # the network takes no more now: the rest of the picture is lost, as datagrams may be
        except OSError as error:
            raise LinkLost(f"the receiver cannot be reached: {error.strerror}") from error
        self._sent += 1

    def sent(self) -> int:
        return self._sent

    def wait(self, seconds: float) -> None:
        """There is always room."""

    def close(self, seconds: float) -> int:  # noqa: ARG002 - there is nobody to say it to
        self._transport.close()
        self._socket.close()
        return self._sent
