"""Signed requests to a store that speaks the events API: a hub, or an agent's own."""

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from agent.errors import UpstreamRefused, UpstreamUnreachable
from presets_store.clock import Clock
from presets_store.errors import PROBLEM_TYPE
from presets_store.protocol.signing import sign_headers

REQUEST_TIMEOUT = 30.0
CONNECT_TIMEOUT = 10.0
MAX_ANSWER = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body of a response; `json()` of an empty body is None."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The parsed body."""
        return json.loads(self.body) if self.body.strip() else None


class SignedClient:
    """One keep-alive session. `url` is the root, without a final slash; `timeout` (s) is that of a whole request."""

    def __init__(
        self, url: str, access_key: str, secret_key: str, clock: Clock, *, timeout: float = REQUEST_TIMEOUT
    ) -> None:
        self.url = url
        self._access_key = access_key
        self._secret_key = secret_key
        self._clock = clock
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=timeout, connect=CONNECT_TIMEOUT),
            headers={"User-Agent": "cuelight"},
        )

    @property
    def shown_url(self) -> str:
        """The address without credentials, for people."""
        return _shown(self.url)

    async def request(
        self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request to `path` (no query), with further `headers`, which are not signed.

        Raises UpstreamUnreachable, UpstreamRefused (any status but 200).
        """
        text = "" if body is None else json.dumps(body)
        signed = sign_headers(
            secret=self._secret_key,
            access_key=self._access_key,
            method=method,
            path=path,
            parameters={},
            body=text,
            nonce=str(uuid.uuid4()),
            timestamp=int(self._clock.now()),
        )
        if text:
            signed["Content-Type"] = "application/json"
        try:
            async with self._session.request(
                method,
                self.url + path,
                data=text.encode() or None,
                headers={**signed, **(headers or {})},
                allow_redirects=False,
            ) as response:
                answer = Answer(response.status, await _bounded(response, self.url))
        except (TimeoutError, aiohttp.ClientError, ValueError) as error:  # the last: no possible host, or header
            raise UpstreamUnreachable(url=self.shown_url, reason=_reason(error)) from error
        if answer.status != 200:
            text = answer.body[:300].decode("utf-8", "replace")
            problem = problem_code(answer.body)
            raise UpstreamRefused(url=self.shown_url, status=answer.status, text=text, problem=problem)
        return answer

    async def close(self) -> None:
        """Closes the session."""
        await self._session.close()


def _reason(error: Exception) -> str:
    """Why there was no answer, without the address, which is told anyway."""
    number = error.os_error.errno if isinstance(error, aiohttp.ClientConnectorError) else None
    return os.strerror(number) if number and number > 0 else str(error) or type(error).__name__


def problem_code(body: bytes) -> str:
    """The code of a problem document as our own stores write it; empty for any other body."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    kind = document.get("type") if isinstance(document, dict) else None
    return kind.removeprefix(PROBLEM_TYPE) if isinstance(kind, str) and kind.startswith(PROBLEM_TYPE) else ""


async def _bounded(response: aiohttp.ClientResponse, url: str) -> bytes:
    """The whole body. Raises UpstreamUnreachable when it is larger than any answer of ours may be."""
    body = await response.content.read(MAX_ANSWER + 1)
    while not response.content.at_eof() and len(body) <= MAX_ANSWER:
        body += await response.content.read(MAX_ANSWER + 1 - len(body))
    if len(body) > MAX_ANSWER:
        raise UpstreamUnreachable(url=_shown(url), reason=f"the answer is larger than {MAX_ANSWER} bytes")
    return body


def _shown(url: str) -> str:
    """The address without credentials."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"
