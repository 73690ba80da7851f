"""Tokens of the scripts API: sessions like those of `POST /v1/session`, asked for in a body."""

from typing import TypeVar

from aiohttp import web

from presets_store.api.answers import reply
from presets_store.api.documentation import Access, Operation
from presets_store.api.keys import FAILURES, SERVICES, SETTINGS
from presets_store.api.people.limits import Tried
from presets_store.api.people.peers import address_of
from presets_store.api.people.proving import require_private
from presets_store.api.scripts.reading import body_of
from presets_store.protocol.scripts.people import AdminToken, AskAdminToken, AskToken, Token
from presets_store.rules.scripts.errors import BadScript
from presets_store.services.people.errors import SignInRefused, TooManySessions, TooManySignIns
from presets_store.services.people.sessions import Begun
from presets_store.services.scripts.wire import admin_owner, client_owner

Asked = TypeVar("Asked", bound=AskAdminToken)


@Operation(
    "Get a token",
    body=AskToken,
    answer=Token,
    access=Access.CREDENTIALS,
    errors=(BadScript, SignInRefused, TooManySignIns, TooManySessions),
)
async def create(request: web.Request) -> web.Response:
    """Over TLS, or from the same computer. It ends after a while, and earlier if it is not used.

    419: the user has too many sessions; a repeat with the `session_id` that it tells ends that one.
    """
    body = await _asked(request, AskToken)
    begun = await _begun(request, body, body.session_id)
    return reply(Token(user=client_owner(begun.user, str(begun.session.key)), access_token=begun.token))


@Operation(
    "Get a token as an administrator",
    body=AskAdminToken,
    answer=AdminToken,
    access=Access.CREDENTIALS,
    errors=(BadScript, SignInRefused, TooManySignIns),
)
async def create_admin(request: web.Request) -> web.Response:
    """As `POST /api/v1/token`; of too many sessions the oldest ends."""
    begun = await _begun(request, await _asked(request, AskAdminToken), None)
    owner = admin_owner(begun.user, str(begun.session.key))
    return reply(AdminToken(user=owner, expires_at=begun.session.expires, access_token=begun.token))


async def _asked(request: web.Request, model: type[Asked]) -> Asked:
    require_private(request)
    body, problems = await body_of(request, model)
    if problems:
        raise BadScript(problems)
    return body


async def _begun(request: web.Request, body: AskAdminToken, instead_of: int | None) -> Begun:
    name = body.login.lower()
    sessions, lifetime = request.app[SERVICES].people.sessions, request.app[SETTINGS].session_lifetime
    places = ((Tried.USER, name), (Tried.ANY_USER, ""))
    with request.app[FAILURES].guess(address_of(request), (SignInRefused,), *places):
        return await sessions.begin(name, body.password, lifetime, instead_of)


ROUTES = (
    web.route("POST", "/api/v1/token{slash:/?}", create),
    web.route("POST", "/api/admin/v1/auth/token{slash:/?}", create_admin),
)
