"""Serves the figures at an address of their own: behind a proxy everybody seems to come from loopback."""

import hmac

from aiohttp import web

from presets_store.api.fleet import probes
from presets_store.api.keys import SERVICES
from presets_store.api.problems import problems
from presets_store.hub.metrics.exposition import CONTENT_TYPE, exposed
from presets_store.hub.metrics.figures import Figures
from presets_store.services import Services

FIGURES = web.AppKey("figures", Figures)
TOKEN = web.AppKey("token", str)
API = web.AppKey("api", web.AppRunner)
"""Whose connections are counted."""


def metrics_app(services: Services, figures: Figures, api: web.AppRunner, token: str) -> web.Application:
    """`/metrics`, `/healthz` and `/readyz`; with a `token` the figures are for its bearer alone."""
    app = web.Application(middlewares=[problems])
    app[SERVICES] = services
    app[FIGURES] = figures
    app[TOKEN] = token
    app[API] = api
    app.add_routes([web.get("/metrics", _metrics), *probes.ROUTES])
    return app


async def _metrics(request: web.Request) -> web.Response:
    app = request.app
    expected = f"Bearer {app[TOKEN]}"
    if app[TOKEN] and not hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected.encode()):
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})
    server = app[API].server
    figures = await app[FIGURES].read(app[SERVICES], len(server.connections) if server else 0)
    return web.Response(body=exposed(figures).encode(), headers={"Content-Type": CONTENT_TYPE})
