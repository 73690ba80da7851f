"""Webhooks: one signed POST to an address that was checked, and no other.

The request carries `X-Cuelight-Delivery` (the same at each attempt), `X-Cuelight-Timestamp` (Unix seconds of this
attempt), `X-Cuelight-Skipped` (how many further deliveries were left out because too many waited) and, if the script
has a secret, `X-Cuelight-Signature`: `v1=` and the hexadecimal HMAC-SHA256, keyed with the secret, of
`<timestamp>.<delivery>.<body>`.
"""

import asyncio
import hashlib
import hmac
import socket
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from presets_store.delivery.children import Outcome
from presets_store.delivery.guard import AddressForbidden, AddressRules
from presets_store.delivery.urls import WebhookUnusable, check_webhook_url

SECONDS: Final = 15.0
LONGEST_WAIT: Final = 3600.0
_AGAIN: Final = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Call:
    """What is sent to a webhook; neither URL nor secret is printed by `repr`. `timestamp`: Unix seconds."""

    url: str
    secret: str
    delivery: str
    timestamp: int
    body: bytes
    skipped: int = 0

    def __repr__(self) -> str:
        return f"Call(delivery={self.delivery!r})"

    def headers(self) -> dict[str, str]:
        """Those of the request."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "cuelight",
            "X-Cuelight-Delivery": self.delivery,
            "X-Cuelight-Timestamp": str(self.timestamp),
            "X-Cuelight-Skipped": str(self.skipped),
        }
        if self.secret:
            headers["X-Cuelight-Signature"] = "v1=" + signature(self.secret, self.timestamp, self.delivery, self.body)
        return headers


def signature(secret: str, timestamp: int, delivery: str, body: bytes) -> str:
    """What a receiver compares: hexadecimal HMAC-SHA256."""
    return hmac.new(secret.encode(), f"{timestamp}.{delivery}.".encode() + body, hashlib.sha256).hexdigest()


async def post(call: Call, rules: AddressRules, seconds: float = SECONDS) -> Outcome:
    """One attempt; what goes wrong is told by its outcome. No redirect is followed, of the answer no body is read."""
    try:
        async with asyncio.timeout(seconds):
            return await _post(call, rules)
    except (WebhookUnusable, AddressForbidden) as refused:
        return Outcome(False, str(refused), final=True)
    except TimeoutError:
        return Outcome(False, f"no answer within {seconds:g} s")
    except OSError as error:
        return Outcome(False, error.strerror or type(error).__name__)
    except (aiohttp.ClientError, ValueError) as error:  # whose texts may have the URL
        return Outcome(False, f"the request failed: {type(error).__name__}")


async def _post(call: Call, rules: AddressRules) -> Outcome:
    check_webhook_url(call.url)
    url = URL(call.url)
    resolver = _Checked(await _addresses(url, rules))
    connector = aiohttp.TCPConnector(resolver=resolver, limit=1, force_close=True)
    async with (
        aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session,
        session.post(url, data=call.body, headers=call.headers(), allow_redirects=False) as response,
    ):
        return _outcome(response.status, response.headers.get("Retry-After", ""))


def _outcome(status: int, retry_after: str) -> Outcome:
    if 200 <= status < 300:
        return Outcome(True)
    again = status in _AGAIN or status >= 500
    wait = min(float(retry_after), LONGEST_WAIT) if again and retry_after.isascii() and retry_after.isdigit() else 0.0
    redirect = " (redirects are not followed)" if 300 <= status < 400 else ""
    return Outcome(False, f"it answered {status}{redirect}", final=not again, wait=wait)


async def _addresses(url: URL, rules: AddressRules) -> list[ResolveResult]:
    """All addresses of the URL's host. Raises AddressForbidden when one of them must not be asked."""
    loop = asyncio.get_running_loop()
    host, port = url.host or "", url.port or 0
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    for *_, address in found:
        rules.check(str(address[0]))
    return [
        ResolveResult(
            hostname=host,
            host=str(address[0]),
            port=port,
            family=family,
            proto=protocol,
            flags=socket.AI_NUMERICHOST,
        )
        for family, _, protocol, _, address in found
    ]


class _Checked(AbstractResolver):
    """Knows the addresses that were checked, so that the connection goes to one of them."""

    def __init__(self, addresses: list[ResolveResult]) -> None:
        self._addresses = addresses

    async def resolve(
        self,
        host: str,  # noqa: ARG002 - the one of the only request
        port: int = 0,  # noqa: ARG002
        family: socket.AddressFamily = socket.AF_UNSPEC,
    ) -> list[ResolveResult]:
        return [each for each in self._addresses if family in (socket.AF_UNSPEC, each["family"])]

    async def close(self) -> None:
        pass
