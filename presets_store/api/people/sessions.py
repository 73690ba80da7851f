"""Sessions: for people at a browser, who have a password instead of a key."""

from aiohttp import web

from presets_store.api.answers import reply
from presets_store.api.documentation import Access, Operation
from presets_store.api.keys import FAILURES, SERVICES, SESSION, SETTINGS, caller_of
from presets_store.api.people.errors import CredentialsMissing
from presets_store.api.people.limits import Tried
from presets_store.api.people.peers import address_of
from presets_store.api.people.proving import basic_credentials, require_private
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.people.sessions import SessionAnswer, SessionRecord
from presets_store.protocol.people.users import SetPassword
from presets_store.services.errors import NotFound
from presets_store.services.people.errors import SignInRefused, TooManySignIns


@Operation(
    "Sign in",
    answer=SessionAnswer,
    access=Access.PASSWORD,
    errors=(CredentialsMissing, SignInRefused, TooManySignIns),
)
async def create(request: web.Request) -> web.Response:
    """By HTTP Basic. `sessionGuid` is the token: later requests send it, bare, as `Authorization`.

    Over TLS, or from the same computer. A session ends after a while, and earlier if it is not used: then each request
    is answered with 419.
    """
    require_private(request)
    name, password = basic_credentials(request)
    places = ((Tried.USER, name), (Tried.ANY_USER, ""))
    with request.app[FAILURES].guess(address_of(request), (SignInRefused,), *places):
        return reply(
            await request.app[SERVICES].people.sessions.sign_in(name, password, request.app[SETTINGS].session_lifetime)
        )


@Operation(
    "Change one's password",
    body=SetPassword,
    access=Access.PASSWORD,
    errors=(CredentialsMissing, SignInRefused, TooManySignIns),
)
async def change_password(request: web.Request) -> web.Response:
    """The present one goes by HTTP Basic, over TLS or from the same computer. Ends all sessions of the user."""
    require_private(request)
    name, password = basic_credentials(request)
    body = parse_body(SetPassword, await request.read())
    places = ((Tried.USER, name), (Tried.ANY_USER, ""))
    with request.app[FAILURES].guess(address_of(request), (SignInRefused,), *places):
        await request.app[SERVICES].people.sessions.change_password(name, password, body.password)
    return reply(None)


@Operation("Show the session", answer=SessionRecord, errors=(NotFound,))
async def show(request: web.Request) -> web.Response:
    """That of the request. A signed request has none."""
    return reply(await request.app[SERVICES].people.sessions.get(caller_of(request), request.get(SESSION, 0)))


@Operation("Sign out", errors=(NotFound,))
async def end(request: web.Request) -> web.Response:
    """Ends the session of the request."""
    await request.app[SERVICES].people.sessions.end(caller_of(request), request.get(SESSION, 0))
    return reply(None)


@Operation("List one's sessions", answer=list[SessionRecord])
async def list_own(request: web.Request) -> web.Response:
    """Those of the user who asks."""
    return reply(await request.app[SERVICES].people.sessions.list(caller_of(request)))


ROUTES = (
    web.route("POST", "/v1/session{slash:/?}", create),
    web.route("GET", "/v1/session{slash:/?}", show),
    web.route("DELETE", "/v1/session{slash:/?}", end),
    web.route("PUT", "/v1/session/password{slash:/?}", change_password),
    web.route("GET", "/v1/session/list{slash:/?}", list_own),
)
