"""A hub as its operator runs it: one process on SQLite, and two replicas on one PostgreSQL that know of each other."""

import asyncio
import json
import re
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from fakes.clock import ManualClock
from fakes.hub_process import HubProcess, free_port, make_device
from fakes.postgres import PostgresServer
from fakes.served_store import SEALER, Answer, SigningClient
from fakes.tls_front import make_certificate

from presets_store.protocol.devices import DeviceRecord
from presets_store.protocol.events import CreateEvent, DequeueEvent
from presets_store.services import build_services
from presets_store.services.caller import INSIDE
from presets_store.services.people.keys import SEEN_SECONDS
from presets_store.storage import open_database

LONG_POLL = "/v1/event/list/pending/longpoll"
STOP = {"agentType": "Video", "eventType": "Video_Stop_recording"}
STOP_FIELDS = {"agent_type": "Video", "event_type": "Video_Stop_recording"}


class Pair:
    """Two replicas on one database, with the ports of their figures."""

    def __init__(self, server: PostgresServer, folder: Path) -> None:
        self.server = server
        self.url = server.database()
        self.folder = folder
        self.ports = [free_port(), free_port()]
        self.replicas = [
            HubProcess(folder, self.url, name=name, CUELIGHT_HUB_METRICS__PORT=str(port))
            for name, port in zip(("one", "two"), self.ports, strict=True)
        ]

    @property
    def database(self) -> str:
        return self.url.split("/")[3].split("?")[0]

    def sql(self, statement: str) -> str:
        return self.server.sql(self.database, statement)


@pytest.fixture(scope="module")
def pair(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    pair = Pair(postgres_server, tmp_path_factory.mktemp("pair"))
    try:
        for replica in pair.replicas:
            replica.launch()
        for replica in pair.replicas:
            replica.await_ready()
        yield pair
    finally:
        for replica in pair.replicas:
            replica.end()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@asynccontextmanager
async def waiting(client: SigningClient, device: int) -> AsyncIterator["asyncio.Future[Answer]"]:
    """A long-poll that the hub holds by now."""
    poll = asyncio.ensure_future(client.call("POST", LONG_POLL, {"deviceID": device}))
    try:
        await asyncio.sleep(0.3)
        assert not poll.done()
        yield poll
    finally:
        poll.cancel()


async def queue(client: SigningClient, device: int) -> int:
    return int((await client.json("POST", "/v1/event", {"deviceID": device, **STOP}))["eventID"])


async def figure(session: aiohttp.ClientSession, port: int, name: str) -> float:
    async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
        assert answer.status == 200
        found = re.search(rf"^{re.escape(name)} (\S+)$", await answer.text(), re.MULTILINE)
    assert found is not None
    return float(found[1])


async def test_a_request_that_waits_is_woken_by_the_other_replica(pair: Pair, session: aiohttp.ClientSession) -> None:
    here, there = (replica.client(session) for replica in pair.replicas)
    device = await make_device(here, "woken")
    async with waiting(here, device) as poll:
        assert await figure(session, pair.ports[0], "cuelight_waiting_polls") == 1
        began = time.monotonic()
        event = await queue(there, device)
        (found,) = (await asyncio.wait_for(poll, 3)).json()
        assert found["key"] == event
        assert time.monotonic() - began < 2  # and not at the next look
    assert await figure(session, pair.ports[0], "cuelight_wakeup_seconds_count") == 1
    assert await figure(session, pair.ports[1], "cuelight_queue_depth") == 1


async def test_the_line_between_replicas_is_made_again(pair: Pair, session: aiohttp.ClientSession) -> None:
    here, there = (replica.client(session) for replica in pair.replicas)
    device = await make_device(here, "cut")
    lines = await figure(session, pair.ports[0], "cuelight_replica_lines_total")
    cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'cuelight line'"
    async with waiting(here, device) as poll:
        assert pair.sql(f"{cut} AND datname = current_database()") == "2"
        event = await queue(there, device)  # which nobody can be told of yet
        assert (await asyncio.wait_for(poll, 10)).json()[0]["key"] == event
    assert await figure(session, pair.ports[0], "cuelight_replica_lines_total") == lines + 1


async def test_changes_are_heard_live_at_every_replica(pair: Pair, session: aiohttp.ClientSession) -> None:
    here, there = (replica.client(session) for replica in pair.replicas)
    device = await make_device(here, "live")
    headers = here.sign("GET", "/v1/live")
    async with session.get(here.root + "/v1/live", headers=headers) as answer:
        await answer.content.readuntil(b"\n\n")
        event = await queue(there, device)
        heard = (await asyncio.wait_for(answer.content.readuntil(b"\n\n"), 3)).decode()
        while "event: event" not in heard or f'"key":{event},' not in heard:
            heard = (await asyncio.wait_for(answer.content.readuntil(b"\n\n"), 3)).decode()
        assert "checkoutToken" not in heard


async def test_a_request_is_no_use_at_another_replica(pair: Pair, session: aiohttp.ClientSession) -> None:
    here, there = (replica.client(session) for replica in pair.replicas)
    read = here.sign("GET", "/v1/device/list")
    assert (await here.send("GET", "/v1/device/list", headers=read)).status == 200
    refused = await there.send("GET", "/v1/device/list", headers=read)
    assert (refused.status, refused.json()["code"]) == (401, "nonce_used")

    body = json.dumps({"deviceSerial": "comes-later", **STOP})
    write = here.sign("POST", "/v1/event", body)
    assert (await here.send("POST", "/v1/event", body.encode(), write)).status == 404
    await make_device(here, "comes-later")  # now it could succeed
    refused = await there.send("POST", "/v1/event", body.encode(), write)
    assert (refused.status, refused.json()["code"]) == (401, "nonce_used")


async def test_a_key_is_revoked_at_all_replicas_within_a_second(pair: Pair, session: aiohttp.ClientSession) -> None:
    here, there = (replica.client(session) for replica in pair.replicas)
    made = await here.json("POST", "/v1/apikey", {"aPIKeyDescription": "to be revoked"})
    client = SigningClient(there.root, type(there.key)(made["accessKey"], made["secretKey"]), there.clock, session)
    async with session.get(there.root + "/v1/live", headers=client.sign("GET", "/v1/live")) as answer:
        await answer.content.readuntil(b"\n\n")
        assert (await here.call("DELETE", f"/v1/apikey/{made['key']}")).status == 200
        same = SigningClient(here.root, client.key, client.clock, session)
        assert (await same.call("GET", "/v1/device/list")).status == 401  # where it was revoked, at once
        await asyncio.sleep(SEEN_SECONDS)
        assert (await client.call("GET", "/v1/device/list")).status == 401
        await asyncio.wait_for(answer.content.read(), 3)  # to its end


@pytest.mark.parametrize(("seal", "code"), [("other.key", "seal_key_differs"), ("missing.key", "seal_key_missing")])
def test_a_replica_with_another_seal_key_does_not_start(pair: Pair, seal: str, code: str) -> None:
    file = pair.folder / seal
    if code == "seal_key_differs":
        file.write_bytes(b"x" * 32)
        file.chmod(0o600)
    third = HubProcess(pair.folder, pair.url, name=code, CUELIGHT_HUB_SEAL_KEY=str(file))
    try:
        with pytest.raises(AssertionError, match=code):
            third.start()
    finally:
        third.end()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    """On SQLite, with little room."""
    settings = {
        "LIMITS__CONNECTIONS": "8",
        "LIMITS__WAITING_POLLS": "3",
        "LIMITS__WAITING_POLLS_PER_DEVICE": "2",
        "LIMITS__HEADER_BYTES": "2048",
        "METRICS__PORT": str(free_port()),
        "METRICS__TOKEN": "swordfish",
        "STOP__NOTICE": "0.5",
    }
    hub = HubProcess(tmp_path, **{f"CUELIGHT_HUB_{name}": value for name, value in settings.items()})
    try:
        hub.start()
        yield hub
    finally:
        hub.end()


async def test_requests_that_wait_are_answered_when_the_hub_stops(
    hub: HubProcess, session: aiohttp.ClientSession
) -> None:
    client = hub.client(session)
    first, second = [await make_device(client, serial) for serial in ("first", "second")]
    async with waiting(client, first) as poll:
        event = await queue(client, first)
        assert (await asyncio.wait_for(poll, 2)).json()[0]["key"] == event
    async with waiting(client, second) as poll:
        began, stopping = time.monotonic(), asyncio.ensure_future(asyncio.to_thread(hub.stop))
        await asyncio.sleep(0.2)
        not_ready = await client.send("GET", "/readyz")
        assert (not_ready.status, not_ready.json()["code"]) == (503, "not_ready")
        assert (await client.send("GET", "/healthz")).status == 200  # and whoever still asks is answered
        assert (await stopping, (await poll).json()) == (0, [])
        assert time.monotonic() - began < 5
    await asyncio.to_thread(hub.start)  # its keys and devices are still there
    assert len(await hub.client(session).json("GET", "/v1/device/list")) == 2


async def test_beyond_its_limits_a_hub_refuses(hub: HubProcess, session: aiohttp.ClientSession) -> None:
    client = hub.client(session)
    first, second = [await make_device(client, serial) for serial in ("first", "second")]
    async with waiting(client, first), waiting(client, first):
        answer = await client.call("POST", LONG_POLL, {"deviceID": first})
        assert (answer.status, answer.json()["code"]) == (429, "too_many_polls")
        assert "Retry-After" in answer.headers
        async with waiting(client, second):
            answer = await client.call("POST", LONG_POLL, {"deviceID": second})
            assert (answer.status, "this server" in answer.json()["detail"]) == (429, True)
    assert (await client.call("GET", "/v1/device/list", headers={"X-Long": "x" * 3000})).status == 400
    await session.close()
    host, port = hub.url.removeprefix("http://").split(":")
    held = [await asyncio.open_connection(host, int(port)) for _ in range(8)]
    try:
        async with aiohttp.ClientSession() as late, late.get(hub.url + "/healthz") as refused:
            assert (refused.status, (await refused.json(content_type=None))["code"]) == (429, "too_many_connections")
            assert "Retry-After" in refused.headers
    finally:
        for _, writer in held:
            writer.close()
            await writer.wait_closed()
    async with aiohttp.ClientSession() as again:
        statuses = [429]
        for _ in range(100):  # until the hub has noticed
            statuses.append((await again.get(hub.url + "/healthz")).status)
            if statuses[-1] == 200:
                break
            await asyncio.sleep(0.05)
        assert statuses[-1] == 200


async def test_figures_are_for_the_bearer_of_the_token(hub: HubProcess, session: aiohttp.ClientSession) -> None:
    url = f"http://127.0.0.1:{hub.environment['CUELIGHT_HUB_METRICS__PORT']}/metrics"
    async with session.get(hub.url + "/v1/event/12345678") as answer:
        assert answer.status == 401
    async with session.get(hub.url + "/no/such") as answer:
        assert answer.status == 404
    for headers in ({}, {"Authorization": "Bearer catfish"}):
        async with session.get(url, headers=headers) as answer:
            assert answer.status == 401
            assert "cuelight_" not in await answer.text()
    async with session.get(url, headers={"Authorization": "Bearer swordfish"}) as answer:
        text = await answer.text()
    assert 'cuelight_requests_total{method="GET",route="/v1/event/{key}",status="401"} 1' in text
    assert 'cuelight_requests_total{method="GET",route="none",status="404"} 1' in text
    async with session.get(hub.url + "/metrics") as answer:
        assert answer.status == 404  # not where devices ask


async def test_a_hub_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    certificate = await asyncio.to_thread(make_certificate, tmp_path)
    files = {"CUELIGHT_HUB_LISTEN__CERT": str(certificate), "CUELIGHT_HUB_LISTEN__KEY": str(certificate)}
    hub = HubProcess(tmp_path, **files)
    try:
        await asyncio.to_thread(hub.start)
        assert hub.url.startswith("https://127.0.0.1:")
        trusted = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusted)) as session:
            assert await hub.client(session).json("GET", "/v1/device/list") == []
    finally:
        hub.end()


async def test_a_replica_beside_a_newer_release_sends_requests_away(pair: Pair, session: aiohttp.ClientSession) -> None:
    client = pair.replicas[0].client(session)
    ours = pair.sql("SELECT version_num FROM alembic_version")
    pair.sql("UPDATE alembic_version SET version_num = '9999'")
    try:
        await asyncio.sleep(1.1)
        answer = await client.send("GET", "/readyz")
        assert (answer.status, "9999" in answer.json()["detail"]) == (503, True)
    finally:
        pair.sql(f"UPDATE alembic_version SET version_num = '{ours}'")
    await asyncio.sleep(1.1)
    assert (await client.send("GET", "/readyz")).status == 200


async def test_replicas_that_sweep_at_once_do_nothing_twice(postgres_server: PostgresServer) -> None:
    url, clock, events = postgres_server.database(), ManualClock(), 30
    databases = [await open_database(url) for _ in range(3)]
    try:
        replicas = [await build_services(database, clock, SEALER) for database in databases]
        device = await replicas[0].devices.create(INSIDE, DeviceRecord(serial_number="swept"))
        for _ in range(events):
            await replicas[0].events.create(INSIDE, CreateEvent(device_id=device.key, **STOP_FIELDS))
            taken = DequeueEvent(device_id=device.key, agent_type="Video")
            assert await replicas[0].events.dequeue(INSIDE, taken) is not None
        clock.advance(61)
        for _ in range(3):
            await asyncio.gather(*(replica.sweep() for replica in replicas))
        assert sum(replica.events.swept["lease"] for replica in replicas) == events
        assert len(await replicas[0].events.pending(device.key)) == events
    finally:
        for database in databases:
            await database.close()
