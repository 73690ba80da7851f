"""Who asks: signed requests, sessions and links over TCP, trusted peers on the Unix socket (its file lets them in)."""

import asyncio
import hashlib
import re
import socket
from collections.abc import Mapping

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from presets_store.api.bodies import with_room_for
from presets_store.api.documentation import Access, Operation
from presets_store.api.errors import InvalidIdempotencyKey, SignatureHeaderRepeated
from presets_store.api.keys import (
    CALLER,
    CLOCK,
    FAILURES,
    LARGE_BODIES,
    LINK_SECONDS,
    LINKS,
    NONCES,
    QUERY,
    SERVICES,
    SESSION,
    SETTINGS,
)
from presets_store.api.people.errors import TokenMissing
from presets_store.api.people.limits import Tried
from presets_store.api.people.peers import address_of, require_known
from presets_store.api.people.proving import session_token, signed_in
from presets_store.api.scripts.errors import by_contract
from presets_store.clock import micros
from presets_store.protocol.signing import (
    SignatureHeaders,
    SignatureMismatch,
    check_timestamp,
    nonce_expiry,
    parse_query,
    read_headers,
    verify,
)
from presets_store.services.caller import LOCAL, TRUSTED, Caller, IdempotencyKey, Nonce
from presets_store.services.errors import KeyUnknown
from presets_store.services.people.keys import Signer
from presets_store.storage.nonces import UNTIL_REBOOT

LINK_TOKEN = "token"  # noqa: S105 - the name of one
"""The parameter of a query that holds a link's token."""

_UNSIGNED = (Access.ANYONE, Access.ADDRESS)
_PROVING = (Access.PASSWORD, Access.CREDENTIALS, Access.ENROLMENT, Access.TOKEN)
_SIGNATURE_HEADERS = ("Authorization", "X-AccessKey", "X-Nonce", "X-Timestamp", "X-Signature")
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_IDEMPOTENCY_SECONDS = 24 * 3600


def authenticate(operations: Mapping[Handler, Operation]) -> Middleware:
    """A middleware that gives every request its caller, or refuses it, as the handler's operation says."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        operation = operations.get(request.match_info.handler)
        access = operation.access if operation else Access.SIGNED
        # An unknown route is no secret: its problem document needs no signature.
        if request.match_info.http_exception is not None or access in _UNSIGNED:
            return await handler(request)
        request = with_room_for(request, operation)
        try:
            return await _as_known(request, handler, access, writes=operation is not None and operation.writes)
        finally:
            request.app[LARGE_BODIES].leave(request)

    return middleware


async def _as_known(request: web.Request, handler: Handler, access: Access, *, writes: bool) -> web.StreamResponse:
    if _is_local(request):
        return await _as_local(request, handler)
    require_known(request)
    if access in _PROVING:
        return await _to_prove(request, handler)
    if (token := session_token(request)) is not None:
        return await _by_session(request, handler, token)
    if access is Access.LINK and LINK_TOKEN in request.query:
        return await _by_link(request, handler)
    if by_contract(request.path) and "X-Signature" not in request.headers:
        raise TokenMissing
    return await _as_signed(request, handler, writes=writes)


def _is_local(request: web.Request) -> bool:
    connection = request.transport.get_extra_info("socket") if request.transport else None
    return connection is not None and connection.family == socket.AF_UNIX


async def _as_local(request: web.Request, handler: Handler) -> web.StreamResponse:
    request[QUERY] = parse_query(request.raw_path.partition("?")[2])
    request[CALLER] = Caller(name=LOCAL, principal=TRUSTED, idempotency=_idempotency(request, await _body(request)))
    return await handler(request)


async def _by_link(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Such a request has no caller: it may look, and nothing else."""
    request[QUERY] = query = parse_query(request.raw_path.partition("?")[2])
    request[LINK_SECONDS] = request.app[LINKS].check(request.match_info["camera"], query.pop(LINK_TOKEN, ""))
    return await handler(request)


async def _to_prove(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The handler finds out who asks, or at least that he may."""
    await _body(request)
    return await handler(request)


async def _by_session(request: web.Request, handler: Handler, token: str) -> web.StreamResponse:
    """No nonce: TLS keeps such a request from being heard and sent again, and no browser sends the header unasked."""
    request[QUERY] = parse_query(request.raw_path.partition("?")[2])
    session = await signed_in(request, token)
    idempotency = _idempotency(request, await _body(request))
    request[SESSION] = session.key
    request[CALLER] = Caller(name=session.name, principal=session.principal, idempotency=idempotency)
    return await handler(request)


async def _as_signed(request: web.Request, handler: Handler, *, writes: bool) -> web.StreamResponse:
    for header in _SIGNATURE_HEADERS:
        if len(request.headers.getall(header, ())) > 1:
            raise SignatureHeaderRepeated(header=header)
    signed = read_headers(request.headers)
    signer = await _signer(request, signed.access_key)
    body = await _body(request)
    request[QUERY] = _verified(request, signed, signer.secret, body)
    _check_time(request, signed.timestamp)
    request.app[SERVICES].keys.used(signed.access_key)
    nonce = _spend(request, signed.access_key, signed.nonce)
    request[CALLER] = Caller(
        name=signed.access_key,
        principal=signer.principal,
        nonce=nonce,
        idempotency=_idempotency(request, body),
    )
    shared = request.app[SERVICES].nonces
    if shared is not None and not writes:
        await shared.spend(signed.access_key, nonce)
        request.app[NONCES].release((signed.access_key, signed.nonce))
    gone = False
    try:
        return await handler(request)
    except asyncio.CancelledError:
        gone = True  # what the client began goes on without it, and spends the nonce itself
        raise
    finally:
        if shared is not None and writes and not nonce.durable and not gone:
            await shared.keep(signed.access_key, nonce)
        if nonce.durable:
            request.app[NONCES].release((signed.access_key, signed.nonce))


async def _signer(request: web.Request, access_key: str) -> Signer:
    """Raises KeyUnknown, TooManyFailures."""
    failures, address = request.app[FAILURES], address_of(request)
    failures.check(address, Tried.KEY, access_key)
    try:
        return await request.app[SERVICES].keys.signer_of(access_key)
    except KeyUnknown:
        failures.refused(address, Tried.UNKNOWN_KEY)
        raise


def _verified(request: web.Request, signed: SignatureHeaders, secret: str, body: bytes) -> dict[str, str]:
    """The query. A wrong signature counts; a right one that comes twice, or by a wrong clock, is no guess."""
    try:
        return verify(secret, request.method, request.raw_path, signed, body)
    except SignatureMismatch:
        request.app[FAILURES].failed(address_of(request), Tried.KEY, signed.access_key)
        raise


async def _body(request: web.Request) -> bytes:
    """The body, which handlers then find read. Who sends it too slowly must not hold a connection for ever."""
    try:
        async with asyncio.timeout(request.app[SETTINGS].body_seconds):
            await request.app[LARGE_BODIES].enter(request)
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
