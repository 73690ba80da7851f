"""The HTTP API: routes over the services. `build_app` composes it, `make_runner` runs it as it must be run."""

from collections.abc import Sequence
from email.utils import formatdate
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Middleware

from presets_store.api import absent, apikeys, clips, devices, docs_page, events, live, presets, system
from presets_store.api.authentication import authenticate
from presets_store.api.bodies import LargeBodies
from presets_store.api.documentation import operation_of
from presets_store.api.fleet import agents, groups, health, log_messages, notifications, probes, streams
from presets_store.api.fleet import settings as kept_settings
from presets_store.api.keys import (
    CLOCK,
    DOCUMENT,
    FAILURES,
    INBOUND,
    LARGE_BODIES,
    LINKS,
    NONCES,
    SERVICES,
    SETTINGS,
)
from presets_store.api.links import Links
from presets_store.api.media import files, items, requests, tags, tokens, video_clips
from presets_store.api.nonces import NonceMemory
from presets_store.api.people import enrolment, own_keys, sessions, users
from presets_store.api.people.limits import FailureLimits
from presets_store.api.problems import problems
from presets_store.api.scripts import (
    admin_scripts,
    analytics,
    basic_configurations,
    bearer_tokens,
    channels,
    decisions,
    explaining,
    integration,
    mirror,
    scripts,
)
from presets_store.api.scripts.limits import InboundLimits
from presets_store.api.served_document import ServedDocument
from presets_store.api.settings import BODY_LIMIT, ApiSettings
from presets_store.clock import Clock
from presets_store.services import Services

__all__ = ["ROUTES", "ApiSettings", "build_app", "make_runner"]

ROUTES = (
    *events.ROUTES,
    *presets.ROUTES,
    *devices.ROUTES,
    *groups.ROUTES,
    *agents.ROUTES,
    *health.ROUTES,
    *log_messages.ROUTES,
    *notifications.ROUTES,
    *kept_settings.ROUTES,
    *streams.ROUTES,
    *clips.ROUTES,
    *system.ROUTES,
    *docs_page.ROUTES,
    *probes.ROUTES,
    *live.ROUTES,
    *apikeys.ROUTES,
    *users.ROUTES,
    *sessions.ROUTES,
    *enrolment.ROUTES,
    *own_keys.ROUTES,
    *files.ROUTES,
    *video_clips.ROUTES,
    *items.ROUTES,
    *requests.ROUTES,
    *tags.ROUTES,
    *tokens.ROUTES,
    *channels.ROUTES,
    *scripts.ROUTES,
    *admin_scripts.ROUTES,
    *basic_configurations.ROUTES,
    *bearer_tokens.ROUTES,
    *explaining.ROUTES,
    *integration.ROUTES,
    *decisions.ROUTES,
    *analytics.ROUTES,
    *mirror.ROUTES,
    *absent.ROUTES,
    *video_clips.LAST_ROUTES,
    *items.LAST_ROUTES,
)

_SHUTDOWN_SECONDS = 5.0


def build_app(
    services: Services,
    clock: Clock,
    settings: ApiSettings,
    extra_routes: Sequence[web.RouteDef] = (),
    outer: Sequence[Middleware] = (),
) -> web.Application:
    """The application with all routes under /v1/. Serve it at the root: the path is part of each signature.

    `extra_routes` are its owner's, served and documented like the others; `outer` middlewares see every answer.
    """
    routes = (*ROUTES, *extra_routes)
    operations = {route.handler: operation_of(route) for route in routes}
    app = web.Application(middlewares=[*outer, problems, authenticate(operations)], client_max_size=BODY_LIMIT)
    app[SERVICES] = services
    app[CLOCK] = clock
    app[SETTINGS] = settings
    app[NONCES] = NonceMemory(clock)
    app[FAILURES] = FailureLimits(clock)
    app[INBOUND] = InboundLimits(clock)
    app[LARGE_BODIES] = LargeBodies()
    app[LINKS] = Links(clock)
    app[DOCUMENT] = ServedDocument(routes)
    app.add_routes(routes)
    app.on_response_prepare.append(_date)
    app.on_shutdown.append(_let_go)
    return app


def make_runner(app: web.Application, **options: Any) -> web.AppRunner:
    """A runner to which sites (TCP, Unix) are added. A handler ends with its client: no long-poll outlives one.

    `options` are those of aiohttp's AppRunner.
    """
    return web.AppRunner(
        app, handler_cancellation=True, access_log=None, **{"shutdown_timeout": _SHUTDOWN_SECONDS, **options}
    )


async def _date(request: web.Request, response: web.StreamResponse) -> None:
    # By the clock that signatures are checked with, so that a device can correct its own.
    response.headers["Date"] = formatdate(request.app[CLOCK].now(), usegmt=True)


async def _let_go(app: web.Application) -> None:
    app[SERVICES].close()
