"""Users: who may ask, and what each may do. For administrators of all devices."""

from aiohttp import web

from presets_store.api.answers import reply, reply_list
from presets_store.api.documentation import Operation
from presets_store.api.keys import SERVICES, caller_of, key_of
from presets_store.protocol.keys import ApiKeyRecord
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.people.users import CreateUser, SetPassword, UpdateUser, UserRecord
from presets_store.services.errors import InvalidInput, NotFound
from presets_store.services.people.errors import LastAdmin, TooManySignIns, UserNameTaken


@Operation(
    "Create a user",
    body=CreateUser,
    answer=UserRecord,
    errors=(InvalidInput, NotFound, UserNameTaken, TooManySignIns),
)
async def create(request: web.Request) -> web.Response:
    """Without a password the user asks by access keys: `POST /v1/apikey` with `userID` makes them."""
    body = parse_body(CreateUser, await request.read())
    return reply(await request.app[SERVICES].people.users.create(caller_of(request), body))


@Operation("List the users", answer=list[UserRecord])
async def list_all(request: web.Request) -> web.Response:
    """Disabled ones too."""
    return await reply_list(await request.app[SERVICES].people.users.list(caller_of(request)))


@Operation("Show a user", answer=UserRecord, errors=(NotFound,))
async def show(request: web.Request) -> web.Response:
    return reply(await request.app[SERVICES].people.users.get(caller_of(request), key_of(request)))


@Operation("Change a user", body=UpdateUser, answer=UserRecord, writes=True, errors=(InvalidInput, NotFound, LastAdmin))
async def update(request: web.Request) -> web.Response:
    """What the body gives, at once. Who is disabled is signed out, and his access keys open nothing.

    The last active administrator of all devices stays one.
    """
    body = parse_body(UpdateUser, await request.read())
    return reply(await request.app[SERVICES].people.users.update(caller_of(request), key_of(request), body))


@Operation("Set a user's password", body=SetPassword, errors=(InvalidInput, NotFound, TooManySignIns))
async def set_password(request: web.Request) -> web.Response:
    """Ends the user's sessions."""
    body = parse_body(SetPassword, await request.read())
    await request.app[SERVICES].people.users.set_password(caller_of(request), key_of(request), body.password)
    return reply(None)


@Operation("List a user's access keys", answer=list[ApiKeyRecord], errors=(NotFound,))
async def keys(request: web.Request) -> web.Response:
    """Revoked ones too; without their secrets."""
    return reply(await request.app[SERVICES].people.users.keys_of(caller_of(request), key_of(request)))


ROUTES = (
    web.route("POST", "/v1/user{slash:/?}", create),
    web.route("GET", "/v1/user/list{slash:/?}", list_all),
    web.route("GET", "/v1/user/{key:[0-9]{1,18}}{slash:/?}", show),
    web.route("PUT", "/v1/user/{key:[0-9]{1,18}}{slash:/?}", update),
    web.route("PUT", "/v1/user/{key:[0-9]{1,18}}/password{slash:/?}", set_password),
    web.route("GET", "/v1/user/{key:[0-9]{1,18}}/apikey/list{slash:/?}", keys),
)
