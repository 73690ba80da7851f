"""Enrolment: tokens, each of which makes one device one of ours."""

from aiohttp import web

from presets_store.api.answers import reply
from presets_store.api.documentation import Access, Operation
from presets_store.api.keys import FAILURES, SERVICES, caller_of, key_of
from presets_store.api.people.limits import Tried
from presets_store.api.people.peers import address_of
from presets_store.api.people.proving import require_private
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.people.enrolment import CreateEnrolment, EnrolmentRecord, RegisterDevice, RegisteredDevice
from presets_store.services.errors import InvalidInput, NotFound
from presets_store.services.people.errors import EnrolmentRefused, SerialEnrolled


@Operation("Make an enrolment token", body=CreateEnrolment, answer=EnrolmentRecord, errors=(InvalidInput, NotFound))
async def create(request: web.Request) -> web.Response:
    """The answer is the only place in which `token` is ever shown. It is good once, for 24 hours if nothing is said."""
    body = parse_body(CreateEnrolment, await request.read())
    return reply(await request.app[SERVICES].people.enrolments.create(caller_of(request), body))


@Operation("List the enrolment tokens", answer=list[EnrolmentRecord])
async def list_all(request: web.Request) -> web.Response:
    """Used ones too, for 30 days; without the tokens themselves."""
    return reply(await request.app[SERVICES].people.enrolments.list(caller_of(request)))


@Operation("Withdraw an enrolment token", writes=True, errors=(NotFound,))
async def delete(request: web.Request) -> web.Response:
    """The device that used it stays."""
    await request.app[SERVICES].people.enrolments.delete(caller_of(request), key_of(request))
    return reply(None)


@Operation(
    "Register a device",
    body=RegisterDevice,
    answer=RegisteredDevice,
    access=Access.ENROLMENT,
    errors=(EnrolmentRefused, SerialEnrolled),
)
async def register(request: web.Request) -> web.Response:
    """Exchanges a token for a device's record and a key pair of its own; over TLS, or from the same computer.

    The answer is the only place in which `secretKey` is ever shown: a device that did not get it needs a new token,
    made for it.
    """
    require_private(request)
    body = parse_body(RegisterDevice, await request.read())
    # A known serial number counts too: it is not for guessing either.
    with request.app[FAILURES].guess(address_of(request), (EnrolmentRefused, SerialEnrolled), (Tried.ENROLMENT, "")):
        return reply(await request.app[SERVICES].people.enrolments.register(body))


ROUTES = (
    web.route("POST", "/v1/enrolment{slash:/?}", create),
    web.route("GET", "/v1/enrolment/list{slash:/?}", list_all),
    web.route("DELETE", "/v1/enrolment/{key:[0-9]{1,18}}{slash:/?}", delete),
    web.route("POST", "/v1/register/device{slash:/?}", register),
)
