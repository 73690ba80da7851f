"""Analytic cases: what is looked for in the pictures of cameras."""

from aiohttp import web

from presets_store.api.answers import reply, reply_large, reply_nothing
from presets_store.api.documentation import Operation
from presets_store.api.keys import SERVICES, caller_of, key_of
from presets_store.api.scripts.reading import address_of_list, query_or_body
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.scripts.analytics import (
    AnalyticCaseBody,
    AnalyticCasePage,
    AnalyticCaseRecord,
    AnalyticCasesQuery,
)
from presets_store.rules.scripts.analytics import AnalyticCaseInvalid
from presets_store.services.errors import NotFound
from presets_store.services.scripts.analytics import AnalyticsService, CaseMirrored, TooManyCases


def _cases(request: web.Request) -> AnalyticsService:
    return request.app[SERVICES].scripts.analytics


@Operation(
    "Create an analytic case",
    body=AnalyticCaseBody,
    answer=AnalyticCaseRecord,
    writes=True,
    errors=(AnalyticCaseInvalid, TooManyCases),
)
async def create(request: web.Request) -> web.Response:
    """The device begins to look within seconds. `analytic_type` is one of motion, no_motion, tamper, person_counting,
    line_crossing.
    """
    return reply(await _cases(request).create(caller_of(request), parse_body(AnalyticCaseBody, await request.read())))


@Operation("List analytic cases", query=AnalyticCasesQuery, answer=AnalyticCasePage)
async def find(request: web.Request) -> web.Response:
    """Of all cameras within reach, or of one, oldest first."""
    query = await query_or_body(request, AnalyticCasesQuery)
    return await reply_large(await _cases(request).page(caller_of(request), query, address_of_list(request)))


@Operation("Show an analytic case", answer=AnalyticCaseRecord, errors=(NotFound,))
async def show(request: web.Request) -> web.Response:
    return reply(await _cases(request).get(caller_of(request), key_of(request)))


@Operation(
    "Change an analytic case",
    body=AnalyticCaseBody,
    answer=AnalyticCaseRecord,
    writes=True,
    errors=(NotFound, AnalyticCaseInvalid, CaseMirrored, TooManyCases),
)
async def update(request: web.Request) -> web.Response:
    """The body is the whole case: what it does not give has its default."""
    body = parse_body(AnalyticCaseBody, await request.read())
    return reply(await _cases(request).update(caller_of(request), key_of(request), body))


@Operation("Delete an analytic case", writes=True, status=204, errors=(NotFound, CaseMirrored))
async def delete(request: web.Request) -> web.Response:
    """The device looks for it no more."""
    await _cases(request).delete(caller_of(request), key_of(request))
    return reply_nothing()


_ONE = "/api/v1/analytic-cases/{key:[0-9]{1,18}}{slash:/?}"

ROUTES = (
    web.route("POST", "/api/v1/analytic-cases{slash:/?}", create),
    web.route("GET", "/api/v1/analytic-cases{slash:/?}", find),
    web.route("GET", _ONE, show),
    web.route("PUT", _ONE, update),
    web.route("DELETE", _ONE, delete),
)
