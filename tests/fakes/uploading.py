"""A device's files and what sends them to a real hub."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from fakes.stored import make_clip, make_event
from fakes.two_stores import TwoStores

from agent.errors import UpstreamUnreachable
from agent.media.taken import TakenIndex
from agent.settings import UploadsSettings
from agent.upstream.client import Answer, SignedClient
from agent.upstream.linkstate import LinkWatch
from agent.upstream.transport import Transport
from agent.upstream.uploads.bucket import TokenBucket
from agent.upstream.uploads.fetching import Fetcher
from agent.upstream.uploads.policy import UploadPolicy
from agent.upstream.uploads.sending import Sender
from agent.upstream.uploads.transfers import Transfers
from agent.upstream.uploads.worker import Uploads
from hardware.models import PhotoFile, SoundFile
from presets_store.protocol.statuses import EventStatus
from presets_store.storage.events import insert_event
from presets_store.storage.media.uploads import find_outgoing, is_sent
from presets_store.storage.records import Clip, ClipState

FILM = b"the bytes of a film, but for the picture" * 20_000


class Breaking:
    """The client of a network that breaks at one request: before it got there, or after it was carried out."""

    def __init__(self, client: SignedClient, step: str = "nothing", *, carried_out: bool = False) -> None:
        self.url, self.shown_url = client.url, client.shown_url
        self.client = client
        self.step = step
        self.carried_out = carried_out
        self.asked: list[str] = []
        self.bodies: list[Any] = []

    async def request(self, method: str, path: str, body: object = None, **named: Any) -> Answer:
        self.asked.append(f"{method} {path}")
        self.bodies.append(body)
        if self.asked[-1].startswith(self.step):
            self.step = "nothing more"
            if self.carried_out:
                await self.client.request(method, path, body, **named)
            raise UpstreamUnreachable(url=self.shown_url, reason="the test broke it")
        return await self.client.request(method, path, body, **named)

    @property
    def announced(self) -> list[str]:
        """The files that were announced, in their order."""
        return [
            body["filename"] for asked, body in zip(self.asked, self.bodies, strict=True) if asked == "POST /v1/file"
        ]


async def cheap() -> bool:
    """Of a network that costs nothing."""
    return False


@dataclass
class Device:
    """The device of `stores`, with its media folder. `client`: another one than that of `stores`."""

    stores: TwoStores
    folder: Path
    client: Any = None
    metered: Callable[[], Any] = cheap
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        own, clock = self.stores.own, self.stores.clock
        media = own.services.media
        self.folder.mkdir(exist_ok=True)
        self.link = LinkWatch(clock)
        self.link.reached()
        self.transport = Transport(self.stores.hub.root, clock)
        self.taken = TakenIndex(self.folder, media.own_images, media.own_sounds, own.device, clock)

    @asynccontextmanager
    async def uploading(self, client: Any = None) -> AsyncIterator[Transfers]:
        """While files are sent."""
        transfers = self.transfers(client or self.client or self.stores.client)
        assert transfers.uploads is not None
        self.taken.stored = transfers.uploads.wake
        running = asyncio.create_task(transfers.uploads.run())
        try:
            yield transfers
            assert not running.done(), "uploads must never end by themselves"
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            await transfers.close()

    def transfers(self, client: Any) -> Transfers:
        own, clock = self.stores.own, self.stores.clock
        settings = UploadsSettings.model_validate(self.settings)
        bucket = TokenBucket(settings.rate, clock)
        known = own.services.media.uploads
        policy = UploadPolicy(settings, clock, self.metered)
        sender = Sender(self.transport, clock, bucket, client.shown_url)
        uploads = Uploads(known, client, sender, policy, self.link, clock, own.device, self.stores.serial, self.folder)
        return Transfers(
            known, self.folder, own.device, clock, Sender(self.transport, clock, bucket, "the event"),
            Fetcher(self.transport, self.folder), Fetcher(self.transport, self.folder, "update"),
            client=client, uploads=uploads, why_not="",
        )  # fmt: skip

    async def clip(self, name: str, *, upstream: str | None = None, start: int = 1_000_000, **fields: Any) -> Clip:
        """A clip in the folder and the index, of an event that the hub, or `upstream`, asked for."""
        asked_by = self.stores.client.url if upstream is None else upstream
        event = await self.event(upstream=asked_by, cause=fields.pop("cause", "upstream"))
        await asyncio.to_thread(self._write, name, FILM)
        known = {"sha256": hashlib.sha256(FILM).hexdigest(), "size": len(FILM)}
        shape: dict[str, Any] = {"width": 640, "height": 360, "rate": 25.0, "seconds": 4.0, "camera_id": "main"}
        clip = make_clip(
            self.stores.own.device, event_uuid=event, file=f"main/{name}", state=ClipState.CLOSED, start=start,
            created=start, **known, **(shape | fields),
        )  # fmt: skip
        return await self.stores.own.services.clips.index(clip)

    async def photo(self, name: str, *, upstream: str | None = None, data: bytes = b"jpeg", start: int = 2) -> str:
        """A photo; its path in the media folder. `start`: seconds of the day."""
        event = await self.event(upstream=self.stores.client.url if upstream is None else upstream)
        photo = PhotoFile(
            file=name, index=0, width=64, height=48, encoding="jpg", mono_ns=1, taken_wall_ns=start * 10**9,
            clock_quality="synchronised", boot_id="b", size=len(data), sha256=hashlib.sha256(data).hexdigest(),
            copied=True, context={"event_uuid": event, "camera_id": "main"},
        )  # fmt: skip
        await asyncio.to_thread(self._write, name, data, photo.model_dump_json())
        self.taken.photo(photo, self.folder / "main")
        await self.taken.write()
        return f"main/{name}"

    async def sound(self, name: str, data: bytes = b"sound") -> str:
        """A sound recording; its path in the media folder."""
        sound = SoundFile(
            file=name, encoding="opus", sample_rate=48000, bitrate=64000, microphone="hw:0", first_mono_ns=1,
            start_wall_ns=3 * 10**9, clock_quality="synchronised", boot_id="b", closed=True, seconds=2.0,
            size=len(data), sha256=hashlib.sha256(data).hexdigest(),
            context={"event_uuid": await self.event(upstream=self.stores.client.url)},
        )  # fmt: skip
        await asyncio.to_thread(self._write, name, data, sound.model_dump_json())
        self.taken.sound(sound, self.folder / "main")
        await self.taken.write()
        return f"main/{name}"

    async def event(self, **fields: Any) -> str:
        """The UUID of one that has ended."""
        event = make_event(self.stores.own.device, event_status=EventStatus.COMPLETE, ended=1, **fields)
        await self.stores.own.services.database.write(lambda connection: insert_event(connection, event))
        return event.uuid

    async def sent(self, file: str, passing: float = 0.0) -> None:
        """Waits until this device knows that the hub has the file."""
        for _ in range(3000):
            if await self.is_sent(file):
                return
            self.stores.pass_time(passing)
            await asyncio.sleep(0.002)
        raise AssertionError(f"{file} was not sent")

    async def is_sent(self, file: str) -> bool:
        own = self.stores.own
        found = await own.services.database.read(lambda connection: find_outgoing(connection, own.device, file))
        return found is not None and is_sent(found)

    async def there(self, kind: str = "videoclip") -> list[dict[str, Any]]:
        """What the hub knows of the device's clips, images or sounds."""
        hub = self.stores.hub
        return list(await hub.client.json("POST", f"/v1/{kind}/list", {"deviceID": hub.device, "order": "asc"}))

    async def fetched(self, file_id: int) -> bytes:
        """The bytes of a file, as anybody gets them from the hub."""
        hub = self.stores.hub
        file = await hub.client.json("GET", f"/v1/file/{file_id}")
        return (await hub.client.send("GET", file["fileLocation"].removeprefix(hub.root))).body

    def _write(self, name: str, data: bytes, sidecar: str = "") -> None:
        path = self.folder / "main" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        if sidecar:
            path.with_name(f"{name}.json").write_text(sidecar)


class CuttingProxy:
    """Passes connections on to `port`. The first `cuts` of them end after `after` bytes from the client."""

    def __init__(self, port: int, *, after: int, cuts: int = 1) -> None:
        self._target = port
        self._after = after
        self._cuts = cuts
        self.passed: list[int] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        number = len(self.passed)
        self.passed.append(0)
        back = asyncio.create_task(_copy(far_reader, writer))
        try:
            while data := await reader.read(65536):
                self.passed[number] += len(data)
                far_writer.write(data)
                await far_writer.drain()
                if self._cuts and self.passed[number] >= self._after:
                    self._cuts -= 1
                    await asyncio.sleep(0.2)  # what arrived is read before the end is noticed
                    break
        except OSError:
            pass
        finally:
            back.cancel()
            for each in (far_writer, writer):
                each.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
