"""People and new devices at a real hub: from the key of the first start to a device that asks for itself."""

import asyncio
import base64
import ssl
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
from fakes.hub_process import HubProcess
from fakes.served_store import SigningClient
from fakes.tls_front import make_certificate

from presets_store.clock import SystemClock
from presets_store.services.people.keys import NewKey

PASSWORD = "correct horse battery"


async def test_from_the_first_key_to_a_device_of_ones_own(tmp_path: Path) -> None:
    certificate = await asyncio.to_thread(make_certificate, tmp_path)
    files = {"CUELIGHT_HUB_LISTEN__CERT": str(certificate), "CUELIGHT_HUB_LISTEN__KEY": str(certificate)}
    hub = HubProcess(tmp_path, CUELIGHT_HUB_SESSIONS__HOURS="1.5", **files)
    try:
        await asyncio.to_thread(hub.start)
        trusted = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusted)) as session:
            owner = hub.client(session)
            await owner.json("POST", "/v1/user", {"userName": "alice", "role": "admin", "password": PASSWORD})
            token = await signed_in(owner)
            shown = await by_session(owner, token, "GET", "/v1/session")
            began, ends = (datetime.fromisoformat(shown[name]) for name in ("creationDate", "expirationDate"))
            assert (ends - began).total_seconds() == 1.5 * 3600
            made = await by_session(owner, token, "POST", "/v1/enrolment", b"{}")
            body = f'{{"token": "{made["token"]}", "serialNumber": "77"}}'.encode()
            pair = (await owner.send("POST", "/v1/register/device", body)).json()
            key = NewKey(pair["accessKey"], pair["secretKey"])
            device = SigningClient(hub.url, key, SystemClock(trusted=True), session)
            assert [each["serialNumber"] for each in await device.json("GET", "/v1/device/list")] == ["77"]
    finally:
        hub.end()
    log = await asyncio.to_thread(hub.log.read_text)
    assert [secret for secret in (PASSWORD, token, made["token"], pair["secretKey"]) if secret in log] == []


async def signed_in(client: SigningClient) -> str:
    credentials = base64.b64encode(f"alice:{PASSWORD}".encode()).decode()
    answer = await client.send("POST", "/v1/session", headers={"Authorization": f"Basic {credentials}"})
    return str(answer.json()["sessionGuid"])


async def by_session(client: SigningClient, token: str, method: str, path: str, body: bytes | None = None) -> Any:
    answer = await client.send(method, path, body, headers={"Authorization": token})
    assert answer.status == 200, answer
    return answer.json()
