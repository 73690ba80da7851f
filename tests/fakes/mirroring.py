"""A device under its hub, in this process: two real stores, and the mirror and the teller between them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fakes.inbound import add_cameras
from fakes.people import cheap_passwords, make_user
from fakes.served_store import SEALER, ServedStore
from fakes.two_stores import TwoStores, two_stores
from sqlalchemy import Connection, select

from agent.errors import UpstreamUnreachable
from agent.startup.sealed import SealedState
from agent.upstream.client import Answer
from agent.upstream.firing import Firing
from agent.upstream.linkstate import LinkWatch
from agent.upstream.mirror import Mirror
from agent.upstream.peer import Peer
from presets_store.services.caller import INSIDE
from presets_store.services.scripts.triggers import NewTrigger
from presets_store.storage.rows import many
from presets_store.storage.scripts.records import AnalyticCase, Channel, Delivery, Script, Trigger
from presets_store.storage.scripts.tables import analytic_cases, channels, deliveries, scripts, triggers

TABLES = {
    Script: scripts, AnalyticCase: analytic_cases, Channel: channels, Delivery: deliveries, Trigger: triggers,
}  # fmt: skip


class Line:
    """To the hub; what is in `moods` is met first: an error, or "lost" for an answer that does not come."""

    def __init__(self, stores: TwoStores) -> None:
        self._client = stores.client
        self.url = stores.client.url
        self.shown_url = self.url
        self.moods: list[Any] = []
        self.asked: list[tuple[str, str, int]] = []

    async def request(self, method: str, path: str, body: object = None, **options: Any) -> Answer:
        mood = self.moods.pop(0) if self.moods and path.endswith(("/scripts", "/fired")) else None
        if isinstance(mood, Exception):
            raise mood
        answer = await self._client.request(method, path, body, **options)
        self.asked.append((method, path, answer.status))
        if mood == "lost":
            raise UpstreamUnreachable(url=self.url, reason="no answer came")
        return answer


class Device:
    """A device with two cameras under its hub."""

    def __init__(self, stores: TwoStores, sealed: SealedState) -> None:
        self.hub, self.own, self.clock = stores.hub, stores.own, stores.clock
        self.sealed = sealed
        self.line = Line(stores)
        self.link = LinkWatch(stores.clock)
        self.peer = Peer(self.line)  # type: ignore[arg-type]
        self.mirror = self.new_mirror(self.own)
        self.firing = Firing(self.own.services, self.line, self.peer, self.link, self.clock)  # type: ignore[arg-type]

    def new_mirror(self, store: ServedStore) -> Mirror:
        return Mirror(store.services, self.line, self.peer, self.link, self.sealed, 60.0)  # type: ignore[arg-type]

    async def rows(self, kind: Any, store: ServedStore | None = None) -> list[Any]:
        def find(connection: Connection) -> list[Any]:
            table = TABLES[kind]
            return many(connection, kind, select(table).order_by(table.c.key))

        return await (store or self.own).services.database.read(find)

    async def sees(self, event: str = "motion", image: bytes | None = None, **attributes: Any) -> str:
        """A trigger of the device's front camera."""
        keys = {each.camera_id: each.key for each in await self.own.services.cameras.of_device(INSIDE, self.own.device)}
        new = NewTrigger(event=event, camera_key=keys["front"], attributes=attributes, image=image, source="vision")
        return str((await self.own.services.scripts.triggers.enter(INSIDE, new)).id)

    async def recordings(self, store: ServedStore) -> int:
        """How many events of the preset there are."""
        found = await store.client.json("POST", "/v1/event/list", {"deviceID": 0})
        return sum(each["eventType"] == "Video_Start_recording" for each in found)


@asynccontextmanager
async def mirroring_device(folder: Path) -> AsyncIterator[Device]:
    async with two_stores(folder) as stores:
        sealed, _ = await SealedState.open(folder / "sealed", SEALER)
        await add_cameras(stores.hub, "of an earlier time", "front")  # so that keys differ
        await add_cameras(stores.own, "front", "back")
        yield Device(stores, sealed)
        await sealed.close()


async def hub_cameras(device: Device) -> dict[str, int]:
    listed = await device.hub.client.json("GET", f"/v1/device/{device.hub.device}/cameras")
    return {each["cameraID"]: each["key"] for each in listed}


async def add_channel(device: Device, user: int, url: str, *, device_may_send: bool) -> dict[str, Any]:
    body = {"user_id": user, "url": url, "device_may_send": device_may_send}
    made: dict[str, Any] = await device.hub.client.json("POST", "/api/v1/channels", body)
    return made


async def add_guard(device: Device) -> int:
    """A user of the hub whom the device may tell by one channel, and the hub by another one as well."""
    cheap_passwords(device.hub)
    user = int((await make_user(device.hub, "guard"))["key"])
    await add_channel(device, user, "mailtos://me:secret@smtp.example", device_may_send=True)
    await add_channel(device, user, "tgram://123456:token/1", device_may_send=False)
    return user
