"""The link to the upstream, built from the settings: what runs while there is one."""

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, NoReturn

from agent.settings import Settings
from agent.startup.starting import Starting
from agent.upstream.client import SignedClient
from agent.upstream.pump import Pump
from agent.upstream.reports import Reports
from agent.upstream.session import POLL_SECONDS, Session
from agent.upstream.uploads import Uploads
from presets_store.clock import Clock
from presets_store.rules.startup import LinkState
from presets_store.services import Services

Task = tuple[str, Coroutine[Any, Any, NoReturn]]


class UpstreamLink:
    """Made only where the settings name an upstream. `client` makes all requests but those that wait."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        upstream = settings.upstream
        self._settings = settings
        self._clock = clock
        secret = upstream.secret_key.get_secret_value()
        self.client = SignedClient(upstream.url, upstream.access_key, secret, clock)
        self._poller = SignedClient(upstream.url, upstream.access_key, secret, clock, timeout=POLL_SECONDS)
        self._closing: list[Callable[[], Awaitable[None]]] = [self.client.close, self._poller.close]

    def tasks(self, services: Services, starting: Starting, boot_id: str) -> Iterator[Task]:
        """What is to run, with names: reports of outcomes, events from there, progress, clips."""
        wakeups, clock = services.wakeups, self._clock
        own, serial = services.own_device.key, services.own_device.serial_number

        async def started() -> bool:
            await starting.fired.wait()
            return starting.started.link.state is LinkState.REACHED

        yield "pump", Pump(services.outbox, self.client.url, self.client, clock, wakeups, own).run()
        session = Session(
            services.events, self.client, self._poller, clock, serial=serial, boot_id=boot_id, started=started
        )
        yield "session", session.run()
        yield "reports", Reports(services.events, self.client, clock, wakeups, own, serial).run()
        if self._settings.upstream.uploads == "auto":
            folder = self._settings.media_folder
            uploads = Uploads(services.media.uploads, self.client, clock, wakeups, own, serial, folder)
            self._closing.append(uploads.close)
            yield "uploads", uploads.run()

    async def close(self) -> None:
        """Closes all connections."""
        for close in self._closing:
            await close()
