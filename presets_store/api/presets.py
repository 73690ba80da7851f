"""Routes of presets."""

from aiohttp import web

from presets_store.api.answers import reply, reply_list
from presets_store.api.documentation import NAMED_TYPE, Operation
from presets_store.api.keys import SERVICES, caller_of, key_of
from presets_store.protocol.events import EventWithNames
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.presets import (
    STARTUP_STATES,
    CopiedPreset,
    CreateEventPreset,
    EventIdAnswer,
    EventPresetRecord,
    GroupRunAnswer,
    RunPreset,
    StartupTarget,
    UpdateEventPreset,
)
from presets_store.rules.bindings import NotBindable, PresetBound, StartupStateUnknown
from presets_store.rules.targeting import TargetUnclear
from presets_store.services.errors import GroupEmpty, NotFound


@Operation(
    "Create a preset",
    body=CreateEventPreset,
    answer=EventPresetRecord,
    writes=True,
    errors=(NotFound, TargetUnclear, *NAMED_TYPE),
)
async def create(request: web.Request) -> web.Response:
    """Exactly one of `deviceID` and `deviceGroupID` says where it runs; `eventParameters` is JSON in a string."""
    body = parse_body(CreateEventPreset, await request.read())
    return reply(await request.app[SERVICES].presets.create(caller_of(request), body))


@Operation("Show a preset", answer=EventPresetRecord, errors=(NotFound,))
async def show(request: web.Request) -> web.Response:
    return reply(await request.app[SERVICES].presets.get(caller_of(request), key_of(request)))


@Operation(
    "Change a preset",
    body=UpdateEventPreset,
    writes=True,
    errors=(NotFound, TargetUnclear, NotBindable, PresetBound, *NAMED_TYPE),
)
async def update(request: web.Request) -> web.Response:
    """The body is the whole preset. A device that keeps it for its start-up is sent it anew.

    A preset that is bound to a start-up cannot get another target.
    """
    body = parse_body(UpdateEventPreset, await request.read())
    await request.app[SERVICES].presets.update(caller_of(request), key_of(request), body)
    return reply(None)


@Operation("Delete a preset", writes=True, errors=(NotFound, PresetBound))
async def delete(request: web.Request) -> web.Response:
    """One that is bound to a start-up, or a step of a workflow that is, stays until the binding has ended."""
    await request.app[SERVICES].presets.delete(caller_of(request), key_of(request))
    return reply(None)


@Operation(
    "Copy a preset to a device",
    answer=CopiedPreset,
    writes=True,
    variables={"device": "The key of the device that gets the copy."},
    errors=(NotFound,),
)
async def copy(request: web.Request) -> web.Response:
    """Answers the new preset; its source stays as it is. `warnings` say what the device lacks for it."""
    presets = request.app[SERVICES].presets
    return reply(await presets.copy(caller_of(request), key_of(request), key_of(request, "device")))


@Operation(
    "List a device's presets",
    answer=list[EventPresetRecord],
    variables={"key": "The device's key."},
    errors=(NotFound,),
)
async def of_device(request: web.Request) -> web.Response:
    """Its own, and those of the device groups that it is in."""
    return reply(await request.app[SERVICES].presets.of_device(caller_of(request), key_of(request)))


@Operation(
    "Run a preset",
    body=RunPreset,
    answer=EventIdAnswer | GroupRunAnswer,
    writes=True,
    errors=(NotFound, GroupEmpty),
)
async def run(request: web.Request) -> web.Response:
    """Queues its event on its device, or one on each device of its group or of `data`: all of them, or none."""
    body = parse_body(RunPreset, await request.read())
    return reply(await request.app[SERVICES].presets.run(caller_of(request), key_of(request), body))


@Operation(
    "What became of a run on several devices",
    answer=list[EventWithNames],
    variables={"key": "`GroupRunID` of the run's answer."},
    errors=(NotFound,),
)
async def group_run(request: web.Request) -> web.Response:
    """One event for each device."""
    return await reply_list(await request.app[SERVICES].events.of_group_run(caller_of(request), key_of(request)))


@Operation(
    "Bind a preset to its device's start-up",
    body=StartupTarget,
    answer=EventIdAnswer,
    writes=True,
    variables={"state": STARTUP_STATES, "key": "The preset's key."},
    errors=(NotFound, StartupStateUnknown, NotBindable),
)
async def bind(request: web.Request) -> web.Response:
    """`online`: it runs when the device starts and reaches its server; `EventID` is 0.

    `standalone`: it runs when the device starts without a network; `EventID` is the event by which the device is told
    to keep it. The preset's own device counts; one that the body names must be the same.
    """
    state, body = request.match_info["state"], parse_body(StartupTarget, await request.read())
    startup = request.app[SERVICES].startup
    return reply(await startup.bind(caller_of(request), state, key_of(request), body))


@Operation(
    "End a start-up binding",
    answer=EventIdAnswer,
    writes=True,
    variables={"state": STARTUP_STATES, "key": "The device's key."},
    errors=(NotFound, StartupStateUnknown),
)
async def unbind(request: web.Request) -> web.Response:
    """`EventID` is 0 for `online`; for `standalone` the event by which the device is told to forget its preset."""
    startup = request.app[SERVICES].startup
    return reply(await startup.unbind(caller_of(request), request.match_info["state"], key_of(request)))


ROUTES = (
    web.route("POST", "/v1/eventpreset{slash:/?}", create),
    web.route("GET", "/v1/eventpreset/{key:[0-9]{1,18}}{slash:/?}", show),
    web.route("PUT", "/v1/eventpreset/{key:[0-9]{1,18}}{slash:/?}", update),
    web.route("DELETE", "/v1/eventpreset/{key:[0-9]{1,18}}{slash:/?}", delete),
    web.route("POST", "/v1/eventpreset/{key:[0-9]{1,18}}/copy/{device:[0-9]{1,18}}{slash:/?}", copy),
    web.route("POST", "/v1/eventpreset/startupevent/{state:[^/]+}/{key:[0-9]{1,18}}{slash:/?}", bind),
    web.route("DELETE", "/v1/eventpreset/startupevent/{state:[^/]+}/device/{key:[0-9]{1,18}}{slash:/?}", unbind),
    web.route("GET", "/v1/eventpreset/list/device/{key:[0-9]{1,18}}{slash:/?}", of_device),
    web.route("POST", "/v1/eventpreset/run/{key:[0-9]{1,18}}{slash:/?}", run),
    web.route("GET", "/v1/eventpreset/run/group/{key:[0-9]{1,18}}{slash:/?}", group_run),
)
