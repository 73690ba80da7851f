"""The device's place at its upstream. Over the Unix socket only: it says whom this device obeys."""

from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from agent.enrolment.enrolling import Enrolling
from agent.enrolment.errors import ChangeNotOffered, EnrolmentOverruled, NewKeyRefused, NotEnrolled, SocketOnly
from agent.errors import UpstreamRefused, UpstreamUnreachable
from agent.settings import upstream_root
from agent.startup.errors import SealedStateUnavailable
from presets_store.api.answers import reply
from presets_store.api.documentation import Operation
from presets_store.api.keys import caller_of
from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import Int, Name, Text
from presets_store.protocol.parsing import parse_body
from presets_store.rules.permissions import Permission
from presets_store.services.caller import LOCAL

ENROLLING = web.AppKey("enrolling", Enrolling)

_UPSTREAM = (UpstreamUnreachable, UpstreamRefused, SealedStateUnavailable)


def _root(url: str) -> str:
    try:
        return upstream_root(url)
    except ValueError as error:
        said = {"problem": "is no address of an upstream", "expected": str(error)}
        raise PydanticCustomError("upstream", "{problem}", said) from error


class EnrollDevice(WireModel):
    """Body of `POST /v1/upstream/enrolment` (ours): the upstream's address, and the token that it gave."""

    url: Annotated[Name, Field(min_length=1), AfterValidator(_root)]
    token: Annotated[Name, Field(min_length=1, repr=False)]


class EnrolledRecord(WireModel):
    """Answer (ours): the device's key at the upstream and its access key. `connected`: the new pair is used already;
    else the agent uses it from its next start on. No answer ever has the secret.
    """

    device_id: Int
    url: Text
    access_key: Name
    connected: bool


class ForgottenRecord(WireModel):
    """Answer of `DELETE /v1/upstream/enrolment` (ours): whether there was a key pair."""

    forgotten: bool


class ChangedKeyRecord(WireModel):
    """Answer of `POST /v1/upstream/key/rotate` (ours): the access key that is used now."""

    access_key: Name


def require_socket(request: web.Request) -> None:
    """Raises SocketOnly, Forbidden."""
    caller_of(request).principal.require_everywhere(Permission.ADMINISTER)
    if caller_of(request).name != LOCAL:
        raise SocketOnly


@Operation(
    "Enroll this device at an upstream",
    body=EnrollDevice,
    answer=EnrolledRecord,
    errors=(SocketOnly, EnrolmentOverruled, *_UPSTREAM),
)
async def enroll(request: web.Request) -> web.Response:
    """Exchanges the token for a key pair, which is sealed on the device in place of the one before."""
    require_socket(request)
    body = parse_body(EnrollDevice, await request.read())
    found = await request.app[ENROLLING].enroll(body.url, SecretStr(body.token))
    return reply(
        EnrolledRecord(
            device_id=found.device_key, url=found.url, access_key=found.access_key, connected=found.connected
        )
    )


@Operation("Forget the key pair at the upstream", answer=ForgottenRecord, errors=(SocketOnly, SealedStateUnavailable))
async def forget(request: web.Request) -> web.Response:
    """The upstream is not told; the agent goes on with the pair until it ends. Harmless when there is none."""
    require_socket(request)
    return reply(ForgottenRecord(forgotten=await request.app[ENROLLING].forget()))


@Operation(
    "Change the key at the upstream",
    answer=ChangedKeyRecord,
    errors=(SocketOnly, NotEnrolled, ChangeNotOffered, NewKeyRefused, *_UPSTREAM),
)
async def rotate(request: web.Request) -> web.Response:
    """A new pair is fetched, kept and tried; then every other key of this device is revoked there."""
    require_socket(request)
    return reply(ChangedKeyRecord(access_key=await request.app[ENROLLING].rotate()))


ROUTES = (
    web.route("POST", "/v1/upstream/enrolment{slash:/?}", enroll),
    web.route("DELETE", "/v1/upstream/enrolment{slash:/?}", forget),
    web.route("POST", "/v1/upstream/key/rotate{slash:/?}", rotate),
)
