"""A link by RTMP, RTSP or WHIP: the process that publishes, seen from the sink."""

import ssl
from typing import cast

from hardware.launch import child_environment, module_command
from hardware.models import StreamOrder
from hardware.sinks.streams.childprocess import ChildProcess
from hardware.sinks.streams.link import Shape, Unit
from hardware.sinks.streams.processlink import ProcessLink
from hardware.sinks.streams.publish import FAILED, HEADER, MODULE, SENT, Kind, Target

_SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt"


def ca_file() -> str:
    """The certificates that TLS trusts here: those of the system, or of SSL_CERT_FILE."""
    return ssl.get_default_verify_paths().cafile or _SYSTEM_CA


class PublishedLink(ProcessLink):
    """See `Link`. The first picture goes at once, the others when it is through: they wait outside, not in the pipe."""

    def __init__(self, order: StreamOrder, shape: Shape, url: str = "") -> None:
        """Starts the process. `url` stands for that of the order. Raises LinkLost."""
        environment = {name: value for name, value in child_environment().items() if name.lower() != "http_proxy"}
        super().__init__(ChildProcess(module_command(MODULE), environment))
        target = Target(cast("Kind", order.kind), url or order.url, shape.codec.value, shape.rate, ca_file())
        self._process.write(target.line())

    @property
    def has_room(self) -> bool:
        return self._process.has_room and (self._sent > 0 or self._given == 0)

    def send(self, unit: Unit) -> None:
        self._process.write(HEADER.pack(unit.key, unit.tick, len(unit.data)) + unit.data)
        self._given += 1

    def _note(self, line: str) -> None:
        if line == SENT:
            self._sent += 1
        else:
            self._complaint = line.removeprefix(FAILED)
