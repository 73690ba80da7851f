"""Sends a file to an address that needs no signature of ours: from the start, or from where an earlier try ended."""

import asyncio
from collections.abc import AsyncIterator, Callable

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from agent.errors import UpstreamRefused, UpstreamUnreachable
from agent.upstream.responses import date_of, problem_code, strange, wait_of
from agent.upstream.transport import CONNECT_TIMEOUT, Transport, why
from agent.upstream.uploads.addresses import is_safe, shown
from agent.upstream.uploads.bucket import TokenBucket
from agent.upstream.uploads.reading import Reading, Source, require_whole
from presets_store.clock import Clock

SILENT_SECONDS = 60.0
"""How long the receiver of a file may take nothing and say nothing."""

OFFSET = "Upload-Offset"
"""The header in which a server of ours says how many bytes it has."""

OVER = frozenset({401, 403, 404, 410})
"""Answers of an address that is not good any more; another one is asked for."""

Progress = Callable[[float], None]
"""Hears how much of a file is there, 0 to 1."""


class Sender:
    """`asked_by`: who named the addresses, for people."""

    def __init__(self, transport: Transport, clock: Clock, bucket: TokenBucket, asked_by: str) -> None:
        self._transport = transport
        self._clock = clock
        self._bucket = bucket
        self._asked_by = asked_by
        self._session = transport.session(aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT))

    async def close(self) -> None:
        """Ends what is being sent."""
        await self._session.close()

    async def send(self, address: str, source: Source, progress: Progress, *, begun: bool) -> None:
        """All of the file is there when this returns. `begun`: an earlier try may have left a part of it there.

        Raises FileUnsendable, UpstreamUnreachable, UpstreamRefused.
        """
        await require_whole(source)
        if not is_safe(address):
            raise UpstreamUnreachable(
                url=self._asked_by, reason=f"it wants a file sent to {shown(address)}, without TLS"
            )
        offset = await self._offset_at(address, source.size) if begun else 0
        if offset < source.size or not source.size:
            await self._put(address, source, offset, progress)

    async def _offset_at(self, address: str, size: int) -> int:
        """How many bytes are there. A server that does not say, takes files from the start only."""
        status, headers, _ = await self._request("HEAD", address)
        said = headers.get(OFFSET, "")
        known = status == 200 and said.isdecimal() and len(said) < 19
        return int(said) if known and int(said) <= size else 0

    async def _put(self, address: str, source: Source, offset: int, progress: Progress) -> None:
        reading = Reading(source, offset, self._bucket, progress)
        headers = {"Content-Length": str(source.size - offset)}
        if offset:
            headers["Content-Range"] = f"bytes {offset}-{source.size - 1}/{source.size}"
        try:
            await reading.open()
            status, answered, body = await self._request("PUT", address, headers, reading)
        except UpstreamUnreachable:
            if reading.trouble is not None:
                raise reading.trouble from None
            raise
        finally:
            await reading.close()
        if not 200 <= status < 300:
            problem = problem_code(body)
            text = body[:300].decode("utf-8", "replace")
            refused = UpstreamRefused(url=shown(address), status=status, text=text, problem=problem)
            refused.pause = self._wait(answered)
            raise refused

    async def _request(
        self, method: str, address: str, headers: dict[str, str] | None = None, reading: Reading | None = None
    ) -> tuple[int, CIMultiDictProxy[str], bytes]:
        """Status, headers and the beginning of the body. Raises UpstreamUnreachable."""
        try:
            async with (
                asyncio.timeout(SILENT_SECONDS) as limit,
                self._session.request(
                    method,
                    URL(address, encoded=True),
                    data=None if reading is None else _watched(reading, limit),
                    headers=headers,
                    skip_auto_headers=("Content-Type",),
                    allow_redirects=False,
                    ssl=await self._transport.tls(address),
                ) as response,
            ):
                problem = strange(response.status, response.content_type, response.headers.get("Location", ""))
                if problem:
                    raise UpstreamUnreachable(url=shown(address), reason=problem)
                return response.status, response.headers, await response.content.read(4096)
        except (TimeoutError, aiohttp.ClientError, ValueError, OSError) as error:
            raise UpstreamUnreachable(url=shown(address), reason=why(error)) from error

    def _wait(self, headers: CIMultiDictProxy[str]) -> float:
        date = date_of(headers.get("Date", ""))
        return wait_of(headers.get("Retry-After", ""), date, self._clock.now())


async def _watched(reading: Reading, limit: asyncio.Timeout) -> AsyncIterator[bytes]:
    """The pieces; each that is taken moves the limit on."""
    async for piece in reading.pieces():
        yield piece
        limit.reschedule(asyncio.get_running_loop().time() + SILENT_SECONDS)
