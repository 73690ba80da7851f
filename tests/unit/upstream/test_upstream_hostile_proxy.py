"""The hostile network of the tests: what it does to bytes is what it says."""

import asyncio
import random
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from fakes.hostile_plan import WEIGHTS, Fault, Plan, Trouble
from fakes.hostile_proxy import PAGE, HostileProxy, Repeat
from fakes.http_framing import Message, read_request
from fakes.tls_front import make_certificate

REQUEST = b"POST /v1/thing HTTP/1.1\r\nHost: there\r\nContent-Length: 4\r\n\r\nbody"
ANSWERS = {
    "sized": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n",
    "without body": b"HTTP/1.1 204 No Content\r\n\r\n",
    "empty": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
}
LONG = 30.0


class Server:
    """Answers every whole request with `answer`; `carried_out` are their bytes, `parts` what came of others."""

    def __init__(self) -> None:
        self.answer = ANSWERS["sized"]
        self.carried_out: list[bytes] = []
        self.parts: list[bytes] = []
        self.something = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await read_request(reader)) is not None:
                self.carried_out.append(request.raw)
                self.something.set()
                writer.write(self.answer)
                await writer.drain()
        except asyncio.IncompleteReadError as error:
            self.parts.append(error.partial)
            self.something.set()
        except OSError:
            pass
        finally:
            writer.close()


Place = tuple[HostileProxy, Server]


@asynccontextmanager
async def placed(*faults: Fault, tls: ssl.SSLContext | None = None) -> AsyncIterator[Place]:
    """A proxy that does so to the requests in turn, and nothing to those after them."""
    server, planned = Server(), iter(faults)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with asyncio.timeout(LONG), HostileProxy(lambda _: next(planned, Fault()), target=port, tls=tls) as proxy:
        yield proxy, server
    listening.close()


async def asked(proxy: HostileProxy, *requests: bytes, size: int = -1) -> bytes:
    """What came over one connection, until it ended or `size` bytes were there; b"reset" at the end for a reset."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    got = b""
    try:
        writer.write(b"".join(requests))
        while len(got) != size and (piece := await reader.read(1 << 16)):
            got += piece
    except ConnectionResetError:
        got += b"reset"
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    return got


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
async def test_what_meets_no_trouble_is_passed_on_as_it_is_over_one_connection(answer: bytes) -> None:
    chunks = b"PUT /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
    bare = b"GET /y HTTP/1.1\r\n\r\n"
    async with placed() as (proxy, server):
        server.answer = answer
        assert await asked(proxy, REQUEST, chunks, bare, size=3 * len(answer)) == 3 * answer
        assert server.carried_out == [REQUEST, chunks, bare]
        assert proxy.met == {"none": 3}


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 1.0])
async def test_a_request_is_cut_at_any_byte(share: float, reset: bool) -> None:
    async with placed(Fault(Trouble.CUT_REQUEST, share, reset=reset)) as (proxy, server):
        assert await asked(proxy, REQUEST) in (b"", b"reset")
        assert server.carried_out == []
        if share == 1.0 and not reset:
            await server.something.wait()
            assert server.parts == [b"bod"], "all came but the last byte"


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 1.0])
async def test_an_answer_is_cut_at_any_byte_after_the_request_was_carried_out(share: float, reset: bool) -> None:
    answer = ANSWERS["sized"]
    async with placed(Fault(Trouble.CUT_ANSWER, share, reset=reset)) as (proxy, server):
        got = (await asked(proxy, REQUEST)).removesuffix(b"reset")
        assert got == answer[: min(len(answer) - 1, int(share * len(answer)))] or (reset and answer.startswith(got))
        assert server.carried_out == [REQUEST]


@pytest.mark.parametrize("trouble", [Trouble.SILENT_REQUEST, Trouble.SILENT_ANSWER])
async def test_silence_lasts_until_the_client_goes(trouble: Trouble) -> None:
    async with placed(Fault(trouble)) as (proxy, server):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await asked(proxy, REQUEST)
        assert len(server.carried_out) == (trouble is Trouble.SILENT_ANSWER)
        assert await asked(proxy, REQUEST, size=len(server.answer)) == server.answer, "others are heard"


async def test_answers_come_out_of_order() -> None:
    async with placed(Fault(Trouble.HELD, seconds=0.3)) as (proxy, server):
        order: list[str] = []

        async def ask(name: str) -> None:
            assert await asked(proxy, REQUEST, size=len(server.answer)) == server.answer
            order.append(name)

        held = asyncio.create_task(ask("held"))
        await server.something.wait()
        await ask("later")
        await held
        assert order == ["later", "held"]


@pytest.mark.parametrize("trouble", [Trouble.DELAY, Trouble.TRICKLE])
async def test_what_is_slow_is_whole(trouble: Trouble) -> None:
    async with placed(Fault(trouble, seconds=0.2)) as (proxy, server):
        began = asyncio.get_running_loop().time()
        assert await asked(proxy, REQUEST, size=len(server.answer)) == server.answer
        assert asyncio.get_running_loop().time() - began >= 0.15


async def test_a_request_whose_sender_has_gone_is_carried_out_late() -> None:
    async with placed(Fault(Trouble.LATE_REQUEST, seconds=0.1)) as (proxy, server):
        assert await asked(proxy, REQUEST) in (b"", b"reset")
        assert server.carried_out == []
        await server.something.wait()
        assert server.carried_out == [REQUEST]


async def test_a_request_is_sent_twice_and_answered_once() -> None:
    async with placed(Fault(Trouble.TWICE)) as (proxy, server):
        assert await asked(proxy, REQUEST, size=len(server.answer)) == server.answer
        assert server.carried_out == [REQUEST, REQUEST]
        assert proxy.repeats == [Repeat("POST", "/v1/thing", 200, 200)]


@pytest.mark.parametrize(
    ("trouble", "status", "carried_out"),
    [
        (Trouble.OWN_500, 500, 0),
        (Trouble.OWN_502, 502, 0),
        (Trouble.REPLACED, 502, 1),
        (Trouble.PORTAL_PAGE, 200, 0),
        (Trouble.PORTAL_REDIRECT, 302, 0),
    ],
)
async def test_others_answer_instead_of_the_server(trouble: Trouble, status: int, carried_out: int) -> None:
    async with placed(Fault(trouble)) as (proxy, server):
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(REQUEST)
        head = await reader.readuntil(b"\r\n\r\n")
        answer = Message(head, await reader.readexactly(int(Message(head, b"").header("content-length"))))
        assert (answer.status, len(server.carried_out)) == (status, carried_out)
        assert (answer.body == PAGE) is trouble.name.startswith("PORTAL")
        writer.close()


async def test_connections_are_lost_and_refused_for_a_while() -> None:
    async with placed() as (proxy, server):
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(REQUEST)
        await reader.readexactly(len(server.answer))
        refusing = asyncio.create_task(proxy.refuse(0.2))
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", proxy.port)
        await refusing
        assert await asked(proxy, REQUEST, size=len(server.answer)) == server.answer
        writer.close()


async def test_another_certificate_is_shown_for_a_while(tmp_path: Path) -> None:
    contexts = []
    for name in ("own", "other"):
        folder = tmp_path / name
        folder.mkdir()
        contexts.append(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        contexts[-1].load_cert_chain(make_certificate(folder))
    trusting = ssl.create_default_context(cafile=str(tmp_path / "own" / "cert.pem"))

    async def answered(proxy: HostileProxy) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port, ssl=trusting)
        writer.write(REQUEST)
        answer = await reader.readexactly(len(ANSWERS["sized"]))
        writer.close()
        return answer

    async with placed(tls=contexts[0]) as (proxy, server):
        assert await answered(proxy) == server.answer
        other = asyncio.create_task(proxy.impersonate(contexts[1], 0.3))
        await asyncio.sleep(0.1)
        with pytest.raises(ssl.SSLCertVerificationError):
            await answered(proxy)
        await other
        assert await answered(proxy) == server.answer


async def test_a_server_that_is_not_there_looks_like_a_lost_connection() -> None:
    async with placed() as (proxy, _):
        proxy.target = 1
        assert await asked(proxy, REQUEST) in (b"", b"reset")


def test_a_plan_can_be_drawn_again_and_knows_every_trouble() -> None:
    request = Message(REQUEST, b"")

    def drawn() -> list[Fault]:
        plan = Plan(random.Random(7), rate=0.5, seconds=2.0)
        return [plan(request) for _ in range(2000)]

    faults = drawn()
    assert faults == drawn()
    assert {fault.trouble for fault in faults} == set(Trouble)
    assert set(WEIGHTS) == set(Trouble) - {Trouble.NONE}
    assert 900 < sum(fault.trouble is not Trouble.NONE for fault in faults) < 1100
    assert all(0 <= fault.seconds <= 2.0 and 0 <= fault.share < 1 for fault in faults)
