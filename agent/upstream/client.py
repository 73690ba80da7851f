"""Signed requests to a store that speaks the events API: a hub, or an agent's own."""

import json
import ssl
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import cast
from urllib.parse import urlsplit

import aiohttp

from agent.errors import UpstreamRefused, UpstreamUnreachable
from agent.upstream.backoff import REFUSED_KEY_SECONDS, Gate
from agent.upstream.credentials import Credentials, KeyPair
from agent.upstream.responses import Answer, date_of, problem_code, strange, time_there, wait_of
from agent.upstream.tls import prove, refusal
from agent.upstream.transport import CONNECT_TIMEOUT, CheckedResponse, Transport, why
from presets_store.clock import Clock, HearsDates
from presets_store.protocol.signing import sign_headers

__all__ = ["Answer", "SignedClient"]

REQUEST_TIMEOUT = 30.0
MAX_ANSWER = 4 * 1024 * 1024

NOT_LET_IN = frozenset({HTTPStatus.UNAUTHORIZED, 419})
"""The clock, or the key: nothing else is asked for until one of them is another."""
NONCE_USED = "nonce_used"
"""What another cuelight calls a request that it got before."""
LEAST_CORRECTION = 60.0
"""Seconds; a request that was signed nearer to the server's time was not refused for its time."""


class SignedClient:
    """One keep-alive session. `url` is the root, without a final slash; `timeout` (s) is that of a whole request.

    Clients of the same upstream share `credentials`, `transport` and `gate`: when it asks one of them to wait, or
    refuses the key, requests of all fail at once, without being sent, until the time is over or the key another.
    `own`: it is this process that answers, whose dates tell nothing new.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        clock: Clock,
        *,
        transport: Transport | None = None,
        gate: Gate | None = None,
        timeout: float = REQUEST_TIMEOUT,
        own: bool = False,
    ) -> None:
        self.url = url
        self.credentials = credentials
        self._clock = clock
        self._own = own
        self._transport = transport or Transport(url, clock)
        self._gate = gate or Gate(clock)
        self._session = self._transport.session(aiohttp.ClientTimeout(total=timeout, connect=CONNECT_TIMEOUT))

    @property
    def shown_url(self) -> str:
        """The address without credentials, for people."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"

    async def request(
        self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request to `path` (no query), with further `headers`, which are not signed.

        A refusal of the signature is met once by signing anew, where the pair, the time or the nonce may be the reason.
        Raises UpstreamUnreachable, UpstreamRefused (any status that is no success, nor 304, for which a header asks).
        """
        self._gate.check()
        text = "" if body is None else json.dumps(body)
        pair, moment = self.credentials.current, self._clock.now()
        known = self._clock.quality().trusted
        answer = await self._send(method, path, text, headers, pair, moment)
        if answer.status in NOT_LET_IN:
            better = self._better(answer, pair, moment, known)
            if better is not None:
                answer = await self._send(method, path, text, headers, *better)
        if 200 <= answer.status < 300 or answer.status == HTTPStatus.NOT_MODIFIED:
            return answer
        raise self._refused(answer)

    async def close(self) -> None:
        """Closes the session."""
        await self._session.close()

    def _better(self, answer: Answer, pair: KeyPair, moment: float, known: bool) -> tuple[KeyPair, float] | None:
        """What to sign with instead, if that may help; `known`: the time was, as the request was signed."""
        there = time_there(answer, moment)
        off = 0.0 if known or there is None else there - moment
        if self.credentials.current is not pair or abs(off) >= LEAST_CORRECTION or _came_twice(answer):
            return self.credentials.current, moment + off
        return None

    def _refused(self, answer: Answer) -> UpstreamRefused:
        problem = problem_code(answer.body)
        refused = UpstreamRefused(url=self.shown_url, status=answer.status, text=answer.text, problem=problem)
        of_the_key = answer.status in NOT_LET_IN and not _came_twice(answer)
        refused.pause = max(answer.wait, REFUSED_KEY_SECONDS if of_the_key else 0.0)
        if refused.pause:
            self._gate.shut(refused)
        return refused

    async def _send(
        self, method: str, path: str, text: str, more: Mapping[str, str] | None, pair: KeyPair, moment: float
    ) -> Answer:
        async def signing(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
            """For each try: a PUT or GET on a connection that proves to be lost is sent again by aiohttp itself."""
            request.headers.update(_signed(method, path, text, pair, moment))
            return await handler(request)

        began = self._clock.monotonic()
        try:
            async with self._session.request(
                method,
                self.url + path,
                data=text.encode() or None,
                headers={**({"Content-Type": "application/json"} if text else {}), **(more or {})},
                allow_redirects=False,
                middlewares=(signing,),
                ssl=await self._transport.tls(self.url, proves=True),
            ) as response:
                self._believe(cast("CheckedResponse", response), began)
                return await self._answer(response)
        except (TimeoutError, aiohttp.ClientError, ValueError) as error:  # the last: a certificate, or no possible host
            self._transport.forget()  # a server that wants another certificate of ours need not say so
            raise self._unreachable(why(error)) from error

    def _believe(self, response: CheckedResponse, began: float) -> None:
        """Takes the answer's Date, once it is certain whose answer it is.

        Raises UpstreamUnreachable, SSLCertVerificationError.
        """
        asked = response.status == HTTPStatus.NOT_MODIFIED and "If-None-Match" in response.request_info.headers
        problem = strange(response.status, response.content_type, response.headers.get("Location", ""))
        if problem and not asked:
            raise self._unreachable(problem)
        date = date_of(response.headers.get("Date", ""))
        if self.url.startswith("https:"):
            try:
                self._prove(response, date)
            except ssl.SSLCertVerificationError:
                response.close()
                raise
        if date is not None and isinstance(self._clock, HearsDates) and not self._own:
            self._clock.heard(date, self._clock.monotonic() - began)

    def _prove(self, response: CheckedResponse, date: float | None) -> None:
        """Checks what could not be checked in the handshake. Raises SSLCertVerificationError."""
        if response.tls is None:
            raise refusal("its connection has no certificate")
        if response.tls.proven:
            return
        moment = self._clock.now() if self._clock.quality().trusted else date
        if moment is None:
            raise refusal("the time is not known, and its answer has no Date to check its certificate by")
        prove(response.tls, moment)

    async def _answer(self, response: aiohttp.ClientResponse) -> Answer:
        body = await response.content.read(MAX_ANSWER + 1)
        while not response.content.at_eof() and len(body) <= MAX_ANSWER:
            body += await response.content.read(MAX_ANSWER + 1 - len(body))
        if len(body) > MAX_ANSWER:
            raise self._unreachable(f"the answer is larger than {MAX_ANSWER} bytes")
        date = date_of(response.headers.get("Date", ""))
        wait = wait_of(response.headers.get("Retry-After", ""), date, self._clock.now())
        return Answer(response.status, body, date, wait, response.headers.get("ETag", ""))

    def _unreachable(self, reason: str) -> UpstreamUnreachable:
        return UpstreamUnreachable(url=self.shown_url, reason=reason)


def _came_twice(answer: Answer) -> bool:
    """Whether somebody on the way has sent our request a second time, and this is the answer to that."""
    return problem_code(answer.body) == NONCE_USED


def _signed(method: str, path: str, text: str, pair: KeyPair, moment: float) -> dict[str, str]:
    """The headers of a request that was never sent before."""
    return sign_headers(
        secret=pair.secret,
        access_key=pair.access_key,
        method=method,
        path=path,
        parameters={},
        body=text,
        nonce=str(uuid.uuid4()),
        timestamp=max(0, int(moment)),
    )
