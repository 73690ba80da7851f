"""Signed requests (events-api.md section 2): the string to sign, signing for clients, verification for servers.

Verification works on the wire's own bytes: raw path, raw query, raw body. Every failure is a SignatureRefused (401).
Whoever serves a verified request must use the parameters that `verify` returns, not a second reading of the query.
"""

import hashlib
import hmac
import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import unquote_to_bytes

from presets_store.clock import ClockQuality
from presets_store.errors import CuelightError, Kind

SCHEME = "HMAC-SHA256 "
WINDOW = 300
"""How far a timestamp may be from the server's clock, seconds either way."""

_ACCESS_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_NONCE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"[0-9a-fA-F]{64}")
_WIRE_PATH = re.compile(r"/[\x21\x22\x24-\x3e\x40-\x7e]*")
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")


class SignatureRefused(CuelightError):
    """Base of all reasons for a 401."""

    code: ClassVar[str] = "signature_refused"
    kind: ClassVar[Kind] = Kind.UNAUTHENTICATED
    template: ClassVar[str] = "the request is not signed as it must be"


class SignatureHeaderMissing(SignatureRefused):
    code: ClassVar[str] = "signature_header_missing"
    template: ClassVar[str] = "the header {header} of a signed request is missing"


class SignatureHeaderMalformed(SignatureRefused):
    code: ClassVar[str] = "signature_header_malformed"
    template: ClassVar[str] = "the header {header} must be {expected}"


class SignatureMismatch(SignatureRefused):
    code: ClassVar[str] = "signature_mismatch"
    template: ClassVar[str] = (
        "the signature does not fit the request: check the secret key, the path as sent, and that no header of an"
        " earlier request was signed again"
    )


class QueryAmbiguous(SignatureRefused):
    code: ClassVar[str] = "query_ambiguous"
    template: ClassVar[str] = "the query cannot be verified: {reason}"


class PathUnverifiable(SignatureRefused):
    code: ClassVar[str] = "path_unverifiable"
    template: ClassVar[str] = "the path cannot be verified: {reason}"


class BodyNotText(SignatureRefused):
    code: ClassVar[str] = "body_not_text"
    template: ClassVar[str] = "the body of a signed request must be UTF-8; byte {position} is not"


class TimestampOutsideWindow(SignatureRefused):
    code: ClassVar[str] = "timestamp_outside_window"
    template: ClassVar[str] = (
        "X-Timestamp is {seconds} s {direction} the server's clock, whose time is in the Date header;"
        " at most {window} s are allowed"
    )


class TimestampBelowFloor(SignatureRefused):
    code: ClassVar[str] = "timestamp_below_floor"
    template: ClassVar[str] = "X-Timestamp is {seconds} s before the last time that this device knows"


@dataclass(frozen=True, slots=True)
class SignatureHeaders:
    """The headers of a signed request, each well-formed. `signature` is lower-case hex."""

    access_key: str
    nonce: str
    timestamp: str
    signature: str


def canonical_path(path: str) -> str:
    """A path as it is signed: with its leading slash, without one trailing slash, otherwise untouched."""
    if not path.startswith("/"):
        path = "/" + path
    return path[:-1] if path.endswith("/") and len(path) > 1 else path


def string_to_sign(
    method: str, path: str, access_key: str, nonce: str, timestamp: str, parameters: Mapping[str, str], body: str
) -> str:
    """The exact text under the signature. `parameters` are decoded; header names are in their canonical case."""
    headers = {
        "Authorization": SCHEME + access_key,
        "X-AccessKey": access_key,
        "X-Nonce": nonce,
        "X-Timestamp": timestamp,
    }
    return "\n".join([method, canonical_path(path), _lines(headers), _lines(parameters), body]).strip()


def sign(
    secret: str,
    method: str,
    path: str,
    access_key: str,
    nonce: str,
    timestamp: str,
    parameters: Mapping[str, str],
    body: str,
) -> str:
    """The signature: lower-case hex of HMAC-SHA256, 64 characters."""
    text = string_to_sign(method, path, access_key, nonce, timestamp, parameters, body)
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def sign_headers(
    secret: str,
    access_key: str,
    method: str,
    path: str,
    parameters: Mapping[str, str],
    body: str,
    nonce: str,
    timestamp: int,
) -> dict[str, str]:
    """The five headers for a client's request.

    `path` is the path exactly as it goes on the wire (escaped), `parameters` are decoded, `nonce` is a new UUIDv4 for
    each request, `timestamp` in Unix seconds.
    """
    signature = sign(secret, method, path, access_key, nonce, str(timestamp), parameters, body)
    return {
        "Authorization": SCHEME + access_key,
        "X-AccessKey": access_key,
        "X-Nonce": nonce,
        "X-Timestamp": str(timestamp),
        "X-Signature": signature,
    }


def read_headers(headers: Mapping[str, str]) -> SignatureHeaders:
    """The signature headers out of a request's (case-insensitive mapping), checked for form only.

    Raises SignatureHeaderMissing, SignatureHeaderMalformed.
    """
    access_key = _header(headers, "X-AccessKey", _ACCESS_KEY, "an access key of at most 128 printable ASCII characters")
    if _present(headers, "Authorization") != SCHEME + access_key:
        expected = f"'{SCHEME}' followed by the value of X-AccessKey"
        raise SignatureHeaderMalformed(header="Authorization", expected=expected)
    return SignatureHeaders(
        access_key=access_key,
        nonce=_header(headers, "X-Nonce", _NONCE, "a random UUID (version 4), lower-case, with hyphens"),
        timestamp=_header(headers, "X-Timestamp", _TIMESTAMP, "Unix seconds as a decimal number"),
        signature=_header(headers, "X-Signature", _SIGNATURE, "64 hexadecimal digits").lower(),
    )


def verify(secret: str, method: str, target: str, signed: SignatureHeaders, body: bytes) -> dict[str, str]:
    """The decoded query parameters of a request whose signature fits. Timestamp and nonce are the caller's next checks.

    `target` is the request target as on the wire, path and query. Raises SignatureMismatch, PathUnverifiable,
    QueryAmbiguous, BodyNotText.
    """
    path, _, query = target.partition("?")
    _check_path(path)
    parameters = parse_query(query)
    text = _body_text(body)
    expected = sign(secret, method, path, signed.access_key, signed.nonce, signed.timestamp, parameters, text)
    if not hmac.compare_digest(expected, signed.signature):
        raise SignatureMismatch
    return parameters


def parse_query(query: str) -> dict[str, str]:
    """A raw query string, decoded (`+`, `%xx`, UTF-8), refusing whatever could be signed as something else.

    In the string to sign a control character in a parameter could pass for the border to the body, a repeated name has
    no defined order, and `": "` in a name could be the border to its value. Raises QueryAmbiguous.
    """
    parameters: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        raw_name, _, raw_value = part.partition("=")
        name, value = _query_text(raw_name), _query_text(raw_value)
        if name in parameters:
            raise QueryAmbiguous(reason=f"the name {name!r} occurs more than once")
        if ": " in name:
            raise QueryAmbiguous(reason=f"the name {name!r} contains a colon and a space")
        parameters[name] = value
    return parameters


def check_timestamp(
    timestamp: str, now: float, *, quality: ClockQuality, floor: float = 0.0, local: bool = False, window: int = WINDOW
) -> None:
    """Refuses a timestamp (Unix seconds) outside the window around `now`.

    `local`: a device's own API. While its clock is not trusted (`quality`) it takes any timestamp at or above `floor`,
    the last time it knows. Raises TimestampOutsideWindow, TimestampBelowFloor.
    """
    seconds = int(timestamp)
    if local and not quality.trusted:
        if seconds < math.floor(floor):
            raise TimestampBelowFloor(seconds=math.floor(floor) - seconds)
        return
    off = seconds - now
    if abs(off) > window:
        direction = "ahead of" if off > 0 else "behind"
        raise TimestampOutsideWindow(seconds=math.ceil(abs(off)), direction=direction, window=window)


def nonce_expiry(now: float, *, quality: ClockQuality, local: bool = False, window: int = WINDOW) -> float | None:
    """When a nonce taken at `now` (Unix seconds) may be forgotten: twice the window later; None: not in this boot."""
    return None if local and not quality.trusted else now + 2 * window


def _lines(fields: Mapping[str, str]) -> str:
    return "".join(f"{name}: {fields[name]}\n" for name in sorted(fields))


def _present(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise SignatureHeaderMissing(header=name)
    return value


def _header(headers: Mapping[str, str], name: str, form: re.Pattern[str], expected: str) -> str:
    value = _present(headers, name)
    if not form.fullmatch(value):
        raise SignatureHeaderMalformed(header=name, expected=expected)
    return value


def _check_path(path: str) -> None:
    if not _WIRE_PATH.fullmatch(path):
        raise PathUnverifiable(reason="it must begin with a slash and be escaped to plain ASCII")
    decoded = _decoded(path)
    if decoded is None:
        raise PathUnverifiable(reason="an escape in it is broken, no UTF-8, or a control character")
    if not {".", ".."}.isdisjoint(decoded.split("/")):
        raise PathUnverifiable(reason="'.' and '..' are rewritten on the way")


def _query_text(raw: str) -> str:
    decoded = _decoded(raw.replace("+", " "))
    if decoded is None:
        raise QueryAmbiguous(reason="an escape in it is broken, no UTF-8, or a control character")
    return decoded


def _decoded(raw: str) -> str | None:
    """`raw` without its percent escapes; None where that is no clean text."""
    if _BAD_ESCAPE.search(raw):
        return None
    try:
        text = unquote_to_bytes(raw).decode()
    except UnicodeError:
        return None
    return None if any(unicodedata.category(character) == "Cc" for character in text) else text


def _body_text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise BodyNotText(position=error.start) from None
