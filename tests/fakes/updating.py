"""A device whose agent, dpkg and helper are real; its upstream has files to fetch."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from fakes.machine import Machine
from fakes.served_store import served_store
from fakes.updates import UpdatedDevice, digest_of, updated_device

from agent.update import staging
from agent.update.settings import UpdateSettings
from agent.update.updates import Updates
from agent.upstream.responses import Answer
from agent.upstream.transport import Transport
from agent.upstream.uploads.fetching import Fetcher
from agent.upstream.uploads.transfers import Transfers
from presets_store.api import make_runner

UPDATE = "Device_Update_software"


class Upstream:
    """The far end: one file, whose record says that it is called `package.deb`."""

    def __init__(self) -> None:
        self.content = b""
        self.asked = 0
        self.held: asyncio.Event | None = None
        self.url = self.shown_url = ""

    async def request(self, method: str, path: str) -> Answer:
        """As the signed client of an agent."""
        record = {"fileLocation": f"{self.url}/package.deb", "filename": "package.deb", "fileSize": len(self.content)}
        return Answer(200, json.dumps(record).encode())

    async def serve(self, _: web.Request) -> web.Response:
        self.asked += 1
        if self.held is not None:
            await self.held.wait()
        return web.Response(body=self.content)


class Updating:
    """`machine`: the agent's part; `device`: dpkg and the helper."""

    def __init__(self, machine: Machine, device: UpdatedDevice, upstream: Upstream) -> None:
        self.machine = machine
        self.device = device
        self.upstream = upstream
        self.settings()

    def settings(self, **members: Any) -> None:
        """What the agent's settings say; `public_key` is the maker's."""
        update = UpdateSettings(**{"public_key": self.device.public_key, **members})
        self.machine.updates = Updates(update, self.device.state, self.device.root)

    def parameters(self, file: Path, version: str, /, **changes: Any) -> dict[str, Any]:
        """Of an event; the upstream has the file."""
        self.upstream.content = file.read_bytes()
        signature = self.device.sign(file, version)
        told = {"version": version, "sHA256Hash": digest_of(file), "signature": signature, "fileID": 7, **changes}
        return {name: value for name, value in told.items() if value is not None}

    async def asked(self) -> None:
        """Returns when the agent has asked the helper."""
        request = self.device.state / "update/request.json"
        for _ in range(5000):
            if request.exists():
                return
            await asyncio.sleep(0.002)
        raise AssertionError("nothing was asked of the helper")

    async def helper(self, command: str = "install", **how: Any) -> int:
        """One run of root's helper."""
        return (await asyncio.to_thread(self.device.run, command, **how)).returncode

    async def pass_time(self, seconds: float) -> None:
        """For the agent."""
        for _ in range(round(seconds)):
            self.machine.clock.advance(1.0)
            await asyncio.sleep(0.01)


@asynccontextmanager
async def updating(folder: Path) -> AsyncIterator[Updating]:
    device, upstream = await asyncio.to_thread(updated_device, folder), Upstream()
    helper = device.root / "usr/lib/cuelight/helper/__main__.py"
    helper.parent.mkdir(parents=True)
    helper.touch()
    app = web.Application()
    app.router.add_get("/package.deb", upstream.serve)
    runner = make_runner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    upstream.url = upstream.shown_url = "http://{}:{}".format(*runner.addresses[0][:2])
    async with served_store(folder) as store:
        transport = Transport(upstream.url, store.clock)
        files, packages = Fetcher(transport, folder), Fetcher(transport, device.state, staging.FOLDER, staging.room)
        made = Updating(Machine(store, folder), device, upstream)
        made.machine.transfers = Transfers(
            None, folder, store.device, store.clock, None, files, packages,  # type: ignore[arg-type]
            client=upstream, uploads=None, why_not="",  # type: ignore[arg-type]
        )  # fmt: skip
        yield made
        await files.close()
        await packages.close()
    await runner.cleanup()
