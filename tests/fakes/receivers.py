"""Far ends of notifications on loopback: an SMTP server and an HTTP server that keep what they are sent."""

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage

from aiohttp import web

LONGEST_MESSAGE = 16 * 1024 * 1024


@dataclass
class SmtpReceiver:
    """`refuse`: answered to each message instead of taking it. A message waits while `go_on` is not set."""

    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    refuse: str = ""
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, to: str = "guard@site.example") -> str:
        """An Apprise URL that leads here."""
        return f"mailto://cam:hunter2hunter2@127.0.0.1:{self.port}?from=cam@site.example&to={to}&mode=insecure"

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(text: str) -> None:
            writer.write(text.encode() + b"\r\n")
            await writer.drain()

        try:
            await say("220 receiver")
            while line := (await reader.readline()).decode().strip():
                verb = line.split()[0].upper()
                if verb == "EHLO":
                    await say("250-receiver\r\n250 AUTH PLAIN LOGIN")
                elif verb == "AUTH":
                    await say("235 welcome")
                elif verb == "DATA":
                    await say("354 go on")
                    await self._take(await reader.readuntil(b"\r\n.\r\n"), say)
                elif verb == "QUIT":
                    await say("221 bye")
                    break
                else:
                    await say("250 fine")
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # who talks to us was killed
        finally:
            writer.close()

    async def _take(self, data: bytes, say: Callable[[str], Awaitable[None]]) -> None:
        self.arrived.set()
        await self.go_on.wait()
        if self.refuse:
            await say(self.refuse)
            return
        message = email.message_from_bytes(data[:-5], policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        await say("250 taken")


@asynccontextmanager
async def smtp_receiver() -> AsyncIterator[SmtpReceiver]:
    receiver = SmtpReceiver()
    receiver.go_on.set()
    server = await asyncio.start_server(receiver.converse, "127.0.0.1", 0, limit=LONGEST_MESSAGE)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        receiver.go_on.set()
        server.close()


@dataclass
class HttpReceiver:
    """Answers with `answers`, one after the other, then always with the last. `requests`: headers and body of each."""

    url: str = ""
    answers: list[web.Response] = field(default_factory=list)
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.requests.append((dict(request.headers), await request.read()))
        if not self.answers:
            return web.Response()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)


@asynccontextmanager
async def http_receiver(*answers: web.Response) -> AsyncIterator[HttpReceiver]:
    receiver = HttpReceiver(answers=list(answers))
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", receiver.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


def text_of(message: EmailMessage) -> str:
    """The first text part."""
    part = message.get_body(("plain", "html"))
    assert part is not None
    return str(part.get_content())


def picture_of(message: EmailMessage) -> bytes:
    """The attachment; b"" without one."""
    for part in message.iter_attachments():
        return bytes(part.get_payload(decode=True))
    return b""
