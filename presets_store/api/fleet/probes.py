"""Whether the process runs, and whether it should be sent requests: for balancers and supervisors."""

from aiohttp import web

from presets_store.api.answers import reply
from presets_store.api.documentation import Access, Operation
from presets_store.api.keys import SERVICES
from presets_store.services.fleet.readiness import NotReady


@Operation("Whether the process runs", access=Access.ANYONE)
async def healthz(_request: web.Request) -> web.Response:
    """Answers 200 as long as it can answer at all."""
    return reply(None)


@Operation("Whether requests should be sent here", access=Access.ANYONE, errors=(NotReady,))
async def readyz(request: web.Request) -> web.Response:
    """Answers 200 while the database answers, has the schema of this release, and the process does not stop."""
    await request.app[SERVICES].readiness.check()
    return reply(None)


ROUTES = (
    web.route("GET", "/healthz{slash:/?}", healthz),
    web.route("GET", "/readyz{slash:/?}", readyz),
)
