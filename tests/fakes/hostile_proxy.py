"""A hostile network between a client and a server on loopback: real connections, real bytes, planned troubles."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Self

from fakes.hostile_plan import Choose, Fault, Trouble
from fakes.http_framing import Message, read_answer, read_request

PAGE = b"<!doctype html><title>Welcome</title><p>Please accept our terms to use this network."
PIECES = 20
"""Of an answer that trickles."""
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: what is closed is reset."""
LONGEST_MESSAGE = 1 << 26


@dataclass(frozen=True, slots=True)
class Repeat:
    """What the server said to a request and to the same bytes again; 0 is no answer."""

    method: str
    path: str
    first: int
    second: int


class HostileProxy:
    """`async with HostileProxy(choose) as proxy`: listens on `.port`; `target` is the port that it passes on to.

    `choose` tells the fault of each request. `met` counts the troubles, `repeats` are the requests that went twice.
    With `tls` the client's side is encrypted.
    """

    def __init__(self, choose: Choose, *, target: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.target = target
        self.met: Counter[str] = Counter()
        self.repeats: list[Repeat] = []
        self._choose = choose
        self._tls = tls
        self.port = 0
        self._server: asyncio.Server | None = None
        self._near: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await self._listen(self._tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop_listening()
        for task in self._tasks:
            task.cancel()
        # Not cancelled: their connections are over, and a server of asyncio makes noise about cancelled handlers.
        await asyncio.gather(*self._tasks, *self._serving, return_exceptions=True)

    async def refuse(self, seconds: float) -> None:
        """All connections are lost, and new ones refused for a while."""
        self.met["refused"] += 1
        self._stop_listening()
        await asyncio.sleep(seconds)
        await self._listen(self._tls)

    async def impersonate(self, tls: ssl.SSLContext, seconds: float) -> None:
        """All connections are lost; for a while new ones meet another certificate."""
        self.met["other certificate"] += 1
        self._stop_listening()
        await self._listen(tls)
        await asyncio.sleep(seconds)
        self._stop_listening()
        await self._listen(self._tls)

    async def _listen(self, tls: ssl.SSLContext | None) -> None:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, ssl=tls, limit=LONGEST_MESSAGE, reuse_address=True
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def _stop_listening(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._near):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Reads on while requests are worked on: so it is seen when the client goes."""
        requests: asyncio.Queue[Message] = asyncio.Queue()
        self._near.add(writer)
        _keep(self._serving, asyncio.current_task())
        working = self._start(self._work(requests, writer))
        try:
            while (request := await read_request(reader)) is not None:
                requests.put_nowait(request)
        except (OSError, asyncio.IncompleteReadError):  # the client is gone, or was cut off
            pass
        finally:
            working.cancel()
            self._near.discard(writer)
            writer.close()

    async def _work(self, requests: "asyncio.Queue[Message]", writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):  # the server is gone, or the client
            while True:
                request = await requests.get()
                fault = self._choose(request)
                self.met[fault.trouble] += 1
                if not await self._exchange(request, fault, writer):
                    break
        await _lose(writer, reset=False)

    async def _exchange(self, request: Message, fault: Fault, writer: asyncio.StreamWriter) -> bool:
        """One request; whether the connection lives on."""
        match fault.trouble:
            case Trouble.CUT_REQUEST:
                await self._pass_on(request.raw[: _cut(request, fault)], fault)
            case Trouble.LATE_REQUEST:
                self._start(self._deliver_late(request, fault.seconds))
            case Trouble.SILENT_REQUEST:
                await asyncio.Event().wait()
            case Trouble.OWN_500 | Trouble.OWN_502 | Trouble.PORTAL_PAGE | Trouble.PORTAL_REDIRECT:
                return await _send(writer, own_answer(fault.trouble, request))
            case _:
                return await self._answered(request, fault, writer)
        await _lose(writer, reset=fault.reset)
        return False

    async def _answered(self, request: Message, fault: Fault, writer: asyncio.StreamWriter) -> bool:
        """The troubles of a request that the server answers."""
        if fault.trouble is Trouble.DELAY:
            await asyncio.sleep(fault.seconds)
        answer = await self._ask(request)
        match fault.trouble:
            case Trouble.TWICE:
                await self._repeat(request, answer)
            case Trouble.HELD:
                await asyncio.sleep(fault.seconds)
            case Trouble.TRICKLE:
                return await _trickle(writer, answer.raw, fault.seconds)
            case Trouble.REPLACED:
                return await _send(writer, own_answer(fault.trouble, request))
            case Trouble.SILENT_ANSWER:
                await asyncio.Event().wait()
            case Trouble.CUT_ANSWER:
                await _send(writer, answer.raw[: _cut(answer, fault)])
                await _lose(writer, reset=fault.reset)
                return False
        return await _send(writer, answer.raw)

    async def _ask(self, request: Message) -> Message:
        """The server's answer, over a connection of its own. Raises OSError, IncompleteReadError."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.target, limit=LONGEST_MESSAGE)
        try:
            writer.write(request.raw)
            await writer.drain()
            return await read_answer(reader, request)
        finally:
            writer.transport.abort()

    async def _pass_on(self, part: bytes, fault: Fault) -> None:
        """Part of a request, after which its sender is gone."""
        _, writer = await asyncio.open_connection("127.0.0.1", self.target)
        await _send(writer, part)
        await _lose(writer, reset=fault.reset)

    async def _deliver_late(self, request: Message, seconds: float) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):  # the server is down by then
            await asyncio.sleep(seconds)
            await self._ask(request)

    async def _repeat(self, request: Message, answer: Message) -> None:
        method, path, _ = request.words
        try:
            second = (await self._ask(request)).status
        except (OSError, asyncio.IncompleteReadError):  # the server was killed just now
            second = 0
        self.repeats.append(Repeat(method, path, answer.status, second))

    def _start(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        _keep(self._tasks, task)
        return task


def _keep(tasks: "set[asyncio.Task[None]]", task: "asyncio.Task[None] | None") -> None:
    """Until it is done."""
    assert task is not None
    tasks.add(task)
    task.add_done_callback(tasks.discard)


def own_answer(trouble: Trouble, request: Message) -> bytes:
    """What something between client and server says by itself."""
    match trouble:
        case Trouble.PORTAL_PAGE:
            first, body = "200 OK\r\nContent-Type: text/html", PAGE
        case Trouble.PORTAL_REDIRECT:
            first, body = "302 Found\r\nLocation: http://127.0.0.1:9/welcome\r\nContent-Type: text/html", PAGE
        case Trouble.OWN_500:
            first, body = "500 Internal Server Error\r\nContent-Type: text/plain", b"out of order"
        case _:
            first, body = "502 Bad Gateway\r\nContent-Type: text/html", b"<h1>502 Bad Gateway</h1>"
    head = f"HTTP/1.1 {first}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    return head if request.words[0] == "HEAD" else head + body


def _cut(message: Message, fault: Fault) -> int:
    """How many of its bytes get through: never all."""
    return min(len(message.raw) - 1, int(fault.share * len(message.raw)))


async def _send(writer: asyncio.StreamWriter, data: bytes) -> bool:
    writer.write(data)
    await writer.drain()
    return True


async def _trickle(writer: asyncio.StreamWriter, data: bytes, seconds: float) -> bool:
    pieces = min(PIECES, len(data))
    for number in range(pieces):
        await asyncio.sleep(seconds / pieces)
        await _send(writer, data[number * len(data) // pieces : (number + 1) * len(data) // pieces])
    return True


async def _lose(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    """Ends the connection: in order, or with a reset."""
    connection: socket.socket | None = writer.get_extra_info("socket")
    if reset and connection is not None and not writer.transport.is_closing():
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        writer.transport.abort()
    writer.close()
