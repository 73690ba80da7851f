"""A store served over real loopback HTTP from a real SQLite file, and a client that signs."""

import asyncio
import atexit
import io
import json
import shutil
import socket
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from fakes.clock import ManualClock
from yarl import URL

from presets_store.api import ApiSettings, build_app, make_runner
from presets_store.clock import Clock
from presets_store.local_zone import UTC_ZONE
from presets_store.protocol.signing import sign_headers
from presets_store.sealing import Sealer
from presets_store.services import Services, build_services
from presets_store.services.caller import INSIDE
from presets_store.services.media.stores import FilePlaces
from presets_store.services.media.stores.disk import DiskStore
from presets_store.services.media.stores.media import MediaStore
from presets_store.services.people.keys import NewKey
from presets_store.storage import open_database

SERIAL = "10001234"
SEALER = Sealer(b"k" * 32, "00" * 8)


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str]

    def json(self) -> Any:
        return json.loads(self.body)


class SigningClient:
    """Requests as a device sends them; every part can be spoilt."""

    def __init__(self, root: str, key: NewKey, clock: Clock, session: aiohttp.ClientSession) -> None:
        self.root = root
        self.key = key
        self.clock = clock
        self.session = session

    def sign(
        self, method: str, path: str, body: str = "", query: Mapping[str, str] | None = None, **overrides: Any
    ) -> dict[str, str]:
        values: dict[str, Any] = {
            "secret": self.key.secret,
            "access_key": self.key.access_key,
            "nonce": str(uuid.uuid4()),
            "timestamp": int(self.clock.now()),
            **overrides,
        }
        return sign_headers(method=method, path=path, parameters=query or {}, body=body, **values)

    async def send(
        self, method: str, target: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        url = URL(self.root + target, encoded=True)
        async with self.session.request(
            method, url, data=None if body is None else io.BytesIO(body), headers=headers, allow_redirects=False
        ) as response:
            return Answer(response.status, await response.read(), dict(response.headers))

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **overrides: Any,
    ) -> Answer:
        """One signed request; `body` is text, or what becomes JSON."""
        text = "" if body is None else body if isinstance(body, str) else json.dumps(body)
        signed = self.sign(method, path, text, query, **overrides)
        target = path + (f"?{urlencode(query)}" if query else "")
        return await self.send(method, target, text.encode() or None, {**signed, **(headers or {})})

    async def json(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The parsed answer of a request that must succeed."""
        answer = await self.call(method, path, body, **options)
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json()


@dataclass(frozen=True)
class ServedStore:
    services: Services
    clock: Clock
    client: SigningClient
    app: web.Application
    device: int

    @property
    def root(self) -> str:
        return self.client.root


@asynccontextmanager
async def served_store(
    folder: Path, clock: Clock | None = None, *, url: str = "", **settings: Any
) -> AsyncIterator[ServedStore]:
    """A store with one own device (serial SERIAL) and one access key, served on a free port of loopback.

    `url` names a migrated, empty database; without it there is a new SQLite file in `folder`.
    """
    clock = clock or ManualClock()
    if not url:
        await asyncio.to_thread(shutil.copy, await empty_store(), folder / "store.db")
        url = f"sqlite:///{folder / 'store.db'}"
    database = await open_database(url)
    places = FilePlaces(uploads=DiskStore(folder / "uploads", keep_free=0), recordings=MediaStore(folder / "media"))
    services = await build_services(
        database,
        clock,
        SEALER,
        own_serial=SERIAL,
        own_name="Lobby",
        report_to=settings.pop("report_to", ""),
        places=settings.pop("places", places),
        zone=settings.pop("zone", UTC_ZONE),
    )
    app = build_app(services, clock, ApiSettings(version="cuelight 1.2.3", build_date="2026-11-23", **settings))
    runner = make_runner(app)
    await runner.setup()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    await web.SockSite(runner, listener).start()
    key = await services.keys.create(INSIDE, "tests")
    assert services.own is not None
    try:
        async with aiohttp.ClientSession() as session:
            root = f"http://127.0.0.1:{listener.getsockname()[1]}"
            services.media.files.served_at(root)
            client = SigningClient(root, key, clock, session)
            yield ServedStore(services, clock, client, app, services.own.key)
    finally:
        await runner.cleanup()
        await database.close()


@cache
def _template() -> Path:
    folder = tempfile.mkdtemp(prefix="cuelight-store-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder) / "empty.db"


async def empty_store() -> Path:
    """A migrated, empty database, made once per test run: a migration takes half a second."""
    if not _template().exists():
        await (await open_database(f"sqlite:///{_template()}")).close()
    return _template()


async def until(condition: Callable[[], object], tries: int = 10_000) -> None:
    """Lets the loop run until `condition()` holds: for what has no event of its own."""
    for _ in range(tries):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it did not come to be")
