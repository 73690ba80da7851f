"""Attacks and slips: signatures, replays, clocks, bodies. Each refusal is a problem document, and no secret leaves."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from fakes.clock import ManualClock
from fakes.served_store import SEALER, SERIAL, Answer, ServedStore, SigningClient, served_store, until
from yarl import URL

from presets_store.api import ApiSettings, build_app, make_runner
from presets_store.clock import RELEASE_EPOCH, ClockQuality
from presets_store.services import build_services

EVENT = json.dumps({"deviceSerial": SERIAL, "eventType": "Video_Test_event"})


@pytest.fixture
def database_url() -> str:
    """One database system is enough here: nothing of this depends on it."""
    return ""


def refused(answer: Answer, status: int, code: str) -> dict[str, Any]:
    document: dict[str, Any] = answer.json()
    assert (answer.status, document["code"]) == (status, code), document
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert document["status"] == status
    assert "Date" in answer.headers
    return document


async def events(client: SigningClient) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = await client.json("POST", "/v1/event/list", {})
    return listed


async def test_unsigned_requests_are_refused(client: SigningClient) -> None:
    refused(await client.send("GET", "/v1/device/list"), 401, "signature_header_missing")
    refused(await client.send("POST", "/v1/testauth"), 401, "signature_header_missing")


async def test_wrong_key_secret_and_signature_are_refused(client: SigningClient) -> None:
    refused(await client.call("GET", "/v1/device/list", access_key="bm9ib2R5=="), 401, "not_authenticated")
    refused(await client.call("GET", "/v1/device/list", secret="guess"), 401, "signature_mismatch")
    headers = client.sign("GET", "/v1/device/list")
    other_nonce = {**headers, "X-Nonce": str(uuid.uuid4())}
    refused(await client.send("GET", "/v1/device/list", headers=other_nonce), 401, "signature_mismatch")
    refused(await client.send("GET", "/v1/agenttype/list", headers=headers), 401, "signature_mismatch")
    headers["Authorization"] = "Bearer x"
    refused(await client.send("GET", "/v1/device/list", headers=headers), 401, "signature_header_malformed")


async def test_a_changed_body_is_refused(client: SigningClient) -> None:
    headers = client.sign("POST", "/v1/event", EVENT)
    changed = EVENT.replace("Test_event", "Start_bars").encode()
    refused(await client.send("POST", "/v1/event", changed, headers), 401, "signature_mismatch")
    assert await events(client) == []


async def test_a_replayed_write_is_carried_out_once(client: SigningClient) -> None:
    headers = client.sign("POST", "/v1/event", EVENT)
    assert (await client.send("POST", "/v1/event", EVENT.encode(), headers)).status == 200
    refused(await client.send("POST", "/v1/event", EVENT.encode(), headers), 401, "nonce_used")
    refused(await client.send("POST", "/v1/event/", EVENT.encode(), headers), 401, "nonce_used")
    assert len(await events(client)) == 1


async def test_replays_at_the_same_moment_are_carried_out_once(client: SigningClient) -> None:
    headers = client.sign("POST", "/v1/event", EVENT)
    answers = await asyncio.gather(*(client.send("POST", "/v1/event", EVENT.encode(), headers) for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [200] + [401] * 7
    assert len(await events(client)) == 1


async def test_a_replayed_read_is_refused_until_its_time_stamp_is_too_old(
    client: SigningClient, clock: ManualClock
) -> None:
    headers = client.sign("GET", "/v1/device/list")
    assert (await client.send("GET", "/v1/device/list", headers=headers)).status == 200
    refused(await client.send("GET", "/v1/device/list", headers=headers), 401, "nonce_used")
    clock.advance(299)
    refused(await client.send("GET", "/v1/device/list", headers=headers), 401, "nonce_used")
    clock.advance(400)
    refused(await client.send("GET", "/v1/device/list", headers=headers), 401, "timestamp_outside_window")


async def test_a_write_that_was_refused_cannot_be_replayed_after_a_restart(tmp_path: Path, clock: ManualClock) -> None:
    async with served_store(tmp_path, clock) as store:
        path = f"/v1/event/list/pending/{store.device + 1}"
        headers = store.client.sign("DELETE", path)
        refused(await store.client.send("DELETE", path, headers=headers), 404, "not_found")
        # A second server on the same database has none of the first one's memory.
        async with second_server(store) as root:
            await store.client.json("POST", "/v1/device", {"serialNumber": "now it exists"})
            url = URL(root + path)
            async with store.client.session.delete(url, headers=headers) as response:
                assert response.status == 401
                assert (await response.json(content_type=None))["code"] == "nonce_used"


def second_server(store: ServedStore) -> Any:
    class Second:
        async def __aenter__(self) -> str:
            services = await build_services(store.services.database, store.clock, SEALER, own_serial=SERIAL)
            self.runner = make_runner(build_app(services, store.clock, ApiSettings(version="2")))
            await self.runner.setup()
            await web.TCPSite(self.runner, "127.0.0.1", 0).start()
            return f"http://127.0.0.1:{self.runner.addresses[0][1]}"

        async def __aexit__(self, *_: object) -> None:
            await self.runner.cleanup()

    return Second()


@pytest.mark.parametrize(("skew", "direction"), [(-301, "behind"), (301, "ahead of")])
async def test_time_stamps_outside_the_window_say_by_how_much(
    client: SigningClient, clock: ManualClock, skew: int, direction: str
) -> None:
    answer = await client.call("GET", "/v1/device/list", timestamp=int(clock.now()) + skew)
    detail = refused(answer, 401, "timestamp_outside_window")["detail"]
    assert f"{abs(skew)} s {direction}" in detail
    assert answer.headers["Date"] == "Mon, 23 Nov 2026 01:00:00 GMT"
    assert (await client.call("GET", "/v1/device/list", timestamp=int(clock.now()) + skew // 301 * 299)).status == 200


async def test_a_device_without_time_takes_any_time_stamp_above_its_floor_but_no_nonce_twice(tmp_path: Path) -> None:
    clock = ManualClock(RELEASE_EPOCH + 60, ClockQuality.FLOOR)
    async with served_store(tmp_path, clock, device_clock=True) as store:
        client = store.client
        headers = client.sign("GET", "/v1/device/list", timestamp=int(RELEASE_EPOCH + 9_999_999))
        assert (await client.send("GET", "/v1/device/list", headers=headers)).status == 200
        clock.advance(100_000)
        refused(await client.send("GET", "/v1/device/list", headers=headers), 401, "nonce_used")
        below = await client.call("GET", "/v1/device/list", timestamp=int(RELEASE_EPOCH) - 5)
        refused(below, 401, "timestamp_below_floor")
        clock.declared = ClockQuality.SYNCHRONISED
        far = await client.call("GET", "/v1/device/list", timestamp=int(RELEASE_EPOCH + 9_999_999))
        refused(far, 401, "timestamp_outside_window")


@pytest.mark.parametrize(
    "target",
    [
        "/v1/clip/list?device=1&device=2",
        "/v1/clip/list?device=1%0AX-Nonce:%20a",
        "/v1/clip/list?%0A=1",
        "/v1/clip/list?device=%ff",
        "/v1/clip/../device/list",
        "/v1/device/%00",
    ],
)
async def test_ambiguous_targets_are_refused_even_when_signed(client: SigningClient, target: str) -> None:
    path = target.partition("?")[0]
    headers = client.sign("GET", path, query={"device": "1"})
    answer = await client.send("GET", target, headers=headers)
    assert answer.status in (401, 404)
    assert answer.headers["Content-Type"].startswith("application/problem+json")


async def test_a_body_cannot_pass_for_a_query(client: SigningClient) -> None:
    """An empty body with a parameter named like the body signs the same text (events-api.md section 2.5)."""
    headers = client.sign("POST", "/v1/event", EVENT)
    answer = await client.send("POST", f"/v1/event?%0A{EVENT[:-1].replace(' ', '%20')}=", b"", headers)
    assert answer.status == 401


async def test_repeated_signature_headers_are_refused(client: SigningClient) -> None:
    headers = [*client.sign("GET", "/v1/device/list").items(), ("X-Nonce", str(uuid.uuid4()))]
    async with client.session.get(client.root + "/v1/device/list", headers=headers) as response:
        assert response.status == 401


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[1]",
        b'"text"',
        b"nonsense",
        b'{"deviceID": 1e999}',
        b'{"deviceID": NaN}',
        b'{"deviceID": 1' + b"0" * 5000 + b"}",
        b'{"a": ' * 3000 + b"1" + b"}" * 3000,
        b'{"eventType": "\\ud800", "deviceID": 1}',
        b'{"eventType": "\\u0000", "deviceID": 1}',
        b'{"deviceID": 99999999999999999999, "eventTypeID": 1}',
    ],
)
async def test_malformed_json_is_a_400(client: SigningClient, body: bytes) -> None:
    answer = await client.call("POST", "/v1/event", body.decode())
    assert answer.status == 400, answer.body
    assert answer.json()["detail"]
    assert await events(client) == []


async def test_headers_of_our_own_agent_are_bounded(client: SigningClient) -> None:
    key = (await client.json("POST", "/v1/event", EVENT))["eventID"]
    for value in ("x" * 129, "ü"):
        answer = await client.call("PUT", f"/v1/event/{key}", {"eventStatus": 3}, headers={"X-Boot-ID": value})
        refused(answer, 400, "invalid_header")


async def test_a_body_that_is_not_utf8_is_refused(client: SigningClient) -> None:
    headers = client.sign("POST", "/v1/event", "x")
    refused(await client.send("POST", "/v1/event", b'{"a": "\xff"}', headers), 401, "body_not_text")


async def test_a_body_may_have_one_mebibyte(client: SigningClient) -> None:
    head, limit = '{"deviceSerial": "10001234", "eventType": "Video_Test_event", "pad": "', 1024 * 1024
    fits = head + "x" * (limit - len(head) - 2) + '"}'
    assert (await client.call("POST", "/v1/event", fits)).status == 200
    refused(await client.call("POST", "/v1/event", fits + " "), 413, "body_too_large")
    url, headers = client.root + "/v1/event", client.sign("POST", "/v1/event", fits)
    async with client.session.post(url, data=_endless(), headers=headers) as response:
        assert response.status == 413


async def _endless() -> AsyncIterator[bytes]:
    """A body that does not say how long it is."""
    for _ in range(20):
        yield b" " * 65536


async def test_a_peer_that_keeps_its_body_back_is_let_go(tmp_path: Path, clock: ManualClock) -> None:
    async with served_store(tmp_path, clock, body_seconds=0.1) as store:
        signed = store.client.sign("POST", "/v1/event", EVENT)
        lines = ["POST /v1/event HTTP/1.1", "Host: x", f"Content-Length: {len(EVENT)}"]
        lines += [f"{name}: {value}" for name, value in signed.items()]
        url = URL(store.root)
        reader, writer = await asyncio.open_connection(url.host, url.port)
        writer.write("\r\n".join([*lines, "", EVENT[:5]]).encode())
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).decode()
        assert head.startswith("HTTP/1.1 408 ")
        assert "application/problem+json" in head
        assert "Connection: close" in head
        writer.close()
        await writer.wait_closed()
        assert await events(store.client) == []


async def test_unknown_routes_and_methods(client: SigningClient) -> None:
    refused(await client.send("GET", "/v1/nothing"), 404, "no_such_route")
    refused(await client.send("GET", "/"), 404, "no_such_route")
    refused(await client.call("GET", "/v1/event/" + "9" * 19), 404, "no_such_route")
    answer = await client.send("PATCH", "/v1/event/5")
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, PUT"


async def test_no_answer_and_no_log_holds_the_secret(client: SigningClient, caplog: pytest.LogCaptureFixture) -> None:
    secret = client.key.secret
    body = {"deviceSerial": f"srt://user:{secret}@host", "eventType": "Video_Test_event"}
    answers = [
        await client.call("POST", "/v1/event", body),
        await client.call("GET", "/v1/device/list", secret=secret[:-1]),
        await client.send("GET", f"/v1/device/list?token={secret}", headers=client.sign("GET", "/v1/device/list")),
    ]
    assert all(answer.status >= 400 for answer in answers)
    assert not any(secret.encode() in answer.body for answer in answers)
    assert secret not in caplog.text
    assert secret not in repr(client.key)


async def test_a_write_goes_on_when_its_client_goes(store: ServedStore) -> None:
    """The row is written either way; who waits for it must hear of it."""
    with store.services.wakeups.listening(store.device) as woken:
        request = asyncio.ensure_future(store.client.call("POST", "/v1/event", EVENT))
        await until(lambda: store.services.events._units._running)
        request.cancel()
        await asyncio.wait_for(woken.wait(), 2)
    assert len(await store.services.events.pending(store.device)) == 1


async def test_peers_on_the_unix_socket_are_trusted(store: ServedStore, tmp_path: Path) -> None:
    runner = make_runner(build_app(store.services, store.clock, ApiSettings(version="1")))
    await runner.setup()
    path = str(tmp_path / "api.sock")
    await web.UnixSite(runner, path).start()
    try:
        async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(path)) as session:
            async with session.post("http://local/v1/event", data=EVENT) as response:
                assert response.status == 200
            async with session.get("http://local/v1/clip/list?device=1&device=2") as response:
                assert response.status == 401
        assert [event.created_by for event in await store.services.events.pending(store.device)] == ["local"]
    finally:
        await runner.cleanup()
