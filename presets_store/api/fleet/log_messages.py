"""Routes of log messages."""

from aiohttp import web

from presets_store.api.answers import reply
from presets_store.api.documentation import NAMED_DEVICE, Operation
from presets_store.api.fleet.pages import reply_dated_page
from presets_store.api.keys import SERVICES, caller_of, key_of, query_of
from presets_store.protocol.errors import UnknownAgentType
from presets_store.protocol.filters import DateAndCountFilter
from presets_store.protocol.fleet.messages import CreateLogMessage
from presets_store.protocol.fleet.pages import DatedPageQuery
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.telemetry import LogMessageRecord, LogMessageWithNames
from presets_store.services.errors import NotFound
from presets_store.services.fleet.log_messages import LogMessagesService


def _logs(request: web.Request) -> LogMessagesService:
    return request.app[SERVICES].telemetry.logs


@Operation(
    "Keep a log message",
    body=CreateLogMessage,
    answer=LogMessageRecord,
    writes=True,
    errors=(*NAMED_DEVICE, UnknownAgentType),
)
async def create(request: web.Request) -> web.Response:
    """`logDate` may have a blank in place of the `T`."""
    return reply(await _logs(request).create(caller_of(request), parse_body(CreateLogMessage, await request.read())))


@Operation("Show a log message", answer=LogMessageRecord, errors=(NotFound,))
async def show(request: web.Request) -> web.Response:
    return reply(await _logs(request).get(caller_of(request), key_of(request)))


@Operation(
    "List log messages",
    body=DateAndCountFilter,
    query=DatedPageQuery,
    answer=list[LogMessageWithNames],
    errors=(NotFound,),
)
async def find(request: web.Request) -> web.Response:
    """Of one device, or of all, by their dates: at most 5000, and at most 16 MiB of text.

    When there may be more, `Link` tells the address of the next page, for the same body.
    """
    body = parse_body(DateAndCountFilter, await request.read())
    after = parse_body(DatedPageQuery, query_of(request)).place
    return await reply_dated_page(request, await _logs(request).find(caller_of(request), body, after))


ROUTES = (
    web.route("POST", "/v1/logmessage{slash:/?}", create),
    web.route("POST", "/v1/logmessage/list{slash:/?}", find),
    web.route("GET", "/v1/logmessage/{key:[0-9]{1,18}}{slash:/?}", show),
)
