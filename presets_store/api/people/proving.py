"""Those who show who they are by something else than a signature: what they send, and over what."""

import base64
import binascii
import re
import unicodedata
from typing import Final

from aiohttp import web

from presets_store.api.keys import FAILURES, SERVICES, SETTINGS
from presets_store.api.people.errors import CredentialsMissing, NotPrivate
from presets_store.api.people.limits import Tried
from presets_store.api.people.peers import address_of, came_safely
from presets_store.protocol.people.users import MAX_PASSWORD
from presets_store.services.people.errors import SessionOver
from presets_store.services.people.sessions import SignedIn

_TOKEN: Final = re.compile(r"(?:[Bb]earer +)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_OF_SIGNATURES: Final = ("X-AccessKey", "X-Nonce", "X-Timestamp", "X-Signature")
_BASIC: Final = re.compile(r"[Bb]asic +([A-Za-z0-9+/]+={0,2}) *")
_MAX_CREDENTIALS: Final = 2 * MAX_PASSWORD


def require_private(request: web.Request) -> None:
    """Raises NotPrivate where somebody on the way could read what only the two ends may know."""
    if not came_safely(request):
        raise NotPrivate


def session_token(request: web.Request) -> str | None:
    """The token of a session, if that is how the request comes: with it, and with no header of a signature."""
    given = request.headers.getall("Authorization", ())
    match = _TOKEN.fullmatch(given[0]) if len(given) == 1 else None
    return None if match is None or any(name in request.headers for name in _OF_SIGNATURES) else match[1]


async def signed_in(request: web.Request, token: str) -> SignedIn:
    """Whose session it is. Raises SessionOver, NotPrivate, TooManyFailures."""
    require_private(request)
    try:
        return await request.app[SERVICES].people.sessions.signed_in(token, request.app[SETTINGS].session_lifetime)
    except SessionOver:
        request.app[FAILURES].refused(address_of(request), Tried.SESSION)
        raise


def basic_credentials(request: web.Request) -> tuple[str, str]:
    """User name, in small letters as all are, and password. Raises CredentialsMissing."""
    match = _BASIC.fullmatch(request.headers.get("Authorization", ""))
    try:
        text = base64.b64decode(match[1], validate=True).decode() if match else ""
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    name, colon, password = text.partition(":")
    clean = not any(unicodedata.category(character) == "Cc" for character in text)
    if not (name and colon and password and clean and len(text) <= _MAX_CREDENTIALS):
        raise CredentialsMissing(limit=_MAX_CREDENTIALS)
    return name.lower(), password
