"""What handlers find in the application and in the request, by typed keys."""

import re

from aiohttp import web

from presets_store.api.bodies import LargeBodies
from presets_store.api.errors import InvalidHeader
from presets_store.api.links import Links
from presets_store.api.nonces import NonceMemory
from presets_store.api.people.limits import FailureLimits
from presets_store.api.scripts.limits import InboundLimits
from presets_store.api.served_document import ServedDocument
from presets_store.api.settings import ApiSettings
from presets_store.clock import Clock
from presets_store.services import Services
from presets_store.services.caller import Caller

_TOKEN = re.compile(r"[\x21-\x7e]{0,128}")

SERVICES = web.AppKey("services", Services)
SETTINGS = web.AppKey("settings", ApiSettings)
CLOCK: web.AppKey[Clock] = web.AppKey("clock", Clock)
NONCES = web.AppKey("nonces", NonceMemory)
FAILURES = web.AppKey("failures", FailureLimits)
INBOUND = web.AppKey("inbound", InboundLimits)
LARGE_BODIES = web.AppKey("large_bodies", LargeBodies)
LINKS = web.AppKey("links", Links)
DOCUMENT = web.AppKey("document", ServedDocument)

LINK_SECONDS = web.RequestKey("link_seconds", float)
"""Set for a request by a link: how long the link is good for."""

CALLER = web.RequestKey("caller", Caller)
SESSION = web.RequestKey("session", int)
"""The key of the session by which the request comes; not set for one that is signed or local."""

QUERY: web.RequestKey[dict[str, str]] = web.RequestKey("query", dict)
"""The query as it was verified; handlers use no other reading of it."""


def caller_of(request: web.Request) -> Caller:
    """Who asks, as the authentication found it."""
    return request[CALLER]


def query_of(request: web.Request) -> dict[str, str]:
    """The verified query parameters."""
    return request[QUERY]


def header_of(request: web.Request, name: str) -> str:
    """An optional header of our own agent; "" when absent. Raises InvalidHeader."""
    value = request.headers.get(name, "")
    if not _TOKEN.fullmatch(value):
        raise InvalidHeader(header=name)
    return value


def key_of(request: web.Request, name: str = "key") -> int:
    """A key in the path; routes match 1 to 18 digits."""
    return int(request.match_info[name])
