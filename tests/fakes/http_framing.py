"""Where an HTTP/1.1 message ends, and nothing else: its bytes are passed on as they came."""

import asyncio
from dataclasses import dataclass

LINE = b"\r\n"
END_OF_HEAD = b"\r\n\r\n"
WITHOUT_BODY = ("1", "204", "304")
"""What the status of an answer begins with that has no body."""


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer. `head` ends with its empty line; a `body` in chunks stays in chunks."""

    head: bytes
    body: bytes

    @property
    def raw(self) -> bytes:
        return self.head + self.body

    @property
    def words(self) -> list[str]:
        """Of the first line."""
        return self.head.partition(LINE)[0].decode("latin-1").split(" ", 2)

    @property
    def status(self) -> int:
        """Of an answer."""
        return int(self.words[1])

    def header(self, name: str) -> str:
        """The value of a header; empty without it."""
        for line in self.head.split(LINE)[1:]:
            found, _, value = line.decode("latin-1").partition(":")
            if found.casefold() == name.casefold():
                return value.strip()
        return ""


async def read_request(reader: asyncio.StreamReader) -> Message | None:
    """The next request; None at the end. Raises IncompleteReadError when it ends within one."""
    head = await _read_head(reader)
    if head is None:
        return None
    bare = Message(head, b"")
    return Message(head, await _read_sized(reader, bare) or b"")


async def read_answer(reader: asyncio.StreamReader, request: Message) -> Message:
    """The answer to `request`, those before the final one left out. Raises IncompleteReadError without a whole one."""
    while True:
        head = await _read_head(reader)
        if head is None:
            raise asyncio.IncompleteReadError(b"", None)
        bare = Message(head, b"")
        status = bare.words[1]
        if not status.startswith(WITHOUT_BODY) and request.words[0] != "HEAD":
            body = await _read_sized(reader, bare)
            return Message(head, await reader.read() if body is None else body)
        if not status.startswith("1"):
            return bare


async def _read_head(reader: asyncio.StreamReader) -> bytes | None:
    try:
        return await reader.readuntil(END_OF_HEAD)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None


async def _read_sized(reader: asyncio.StreamReader, bare: Message) -> bytes | None:
    """A body whose size is told; None when nothing tells it."""
    if "chunked" in bare.header("Transfer-Encoding").casefold():
        return await _read_chunks(reader)
    length = bare.header("Content-Length")
    return await reader.readexactly(int(length)) if length else None


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    raw = b""
    while True:
        line = await reader.readuntil(LINE)
        size = int(line.partition(b";")[0], 16)
        raw += line + await reader.readexactly(size + len(LINE))
        if size == 0:
            return raw
