import asyncio
import hashlib
import hmac
import socket
from dataclasses import replace

import pytest
from aiohttp import web
from fakes.receivers import http_receiver
from fakes.telling import LOOPBACK

from presets_store.delivery.guard import AddressRules, rules_of
from presets_store.delivery.webhook import LONGEST_WAIT, Call, post

CALL = Call(url="", secret="s3cr3t", delivery="0199-d", timestamp=1_795_400_000, body=b'{"event": "motion"}', skipped=3)


async def test_it_is_signed_and_says_which_delivery_it_is() -> None:
    async with http_receiver() as far:
        assert (await post(replace(CALL, url=far.url), LOOPBACK)).sent
        ((headers, body),) = far.requests
    assert body == CALL.body
    expected = hmac.new(b"s3cr3t", b"1795400000.0199-d." + body, hashlib.sha256).hexdigest()
    assert headers["X-Cuelight-Signature"] == f"v1={expected}"
    assert headers["X-Cuelight-Delivery"] == "0199-d"
    assert headers["X-Cuelight-Timestamp"] == "1795400000"
    assert headers["X-Cuelight-Skipped"] == "3"
    assert headers["Content-Type"] == "application/json"


async def test_without_a_secret_there_is_no_signature() -> None:
    async with http_receiver() as far:
        await post(replace(CALL, url=far.url, secret=""), LOOPBACK)
        assert "X-Cuelight-Signature" not in far.requests[0][0]


@pytest.mark.parametrize(
    ("status", "headers", "sent", "final", "wait"),
    [
        (200, {}, True, False, 0.0),
        (204, {}, True, False, 0.0),
        (302, {"Location": "/elsewhere"}, False, True, 0.0),
        (400, {"Retry-After": "7"}, False, True, 0.0),
        (404, {}, False, True, 0.0),
        (408, {}, False, False, 0.0),
        (429, {"Retry-After": "7"}, False, False, 7.0),
        (500, {"Retry-After": "soon"}, False, False, 0.0),
        (503, {"Retry-After": "999999999"}, False, False, LONGEST_WAIT),
    ],
)
async def test_what_an_answer_means(status: int, headers: dict[str, str], sent: bool, final: bool, wait: float) -> None:
    async with http_receiver(web.Response(status=status, headers=headers)) as far:
        outcome = await post(replace(CALL, url=far.url), LOOPBACK)
        assert (outcome.sent, outcome.final, outcome.wait) == (sent, final, wait)
        assert len(far.requests) == 1  # nor was a redirect followed
    assert sent or str(status) in outcome.reason


async def test_a_large_answer_is_not_read() -> None:
    async with http_receiver(web.Response(body=b"x" * 50_000_000)) as far:
        assert (await post(replace(CALL, url=far.url), LOOPBACK)).sent


async def test_who_does_not_answer_is_given_up_and_tried_again() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    outcome = await post(replace(CALL, url=f"http://127.0.0.1:{port}/"), LOOPBACK, seconds=0.2)
    server.close()
    assert (outcome.sent, outcome.final, outcome.reason) == (False, False, "no answer within 0.2 s")
    refused = await post(replace(CALL, url=f"http://127.0.0.1:{port}/"), LOOPBACK)
    assert (refused.sent, refused.final) == (False, False)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "user@127.0.0.1", "0"]
)
async def test_a_forbidden_address_is_never_asked(host: str) -> None:
    async with http_receiver() as far:
        port = far.url.rsplit(":", 1)[1]
        outcome = await post(replace(CALL, url=f"http://{host}:{port}"), AddressRules())
        assert far.requests == []
    assert (outcome.sent, outcome.final) == (False, True)
    assert "must not be asked" in outcome.reason


async def test_one_forbidden_address_of_several_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    async with http_receiver() as far:
        port = int(far.url.rsplit(":", 1)[1].split("/")[0])
        told(monkeypatch, [["127.0.0.1", "169.254.169.254"]])
        outcome = await post(replace(CALL, url=f"http://far.example:{port}/"), LOOPBACK)
        assert far.requests == []
    assert "169.254.169.254" in outcome.reason


async def test_a_name_that_changes_its_address_is_asked_at_the_one_that_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with http_receiver() as far:
        port = int(far.url.rsplit(":", 1)[1].split("/")[0])
        answers = [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]]
        told(monkeypatch, answers)
        rules = rules_of([], ["127.0.0.1/32"])
        assert (await post(replace(CALL, url=f"http://far.example:{port}/"), rules)).sent
        assert len(far.requests) == 1
        assert len(answers) == 2  # it was looked up once
        assert far.requests[0][0]["Host"] == f"far.example:{port}"


def told(monkeypatch: pytest.MonkeyPatch, answers: list[list[str]]) -> None:
    """Has the name server say so, one after the other."""

    def resolve(_host: str, port: int, *_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in answers.pop(0)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def test_nothing_secret_is_printed() -> None:
    assert repr(replace(CALL, url="https://a.example/secret")) == "Call(delivery='0199-d')"
