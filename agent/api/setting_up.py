"""What `cuelight setup` wants kept, for members of the socket's group: the agent writes where they may not."""

import asyncio
from pathlib import Path

from aiohttp import web

from agent.api.upstream_keys import require_socket
from agent.enrolment.errors import SocketOnly
from agent.settings import Settings
from agent.setup.document import write_setup
from agent.setup.layers import combined
from agent.setup.loading import checked_setup
from presets_store.api.answers import reply
from presets_store.api.documentation import Operation
from presets_store.process.errors import PlaceUnusable, SettingsInvalid
from presets_store.process.lifecycle import usable_places
from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import LongText
from presets_store.protocol.parsing import parse_body

STATE_FOLDER = web.AppKey("state_folder", Path)


class KeepSetup(WireModel):
    """Body of `PUT /v1/setup` (ours): all that `setup.toml` shall say, as the text of a TOML file."""

    settings: LongText


class KeptRecord(WireModel):
    """Answer (ours): what holds when the agent is started anew is kept."""

    kept: bool


@Operation("Keep the set-up", body=KeepSetup, answer=KeptRecord, errors=(SocketOnly, SettingsInvalid, PlaceUnusable))
async def keep(request: web.Request) -> web.Response:
    """Replaces `setup.toml` as a whole, once it was checked. It holds from the agent's next start on."""
    require_socket(request)
    body = parse_body(KeepSetup, await request.read())
    await asyncio.to_thread(_keep, request.app[STATE_FOLDER], body.settings)
    return reply(KeptRecord(kept=True))


def _keep(folder: Path, text: str) -> None:
    layer = checked_setup("the set-up", text)
    combined(Settings, [layer])
    with usable_places():
        write_setup(folder, layer.values)


ROUTES = (web.route("PUT", "/v1/setup{slash:/?}", keep),)
