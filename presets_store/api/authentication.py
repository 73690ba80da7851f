"""Who asks: signed requests over TCP, trusted peers on the Unix socket (whom its file permissions let in), links."""

import asyncio
import hashlib
import re
import socket
from collections.abc import Mapping

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from presets_store.api.documentation import Access
from presets_store.api.errors import InvalidIdempotencyKey, LocalOnly, SignatureHeaderRepeated
from presets_store.api.keys import CALLER, CLOCK, LINK_SECONDS, LINKS, NONCES, QUERY, SERVICES, SETTINGS
from presets_store.clock import micros
from presets_store.protocol.signing import check_timestamp, nonce_expiry, parse_query, read_headers, verify
from presets_store.services.caller import LOCAL, Caller, IdempotencyKey, Nonce
from presets_store.storage.nonces import UNTIL_REBOOT

LINK_TOKEN = "token"  # noqa: S105 - the name of one
"""The parameter of a query that holds a link's token."""

_SIGNATURE_HEADERS = ("Authorization", "X-AccessKey", "X-Nonce", "X-Timestamp", "X-Signature")
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_IDEMPOTENCY_SECONDS = 24 * 3600


def authenticate(accesses: Mapping[Handler, Access]) -> Middleware:
    """A middleware that gives every request its caller, or refuses it; `accesses` tells whom each handler answers."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        access = accesses.get(request.match_info.handler, Access.SIGNED)
        # An unknown route is no secret: its problem document needs no signature.
        if request.match_info.http_exception is not None or access is Access.ANYONE:
            return await handler(request)
        if _is_local(request):
            return await _as_local(request, handler)
        if access is Access.LINK and LINK_TOKEN in request.query:
            return await _by_link(request, handler)
        return await _as_signed(request, _refuse if access is Access.LOCAL else handler)

    return middleware


async def _refuse(_: web.Request) -> web.StreamResponse:
    raise LocalOnly


def _is_local(request: web.Request) -> bool:
    connection = request.transport.get_extra_info("socket") if request.transport else None
    return connection is not None and connection.family == socket.AF_UNIX


async def _as_local(request: web.Request, handler: Handler) -> web.StreamResponse:
    request[QUERY] = parse_query(request.raw_path.partition("?")[2])
    request[CALLER] = Caller(name=LOCAL, idempotency=_idempotency(request, await _body(request)))
    return await handler(request)


async def _by_link(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Such a request has no caller: it may look, and nothing else."""
    request[QUERY] = query = parse_query(request.raw_path.partition("?")[2])
    request[LINK_SECONDS] = request.app[LINKS].check(request.match_info["camera"], query.pop(LINK_TOKEN, ""))
    return await handler(request)


async def _as_signed(request: web.Request, handler: Handler) -> web.StreamResponse:
    for header in _SIGNATURE_HEADERS:
        if len(request.headers.getall(header, ())) > 1:
            raise SignatureHeaderRepeated(header=header)
    signed = read_headers(request.headers)
    secret = await request.app[SERVICES].keys.secret_of(signed.access_key)
    body = await _body(request)
    request[QUERY] = verify(secret, request.method, request.raw_path, signed, body)
    _check_time(request, signed.timestamp)
    request.app[SERVICES].keys.used(signed.access_key)
    nonce = _spend(request, signed.access_key, signed.nonce)
    request[CALLER] = Caller(name=signed.access_key, nonce=nonce, idempotency=_idempotency(request, body))
    try:
        return await handler(request)
    finally:
        if nonce.durable:
            request.app[NONCES].release((signed.access_key, signed.nonce))


async def _body(request: web.Request) -> bytes:
    """The body, which handlers then find read. Who sends it too slowly must not hold a connection for ever."""
    try:
        async with asyncio.timeout(request.app[SETTINGS].body_seconds):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None


def _check_time(request: web.Request, timestamp: str) -> None:
    clock, settings = request.app[CLOCK], request.app[SETTINGS]
    check_timestamp(
        timestamp,
        clock.now(),
        quality=clock.quality(),
        floor=settings.clock_floor,
        local=settings.device_clock,
        window=settings.signature_window,
    )


def _spend(request: web.Request, access_key: str, value: str) -> Nonce:
    """The nonce, spent in memory at once; the transaction of a write spends it durably."""
    clock, settings = request.app[CLOCK], request.app[SETTINGS]
    until = nonce_expiry(
        clock.now(), quality=clock.quality(), local=settings.device_clock, window=settings.signature_window
    )
    lifetime = None if until is None else 2.0 * settings.signature_window
    request.app[NONCES].spend((access_key, value), lifetime)
    return Nonce(value=value, expires=UNTIL_REBOOT if until is None else micros(until))


def _idempotency(request: web.Request, body: bytes) -> IdempotencyKey | None:
    value = request.headers.get("Idempotency-Key")
    if value is None:
        return None
    if not _IDEMPOTENCY_KEY.fullmatch(value):
        raise InvalidIdempotencyKey
    asked = b"\n".join([request.method.encode(), request.raw_path.encode(), body])
    expires = micros(request.app[CLOCK].now() + _IDEMPOTENCY_SECONDS)
    return IdempotencyKey(value=value, request_hash=hashlib.sha256(asked).hexdigest(), expires=expires)
