"""The link to the upstream, built from the settings: what runs while there is one."""

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, NoReturn

from agent.settings import Settings, UpstreamSettings
from agent.startup.starting import Starting
from agent.upstream.backoff import Gate
from agent.upstream.client import REQUEST_TIMEOUT, SignedClient
from agent.upstream.credentials import Credentials
from agent.upstream.custody import Custody
from agent.upstream.linkstate import LinkWatch
from agent.upstream.loglines import LogLines
from agent.upstream.peer import Peer
from agent.upstream.pump import Pump
from agent.upstream.reports import Reports
from agent.upstream.session import POLL_SECONDS, Session, Take
from agent.upstream.telemetry import Telemetry
from agent.upstream.tls import TlsFiles
from agent.upstream.transport import Transport
from presets_store.clock import Clock
from presets_store.rules.startup import LinkState
from presets_store.services import Services

Task = tuple[str, Coroutine[Any, Any, NoReturn]]


class UpstreamLink:
    """Made only where the settings name an upstream. `client` makes all requests but those that wait.

    `watch` tells how the link is. A new pair in `credentials` is used from the next request on, and ends all pauses.
    """

    def __init__(self, settings: Settings, clock: Clock, lines: LogLines) -> None:
        upstream = settings.upstream
        self._settings = settings
        self._clock = clock
        self._lines = lines
        self.credentials = Credentials(upstream.access_key, upstream.secret_key.get_secret_value())
        self.transport = transport_to(upstream.url, upstream, clock)
        self.watch = LinkWatch(clock)
        gate = Gate(clock)
        self.client = self._client(gate)
        self._poller = self._client(gate, timeout=POLL_SECONDS)
        self.peer = Peer(self.client)
        self.custody = Custody(self.client, clock, self.watch)
        self.credentials.on_change += [gate.open, self.watch.resume]
        self._closing: list[Callable[[], Awaitable[None]]] = [self.client.close, self._poller.close]

    def tasks(self, services: Services, starting: Starting, boot_id: str, take: Take) -> Iterator[Task]:
        """What is to run, with names: reports of outcomes, log messages, events from there to `take`, progress."""
        wakeups, clock = services.wakeups, self._clock
        own, serial = services.own_device.key, services.own_device.serial_number

        async def started() -> bool:
            await starting.fired.wait()
            return starting.started.link.state is LinkState.REACHED

        pump = Pump(
            services.outbox, self.client.url, self.client, clock, wakeups, own, serial, peer=self.peer, link=self.watch
        )
        yield "pump", pump.run()
        telemetry = Telemetry(services.reports, self._lines, self.client, clock, self.watch, serial)
        self._closing.append(telemetry.close)
        yield "telemetry", telemetry.run()
        session = Session(
            services.events,
            self.client,
            self._poller,
            clock,
            serial=serial,
            boot_id=boot_id,
            started=started,
            take=take,
            link=self.watch,
            peer=self.peer,
            custody=self.custody,
        )
        yield "session", session.run()
        reports = Reports(
            services.events, self.client, clock, wakeups, own, serial, link=self.watch, custody=self.custody
        )
        yield "reports", reports.run()

    async def close(self) -> None:
        """Closes all connections."""
        for close in self._closing:
            await close()

    def _client(self, gate: Gate, timeout: float = REQUEST_TIMEOUT) -> SignedClient:
        url = self._settings.upstream.url
        return SignedClient(url, self.credentials, self._clock, transport=self.transport, gate=gate, timeout=timeout)


def transport_to(url: str, upstream: UpstreamSettings, clock: Clock) -> Transport:
    """Connections to `url` with the TLS and the proxy of the settings."""
    return Transport(url, clock, _tls_files(upstream), upstream.proxy.get_secret_value())


def _tls_files(upstream: UpstreamSettings) -> TlsFiles:
    return TlsFiles(upstream.ca_file, upstream.client_certificate, upstream.client_key, frozenset(upstream.pin))
