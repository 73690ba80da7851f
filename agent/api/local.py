"""Serves the store's API on the Unix socket and on loopback TCP."""

import asyncio
import os
from pathlib import Path

from aiohttp import web

from agent.api.camera_secrets import CAMERA_SECRETS
from agent.api.hls import HLS_FOLDER
from agent.api.preview import ADDRESS, VIEWING
from agent.api.routes import ROUTES, SEAL_KEY, STARTING, STATUS
from agent.api.setting_up import STATE_FOLDER
from agent.api.status import StatusReader
from agent.api.upstream_keys import ENROLLING
from agent.enrolment.enrolling import Enrolling
from agent.errors import PortTaken, SocketPathTooLong
from agent.settings import Settings
from agent.startup.camera_secrets import CameraSecrets
from agent.startup.starting import Starting
from agent.store import Store
from agent.viewing.viewers import Viewing
from presets_store import __version__
from presets_store.api import ApiSettings, build_app, make_runner

MAX_SOCKET_PATH = 107


class LocalApi:
    """`url` is known after `start`, also when the port was left to the system."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        reader: StatusReader,
        starting: Starting,
        viewing: Viewing,
        camera_secrets: CameraSecrets,
        enrolling: Enrolling,
    ) -> None:
        self._settings = settings
        self._files = store.services.media.files
        api = ApiSettings(version=f"cuelight {__version__}", device_clock=True, clock_floor=store.floor)
        app = build_app(store.services, store.clock, api, extra_routes=ROUTES)
        app[STATUS] = reader
        app[STARTING] = starting
        app[SEAL_KEY] = store.seal_key
        app[CAMERA_SECRETS] = camera_secrets
        app[ENROLLING] = enrolling
        app[ADDRESS] = self
        app[VIEWING] = viewing
        app[HLS_FOLDER] = settings.hls_folder
        app[STATE_FOLDER] = settings.state_folder
        app.on_shutdown.append(_send_viewers_away)
        self._runner = make_runner(app)
        self.url = ""

    async def start(self) -> None:
        """Listens. Raises SocketPathTooLong, PortTaken."""
        path = self._settings.socket_path
        if len(str(path).encode()) > MAX_SOCKET_PATH:
            raise SocketPathTooLong(path=path, limit=MAX_SOCKET_PATH)
        await self._runner.setup()
        await asyncio.to_thread(_clear, path)
        await web.UnixSite(self._runner, str(path)).start()
        await asyncio.to_thread(path.chmod, 0o660)
        host, port = self._settings.api.host, self._settings.api.port
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            raise PortTaken(host=host, port=port, reason=os.strerror(error.errno or 0)) from error
        self.url = _url(self._runner)
        self._files.served_at(self.url)

    async def stop(self) -> None:
        """Answers those who wait, then closes."""
        await self._runner.cleanup()
        await asyncio.to_thread(_remove, self._settings.socket_path)


async def _send_viewers_away(app: web.Application) -> None:
    await app[VIEWING].close()


def _clear(path: Path) -> None:
    """Removes the socket of an agent that was killed; the state folder's lock says that none runs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)


def _remove(path: Path) -> None:
    if path.is_socket():
        path.unlink(missing_ok=True)


def _url(runner: web.AppRunner) -> str:
    host, port = next(address[:2] for address in runner.addresses if isinstance(address, tuple))
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
