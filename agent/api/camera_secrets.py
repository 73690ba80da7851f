"""Secrets of cameras behind a network."""

from aiohttp import web
from pydantic import Field

from agent.api.preview import CAMERA
from agent.startup.camera_secrets import CameraSecrets
from agent.startup.errors import CameraTakesNoSecret, SealedStateUnavailable
from presets_store.api.answers import reply
from presets_store.api.documentation import Operation
from presets_store.api.keys import SERVICES, caller_of
from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import Name
from presets_store.protocol.parsing import parse_body
from presets_store.rules.permissions import Permission
from presets_store.rules.targeting import CameraUnknown

CAMERA_SECRETS = web.AppKey("camera_secrets", CameraSecrets)

_REFUSALS = (CameraUnknown, CameraTakesNoSecret, SealedStateUnavailable)


class KeepCameraSecret(WireModel):
    """Body of `PUT /v1/camera/{camera}/secret` (ours): a password, or what the address has a place for."""

    secret: Name = Field(min_length=1, pattern=r"^[^\x00-\x1f\x7f]+$", repr=False)


class CameraSecretRecord(WireModel):
    """Answer (ours): whether the camera has a secret now. No answer ever has the secret itself."""

    camera_id: Name
    kept: bool


@Operation(
    "Keep a camera's secret",
    body=KeepCameraSecret,
    answer=CameraSecretRecord,
    variables=CAMERA,
    errors=_REFUSALS,
)
async def keep(request: web.Request) -> web.Response:
    """It is sealed on the device. The camera is opened anew with it at once."""
    body = parse_body(KeepCameraSecret, await request.read())
    return await _keep(request, body.secret)


@Operation("Forget a camera's secret", answer=CameraSecretRecord, variables=CAMERA, errors=_REFUSALS)
async def forget(request: web.Request) -> web.Response:
    """Harmless when there is none."""
    return await _keep(request, "")


async def _keep(request: web.Request, secret: str) -> web.Response:
    services = request.app[SERVICES]
    await services.devices.require(caller_of(request), Permission.ADMINISTER, services.own_device.key)
    camera_id = await request.app[CAMERA_SECRETS].keep(request.match_info["camera"], secret)
    return reply(CameraSecretRecord(camera_id=camera_id, kept=bool(secret)))


ROUTES = (
    web.route("PUT", "/v1/camera/{camera}/secret{slash:/?}", keep),
    web.route("DELETE", "/v1/camera/{camera}/secret{slash:/?}", forget),
)
