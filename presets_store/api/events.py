"""Routes of events."""

from aiohttp import web

from presets_store.api.answers import reply, reply_list
from presets_store.api.documentation import NAMED_DEVICE, NAMED_TYPE, Operation
from presets_store.api.fleet.pages import reply_page
from presets_store.api.keys import SERVICES, SETTINGS, caller_of, header_of, key_of, query_of
from presets_store.protocol.errors import UnknownAgentType, UnknownEventType
from presets_store.protocol.events import (
    CreateEvent,
    CreateEventAnswer,
    DequeueEvent,
    EventRecord,
    EventRecordUpload,
    EventStatusRecord,
    EventWithNames,
    PendingQuery,
    ProgressUpdate,
    StatusUpdate,
    UpdateEvent,
    WaitForEvent,
)
from presets_store.protocol.filters import DateAndCountFilter
from presets_store.protocol.fleet.pages import PageQuery
from presets_store.protocol.parsing import parse_body, parse_body_list
from presets_store.protocol.system import StandardResult
from presets_store.rules.commands import TransitionRefused
from presets_store.services.errors import InvalidInput, NotFound, RecordDiffers, TooManyPolls
from presets_store.services.events import EventsService


def _events(request: web.Request) -> EventsService:
    return request.app[SERVICES].events


@Operation(
    "Queue an event for a device",
    body=CreateEvent,
    answer=CreateEventAnswer,
    writes=True,
    errors=(*NAMED_DEVICE, *NAMED_TYPE),
)
async def create(request: web.Request) -> web.Response:
    body = parse_body(CreateEvent, await request.read())
    return reply(await _events(request).create(caller_of(request), body))


@Operation("What became of an event", answer=EventStatusRecord, errors=(NotFound,))
async def show(request: web.Request) -> web.Response:
    return reply(await _events(request).get(caller_of(request), key_of(request)))


@Operation(
    "Report on an event",
    body=UpdateEvent,
    writes=True,
    headers=("X-Checkout-Token", "X-Boot-ID"),
    errors=(NotFound, TransitionRefused),
)
async def update(request: web.Request) -> web.Response:
    """The report of the agent that carries the event out. An identical repeat of the last word is taken."""
    body = parse_body(UpdateEvent, await request.read())
    token, boot_id = header_of(request, "X-Checkout-Token"), header_of(request, "X-Boot-ID")
    await _events(request).update(caller_of(request), key_of(request), body, token=token, boot_id=boot_id)
    return reply(None)


@Operation(
    "Report an event's progress",
    body=ProgressUpdate,
    writes=True,
    headers=("X-Checkout-Token",),
    errors=(NotFound, *NAMED_DEVICE, InvalidInput, TransitionRefused),
)
async def progress(request: web.Request) -> web.Response:
    body = parse_body(ProgressUpdate, await request.read())
    token = header_of(request, "X-Checkout-Token")
    await _events(request).progress(caller_of(request), key_of(request), body, token=token)
    return reply(None)


@Operation(
    "Set the status of several events",
    body=StatusUpdate,
    writes=True,
    errors=(NotFound, *NAMED_DEVICE, InvalidInput, TransitionRefused),
)
async def set_status(request: web.Request) -> web.Response:
    """All of them, or none. Cancelled asks their device to end them."""
    body = parse_body(StatusUpdate, await request.read())
    await _events(request).set_status(caller_of(request), body)
    return reply(None)


@Operation("List events by date", body=DateAndCountFilter, query=PageQuery, answer=list[EventWithNames])
async def find(request: web.Request) -> web.Response:
    """10,000 at most; when there may be more, `Link` tells the address of the next page, for the same body."""
    body = parse_body(DateAndCountFilter, await request.read())
    page = parse_body(PageQuery, query_of(request))
    return await reply_page(request, await _events(request).find(caller_of(request), body, page.after), body.count)


@Operation(
    "The last event of each device",
    body=DateAndCountFilter,
    answer=list[EventWithNames],
    variables={"key": "The number of the agent type."},
    errors=(UnknownAgentType,),
)
async def last(request: web.Request) -> web.Response:
    """Of the agent type: the newest one of each device that the filter lets through."""
    body = parse_body(DateAndCountFilter, await request.read())
    return await reply_list(await _events(request).last(caller_of(request), key_of(request), body))


@Operation(
    "Check out a device's next event",
    body=DequeueEvent,
    answer=EventRecord | None,
    writes=True,
    errors=(*NAMED_DEVICE, UnknownAgentType),
)
async def dequeue(request: web.Request) -> web.Response:
    """Of the agent type that is named. The checkout lasts 60 s from the last word about the event."""
    body = parse_body(DequeueEvent, await request.read())
    return reply(await _events(request).dequeue(caller_of(request), body))


@Operation(
    "Wait for a device's next event and check it out",
    body=WaitForEvent,
    answer=EventRecord | None,
    writes=True,
    errors=(*NAMED_DEVICE, UnknownAgentType, TooManyPolls),
)
async def wait_to_dequeue(request: web.Request) -> web.Response:
    """An extension: `longpoll` and `dequeue` in one, of any of the agent types. Held for 60 s at most, then empty.

    With an `Idempotency-Key` an answer that was lost on the way is had again.
    """
    body = parse_body(WaitForEvent, await request.read())
    hold = request.app[SETTINGS].long_poll_hold
    return reply(await _events(request).wait_to_dequeue(caller_of(request), body, hold))


@Operation("A device's next event", body=PendingQuery, answer=list[EventWithNames], errors=NAMED_DEVICE)
async def pending(request: web.Request) -> web.Response:
    """In a list of one, or an empty list. The event stays pending."""
    query = parse_body(PendingQuery, await request.read())
    return reply(await _events(request).first_pending(caller_of(request), query))


@Operation(
    "Wait for a device's next event",
    body=PendingQuery,
    answer=list[EventWithNames],
    errors=(*NAMED_DEVICE, TooManyPolls),
)
async def long_poll(request: web.Request) -> web.Response:
    """As without `longpoll`, but when nothing is pending the answer is held until something is, for 60 s at most.

    After that, and when the server stops, the list is empty. A client waits a little longer than 60 s, and asks again.
    """
    query = parse_body(PendingQuery, await request.read())
    hold = request.app[SETTINGS].long_poll_hold
    return reply(await _events(request).wait_for_pending(caller_of(request), query, hold))


@Operation(
    "Cancel all that waits for a device",
    answer=list[EventWithNames],
    writes=True,
    variables={"key": "The device's key."},
    errors=(NotFound,),
)
async def clear_pending(request: web.Request) -> web.Response:
    """Answers the events that were cancelled."""
    return await reply_list(await _events(request).clear_pending(caller_of(request), key_of(request)))


@Operation("End an event", answer=StandardResult, writes=True, errors=(NotFound, TransitionRefused))
async def end(request: web.Request) -> web.Response:
    """One that waits is cancelled at once; for one that a device has, a `Device_End_process` is queued.

    `description` is the key of that new event, "0" when none was needed.
    """
    return reply(await _events(request).end(caller_of(request), key_of(request)))


@Operation(
    "Record an event that ended on its device",
    body=EventRecordUpload,
    answer=CreateEventAnswer,
    writes=True,
    errors=(*NAMED_DEVICE, UnknownEventType, RecordDiffers),
)
async def record(request: web.Request) -> web.Response:
    """A repeat answers the same key."""
    body = parse_body(EventRecordUpload, await request.read())
    return reply(await _events(request).record(caller_of(request), body))


@Operation(
    "Record events that ended on their devices",
    body=list[EventRecordUpload],
    answer=list[CreateEventAnswer],
    writes=True,
    errors=(*NAMED_DEVICE, UnknownEventType, RecordDiffers),
)
async def record_list(request: web.Request) -> web.Response:
    """As one alone, in the order given; all of them, or none."""
    bodies = parse_body_list(EventRecordUpload, await request.read())
    return await reply_list(await _events(request).record_all(caller_of(request), bodies))


ROUTES = (
    web.route("POST", "/v1/event{slash:/?}", create),
    web.route("POST", "/v1/event/dequeue{slash:/?}", dequeue),
    web.route("POST", "/v1/event/dequeue/longpoll{slash:/?}", wait_to_dequeue),
    web.route("POST", "/v1/event/list{slash:/?}", find),
    web.route("POST", "/v1/event/lastevent/agenttype/{key:[0-9]{1,18}}{slash:/?}", last),
    web.route("POST", "/v1/event/list/pending{slash:/?}", pending),
    web.route("POST", "/v1/event/list/pending/longpoll{slash:/?}", long_poll),
    web.route("DELETE", "/v1/event/list/pending/{key:[0-9]{1,18}}{slash:/?}", clear_pending),
    web.route("POST", "/v1/event/endprocess/{key:[0-9]{1,18}}{slash:/?}", end),
    web.route("POST", "/v1/event/record{slash:/?}", record),
    web.route("POST", "/v1/event/record/list{slash:/?}", record_list),
    web.route("PATCH", "/v1/event/status{slash:/?}", set_status),
    web.route("GET", "/v1/event/{key:[0-9]{1,18}}{slash:/?}", show),
    web.route("PUT", "/v1/event/{key:[0-9]{1,18}}{slash:/?}", update),
    web.route("PATCH", "/v1/event/{key:[0-9]{1,18}}/progress{slash:/?}", progress),
)
