"""The HTTP API: routes over the services. `build_app` composes it, `make_runner` runs it as it must be run."""

from collections.abc import Sequence
from email.utils import formatdate

from aiohttp import web

from presets_store.api import absent, apikeys, clips, devices, events, live, presets, system
from presets_store.api.authentication import authenticate
from presets_store.api.documentation import operation_of
from presets_store.api.keys import CLOCK, DOCUMENT, LINKS, NONCES, SERVICES, SETTINGS
from presets_store.api.links import Links
from presets_store.api.nonces import NonceMemory
from presets_store.api.problems import problems
from presets_store.api.served_document import ServedDocument
from presets_store.api.settings import BODY_LIMIT, ApiSettings
from presets_store.clock import Clock
from presets_store.services import Services

__all__ = ["ROUTES", "ApiSettings", "build_app", "make_runner"]

ROUTES = (
    *events.ROUTES,
    *presets.ROUTES,
    *devices.ROUTES,
    *clips.ROUTES,
    *system.ROUTES,
    *live.ROUTES,
    *apikeys.ROUTES,
    *absent.ROUTES,
)

_SHUTDOWN_SECONDS = 5.0


def build_app(
    services: Services, clock: Clock, settings: ApiSettings, extra_routes: Sequence[web.RouteDef] = ()
) -> web.Application:
    """The application with all routes under /v1/. Serve it at the root: the path is part of each signature.

    `extra_routes` are its owner's, served and documented like the others.
    """
    routes = (*ROUTES, *extra_routes)
    accesses = {route.handler: operation_of(route).access for route in routes}
    app = web.Application(middlewares=[problems, authenticate(accesses)], client_max_size=BODY_LIMIT)
    app[SERVICES] = services
    app[CLOCK] = clock
    app[SETTINGS] = settings
    app[NONCES] = NonceMemory(clock)
    app[LINKS] = Links(clock)
    app[DOCUMENT] = ServedDocument(routes)
    app.add_routes(routes)
    app.on_response_prepare.append(_date)
    app.on_shutdown.append(_let_go)
    return app


def make_runner(app: web.Application) -> web.AppRunner:
    """A runner to which sites (TCP, Unix) are added. A handler ends with its client: no long-poll outlives one."""
    return web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)


async def _date(request: web.Request, response: web.StreamResponse) -> None:
    # By the clock that signatures are checked with, so that a device can correct its own.
    response.headers["Date"] = formatdate(request.app[CLOCK].now(), usegmt=True)


async def _let_go(app: web.Application) -> None:
    app[SERVICES].close()
