"""What a hub has to tell survives it: killed at any point, it tells once it is back."""

import asyncio
from pathlib import Path

import aiohttp
from fakes.hub_process import HubProcess
from fakes.postgres import PostgresServer
from fakes.receivers import smtp_receiver
from fakes.telling import until

LOOPBACK = {"CUELIGHT_HUB_DELIVERY__ALLOWED": '["127.0.0.0/8"]'}
SCRIPT = {"title": "Yard", "event_id": 42, "users": [1], "status": "active", "cameras": None}


async def test_a_message_outlives_a_kill_while_it_is_being_sent(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path, **LOOPBACK)
    try:
        async with aiohttp.ClientSession() as session, smtp_receiver() as mail:
            mail.go_on.clear()
            await asyncio.to_thread(hub.start)
            client = hub.client(session)
            await client.json("POST", "/api/v1/channels", {"url": mail.url()})
            await _see(hub, session)
            await mail.arrived.wait()
            await asyncio.to_thread(hub.kill)
            assert mail.messages == []
            mail.arrived.clear()
            await asyncio.to_thread(hub.start)
            await mail.arrived.wait()  # again, from the new process
            mail.go_on.set()
            await until(lambda: mail.messages)
            await asyncio.to_thread(hub.stop)
        assert len(mail.messages) in (1, 2)  # the child of the killed hub may still be heard
        assert b"hunter2" not in await asyncio.to_thread(hub.log.read_bytes)
        assert b"hunter2" not in b"".join(await asyncio.to_thread(_kept, hub.state))
    finally:
        await asyncio.to_thread(hub.end)


async def test_two_replicas_tell_each_once(tmp_path: Path, postgres_server: PostgresServer) -> None:
    url = postgres_server.database()
    hubs = [HubProcess(tmp_path, url, name=name, **LOOPBACK) for name in ("one", "two")]
    try:
        async with aiohttp.ClientSession() as session, smtp_receiver() as mail:
            for hub in hubs:
                await asyncio.to_thread(hub.start)
            client = hubs[0].client(session)
            for number in range(3):
                to = f"guard{number}@site.example"
                await client.json("POST", "/api/v1/channels", {"url": mail.url(to)})
            await _see(hubs[0], session)
            await until(lambda: len(mail.messages) == 3)
            await asyncio.sleep(2.5)  # both have looked again
            assert sorted(message["To"] for message in mail.messages) == [f"guard{n}@site.example" for n in range(3)]
            for hub in hubs:
                assert await asyncio.to_thread(hub.stop) == 0
    finally:
        for hub in hubs:
            await asyncio.to_thread(hub.end)


async def _see(hub: HubProcess, session: aiohttp.ClientSession) -> None:
    """Has the only script fire, at the only camera."""
    client = hub.client(session)
    await client.json("POST", "/api/v1/scripts", SCRIPT)
    device = await client.json("POST", "/v1/device", {"serialNumber": "SN-1", "deviceName": "Yard"})
    camera = {"cameraIndex": 0, "cameraID": "yard", "name": "Yard"}
    declared = await client.call("POST", f"/v1/device/{device['key']}/cameras", [camera])
    assert declared.status == 200, declared
    answer = await client.call("POST", "/api/integration/v1/events", {"event": 42, "camera": "Yard"})
    assert answer.status == 202, answer
    assert [each["outcome"] for each in answer.json()["scripts"]] == ["fired"]


def _kept(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
