"""A device's own store and the hub above it, both real and served in this process, with one clock."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakes.clock import ManualClock
from fakes.served_store import SERIAL, ServedStore, served_store

from agent.upstream.client import SignedClient
from agent.upstream.credentials import Credentials
from presets_store.protocol.events import EventRecord
from presets_store.protocol.parsing import parse_body

HANDED: Mapping[str, Any] = {"eventType": "Video_Test_stop", "maxAttempts": 3}


@dataclass
class TwoStores:
    """`client` signs as the device does, and reaches the hub. Both stores have the device with this serial number."""

    hub: ServedStore
    own: ServedStore
    client: SignedClient
    clock: ManualClock
    serial: str = SERIAL

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    async def asked_for(self, event: Mapping[str, Any]) -> int:
        """An event that waits at the hub."""
        made = await self.hub.client.json("POST", "/v1/event", {"deviceSerial": SERIAL, **event})
        return int(made["eventID"])

    async def taken(self) -> EventRecord:
        """What the hub hands out now."""
        body = {"deviceSerial": SERIAL, "agentType": "Video", "processID": 1}
        return parse_body(EventRecord, await self.hub.client.json("POST", "/v1/event/dequeue", body))

    async def decided(self, remote: int, **report: Any) -> None:
        """Somebody else reports on an event of the hub."""
        answer = await self.hub.client.call("PUT", f"/v1/event/{remote}", report)
        assert answer.status == 200, answer

    async def handed_out(self, event: Mapping[str, Any]) -> EventRecord:
        await self.asked_for(event)
        return await self.taken()


@asynccontextmanager
async def two_stores(folder: Path) -> AsyncIterator[TwoStores]:
    clock = ManualClock()
    places = [folder / "hub", folder / "own"]
    for place in places:
        place.mkdir()
    async with served_store(places[0], clock) as hub, served_store(places[1], clock, report_to=hub.root) as own:
        key = hub.client.key
        client = SignedClient(hub.root, Credentials(key.access_key, key.secret), clock)
        # So that the two do not call an event by the same number.
        for _ in range(3):
            await own.client.json("POST", "/v1/event", {"deviceSerial": SERIAL, "eventType": "Video_Test_stop"})
        await own.client.json("DELETE", f"/v1/event/list/pending/{own.device}")
        await own.services.outbox.settle(await own.services.outbox.due(hub.root, 100))
        try:
            yield TwoStores(hub, own, client, clock)
        finally:
            await client.close()
