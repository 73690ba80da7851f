"""The OpenAPI document: valid, complete, and true of the served store. `conftest.py` checks every answer against it."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from fakes.api_document import METHODS, ApiDocument, Described, api_document, filled, succeeds
from fakes.inbound import add_cameras
from fakes.media_requests import MEDIA
from fakes.script_requests import SCRIPTS, WRONG_SCRIPTS
from fakes.served_store import SERIAL, ServedStore, SigningClient
from fakes.stored import make_clip
from openapi_spec_validator import OpenAPIV31SpecValidator

from agent.api.routes import ROUTES as AGENT_ROUTES
from presets_store import __version__
from presets_store.api import ROUTES, ApiSettings, build_app, make_runner
from presets_store.api.documentation import Operation
from presets_store.protocol.event_types import EVENT_TYPES
from presets_store.protocol.parameters import PARAMETER_MODELS

ID = "0190b5c2-7a3b-4c4d-8e5f-0123456789ab"
RECORD = {"deviceID": 1, "eventUUID": ID, "eventTypeID": 7, "eventStatus": 5, "result": "x"}
RECORDING = {
    "deviceID": 1, "agentType": "Video", "eventType": "Start_recording", "eventParameters": '{"fps": 25}',
    "priority": 1, "maxAttempts": 3, "expirationEpoch": 0,
}  # fmt: skip
PRESET = {"deviceID": 1, "deviceGroupID": 0, "eventTypeID": 7, "eventParameters": "{}", "eventPresetName": "Stage"}
RIGHT: list[tuple[str, str, Any]] = [
    ("GET", "/healthz", None),
    ("GET", "/readyz", None),
    ("POST", "/v1/event", RECORDING),
    ("POST", "/v1/event/", {"deviceName": SERIAL, "eventTypeID": 7}),
    ("POST", "/v1/eventpreset", PRESET),
    ("PUT", "/v1/eventpreset/1", {**PRESET, "key": 1, "eventPresetName": "Foyer", "creationDate": None}),
    ("POST", "/v1/eventpreset/1/copy/1", None),
    ("DELETE", "/v1/eventpreset/2", None),
    ("POST", "/v1/eventpreset/run/1", {}),
    ("POST", "/v1/eventpreset/run/1", {"data": [1]}),
    ("POST", "/v1/eventpreset/startupevent/standalone/1", {"deviceID": 1, "deviceGroupID": 0}),
    ("DELETE", "/v1/eventpreset/startupevent/standalone/device/1", None),
    ("POST", "/v1/event/lastevent/agenttype/1", {"deviceID": 1, "count": 1, "order": "desc"}),
    ("POST", "/v1/event/list", {"deviceID": 1, "startDate": None, "endDate": "2036-01-01T00:00:00Z", "count": 9}),
    ("POST", "/v1/event/list/pending", {"deviceSerial": SERIAL}),
    ("POST", "/v1/event/list/pending/longpoll", {"deviceID": 1}),
    ("POST", "/v1/event/dequeue", {"deviceName": SERIAL, "deviceSerial": SERIAL, "agentType": "Video", "processID": 4}),
    ("POST", "/v1/event/dequeue", {"deviceID": 1, "agentTypeID": 12}),
    ("POST", "/v1/event/dequeue/longpoll", {"deviceID": 1, "agentTypes": ["Video", 11], "processID": 4}),
    ("PUT", "/v1/event/1", {"eventStatus": 3, "attemptNumber": 1, "result": "", "processID": 4}),
    ("PATCH", "/v1/event/1/progress", {"percentComplete": 40}),
    ("PATCH", "/v1/event/status", {"deviceID": 1, "eventStatus": 4, "events": [1]}),
    ("POST", "/v1/event/endprocess/2", None),
    ("POST", "/v1/event/record", RECORD),
    ("DELETE", "/v1/event/list/pending/1", None),
    ("POST", "/v1/device", {"serialNumber": "3", "deviceName": "Foyer", "softwareDate": None, "gUID": ""}),
    ("PUT", "/v1/device/1", {"key": 1, "serialNumber": SERIAL, "deviceName": "Hall", "volume": 40}),
    ("POST", "/v1/device/name", {"deviceName": "Foyer"}),
    ("POST", "/v1/device/ready", {"deviceSerial": SERIAL, "agentType": "Device", "agentVersion": "1", "agentIndex": 0}),
    ("POST", "/v1/eventtype/list", {"agentType": "Video"}),
    ("POST", "/v1/eventtype/list", {"agentType": 11}),
    ("PUT", "/v1/device/1/cameras", []),
    ("POST", "/v1/devicegroup", {"value": "Foyer"}),
    ("POST", "/v1/devicegroup/name", {"value": "Foyer"}),
    ("GET", "/v1/devicegroup", {"value": "Foyer"}),
    ("PUT", "/v1/devicegroup/1", {"value": "Hall"}),
    ("POST", "/v1/devicegroup/1/device/1", None),
    ("GET", "/v1/devicegroup/1", None),
    ("GET", "/v1/devicegroup/1/device/list", None),
    ("GET", "/v1/devicegroup/1/item/list", None),
    ("POST", "/v1/eventpreset", {**PRESET, "deviceID": 0, "deviceGroupID": 1}),
    ("POST", "/v1/eventpreset/run/3", {}),
    ("GET", "/v1/eventpreset/run/group/8", None),
    ("DELETE", "/v1/eventpreset/3", None),
    ("DELETE", "/v1/collectionitem/1", None),
    ("DELETE", "/v1/devicegroup/1", None),
    ("POST", "/v1/agent", {"deviceName": SERIAL, "agentType": "Video", "agentVersion": "1", "processID": 4}),
    ("PUT", "/v1/agent/1", {"currentEventID": 1, "recentOutput": "ok"}),
    ("PATCH", "/v1/agent/1", [{"operation": "", "fieldName": "RecentOutput", "value": "fine"}]),
    ("POST", "/v1/agent/list", {"deviceID": 1, "count": 1}),
    ("GET", "/v1/agent/1", None),
    ("DELETE", "/v1/agent/1", None),
    ("PATCH", "/v1/device/2", [{"fieldName": "volume", "value": "3"}]),
    ("POST", "/v1/device/1/runanalytics/1", None),
    ("DELETE", "/v1/device/2", None),
    ("POST", "/v1/devicehealth", {"deviceName": SERIAL, "deviceSerial": SERIAL, "healthJSON": "{}"}),
    ("POST", "/v1/devicehealth/updatelatest", {"deviceID": 1, "healthJSON": "[1]"}),
    ("PUT", "/v1/devicehealth/1", {"healthJSON": "{}"}),
    ("GET", "/v1/devicehealth/1", None),
    ("GET", "/v1/devicehealth/getlatest/1", None),
    ("POST", "/v1/devicehealth/list", {"deviceID": 1, "startEpoch": 1, "endEpoch": 0, "count": 0, "order": "desc"}),
    ("POST", "/v1/device/1/health/linechart", {"variableName": "cpu.temp", "verticalLineTimestamps": [1]}),
    ("POST", "/v1/logmessage", {"deviceName": SERIAL, "agentType": "Video", "message": "x", "logDate": None}),
    ("POST", "/v1/logmessage/list", {"deviceID": 1, "count": 1}),
    ("GET", "/v1/logmessage/1", None),
    ("POST", "/v1/notification", {"message": "x", "seenInApp": False, "seenDate": None}),
    ("PUT", "/v1/notification/1", {"key": 1, "message": "y", "seenInApp": True}),
    ("GET", "/v1/notification/1", None),
    ("GET", "/v1/notification/list", None),
    ("DELETE", "/v1/notification/1", None),
    ("PUT", "/v1/devicesetting/device/1", {"name": "site", "value": "north"}),
    ("GET", "/v1/devicesetting/device/1/list", None),
    ("PUT", "/v1/usersetting", {"name": "zoom", "value": 3}),
    ("GET", "/v1/usersetting/list", None),
    ("POST", "/v1/stream/", {"deviceID": 1, "streamType": "SRT", "streamPath": "gate", "actionType": ""}),
    ("PUT", "/v1/stream/1", {"key": 1, "streamName": "Gate", "lastActivityDate": "2026-11-23T00:00:00Z"}),
    ("PATCH", "/v1/stream/1", [{"operation": "", "fieldName": "ReadURL", "value": "https://x"}]),
    ("GET", "/v1/stream/1", None),
    ("GET", "/v1/device/1/stream/mostrecent", None),
    ("GET", "/v1/device/1/stream/list", None),
    ("POST", "/v1/device/1/stream/path", {"value": "gate"}),
    ("DELETE", "/v1/stream/1", None),
    ("PUT", "/v1/clip/1", {"protected": True}),
    ("POST", "/v1/event/record/list", [RECORD]),
    ("POST", "/v1/apikey/own", None),
    ("DELETE", "/v1/apikey/own/others", None),
    *MEDIA,
    ("DELETE", "/v1/device/1/file/2", None),
    *SCRIPTS,
    *(("POST", f"/v1/{name}", None) for name in ("testauth", "testapicall", "versionauth", "versionapicall")),
    *(("GET", path, None) for path in (
        "/v1/event/1", "/v1/eventpreset/1", "/v1/eventpreset/list/device/1", "/v1/device/list", "/v1/device/1",
        "/v1/device/list/all", "/v1/device/list/health", "/v1/device/1/cameras", "/v1/devicegroup/list",
        "/v1/clip/list", "/v1/clip/1", "/v1/eventstatus/list", "/v1/agenttype/list", "/v1/test", "/v1/version",
        "/openapi.json", "/docs", "/docs/page.css", "/docs/page.js",
    )),
]  # fmt: skip
"""One after the other on a store with a clip: each right by the document, and answered as it says with 200."""

RIGHT_LOCALLY: list[tuple[str, str, Any]] = [
    ("POST", "/v1/apikey", {"aPIKeyDescription": "the hub"}),
    ("GET", "/v1/apikey/list", None),
    ("PUT", "/v1/apikey/2", {"aPIKeyDescription": "the old hub"}),
    ("POST", "/v1/apikey/2/rotate", None),
    ("GET", "/v1/apikey/3", None),
    ("DELETE", "/v1/apikey/3", None),
    ("POST", "/v1/user", {"userName": "alice", "role": "operator", "scope": "device", "scopeID": 1}),
    ("PUT", "/v1/user/2", {"role": "reader", "scope": "all"}),
    ("PUT", "/v1/user/2/password", {"password": "correct horse battery"}),
    *(("GET", path, None) for path in ("/v1/user/list", "/v1/user/2", "/v1/user/2/apikey/list", "/v1/session/list")),
    ("POST", "/v1/enrolment", {"description": "Foyer", "expiresInSeconds": 3600}),
    ("GET", "/v1/enrolment/list", None),
    ("DELETE", "/v1/enrolment/1", None),
]
"""The same over the Unix socket, unsigned."""

WRONG: list[tuple[str, str, Any]] = [
    ("POST", "/v1/event", {}),
    ("POST", "/v1/event", []),
    ("POST", "/v1/event", {**RECORDING, "deviceID": 0}),
    ("POST", "/v1/event", {**RECORDING, "eventType": ""}),
    ("POST", "/v1/event", {**RECORDING, "eventParameters": {"fps": 25}}),
    ("POST", "/v1/event", {**RECORDING, "priority": 1.5}),
    ("POST", "/v1/event", {**RECORDING, "maxAttempts": -1}),
    ("POST", "/v1/event", {**RECORDING, "maxAttempts": 2**63}),
    ("POST", "/v1/event", {**RECORDING, "deviceName": "x" * 257}),
    ("POST", "/v1/event", {**RECORDING, "eventType": True}),
    ("POST", "/v1/eventpreset", {**PRESET, "deviceGroupID": 3}),
    ("POST", "/v1/eventpreset", {**PRESET, "deviceID": 0}),
    ("POST", "/v1/eventpreset", {**PRESET, "eventTypeID": 0}),
    ("PUT", "/v1/eventpreset/1", {**PRESET, "deviceGroupID": 3}),
    ("PUT", "/v1/eventpreset/1", {**PRESET, "eventTypeID": 0}),
    ("POST", "/v1/eventpreset/run/1", {"data": [-1]}),
    ("POST", "/v1/eventpreset/run/1", {"data": [1] * 1001}),
    ("POST", "/v1/event/list", {"startDate": "yesterday"}),
    ("POST", "/v1/event/list", {"startDate": 20260330}),
    ("POST", "/v1/event/list", {"order": "newest"}),
    ("POST", "/v1/event/dequeue", {"deviceID": 1}),
    ("POST", "/v1/event/dequeue/longpoll", {"deviceID": 1, "agentTypes": []}),
    ("POST", "/v1/event/dequeue/longpoll", {"agentTypes": ["Video"]}),
    ("PUT", "/v1/event/1", {"eventStatus": 8}),
    ("PUT", "/v1/event/1", {"percentComplete": 101}),
    ("PATCH", "/v1/event/1/progress", {}),
    ("PATCH", "/v1/event/status", {"deviceID": 1, "eventStatus": 4}),
    ("POST", "/v1/event/record", {"deviceID": 1, "eventUUID": ID, "eventTypeID": 7, "eventStatus": 3}),
    ("POST", "/v1/event/record", {"deviceID": 1, "eventUUID": "x", "eventTypeID": 7, "eventStatus": 4}),
    ("POST", "/v1/event/record/list", {"deviceID": 1, "eventUUID": ID, "eventTypeID": 7, "eventStatus": 4}),
    ("POST", "/v1/device/name", {"deviceName": ""}),
    ("POST", "/v1/devicegroup", {}),
    ("POST", "/v1/devicegroup", {"value": 3}),
    ("POST", "/v1/agent", {"agentType": "Video"}),
    ("PATCH", "/v1/agent/1", [{"fieldName": "", "value": "x"}]),
    ("PATCH", "/v1/device/1", {"fieldName": "volume", "value": "3"}),
    ("POST", "/v1/devicehealth", {"deviceID": 1}),
    ("POST", "/v1/devicehealth/list", {}),
    ("POST", "/v1/logmessage", {"deviceID": 1}),
    ("POST", "/v1/notification", {"message": ""}),
    ("PUT", "/v1/devicesetting/device/1", {"value": "north"}),
    ("POST", "/v1/stream", {"deviceID": 1, "streamType": "SRTT"}),
    ("PUT", "/v1/stream/1", {"streamPath": "x" * 257}),
    ("PUT", "/v1/device/1/cameras", {"key": 1, "name": "x"}),
    ("PUT", "/v1/device/1/cameras", [{"key": 1}]),
    ("PUT", "/v1/device/1/cameras", [{"key": 1, "name": ""}]),
    *WRONG_SCRIPTS,
]

WITHOUT_HEAD = {
    ("head", "/v1/live"),
    *(("head", path) for path in ("/v1/shareddevicegroup/{rest}", "/v1/device/{key}/comment{rest}")),
}

CONTENT = "/v1/file/content/{guid}"
"""Opened by an address, not by a signature."""

TRIED_ELSEWHERE = {
    ("get", "/v1/live"), ("post", "/v1/file/success/{key}"), ("get", CONTENT), ("head", CONTENT), ("put", CONTENT),
    ("post", "/v1/mediarouter/auth"), ("post", "/api/v1/token"), ("post", "/api/admin/v1/auth/token"),
    *((method, "/v1/session") for method in ("post", "get", "delete")), ("post", "/v1/register/device"),
    ("put", "/v1/session/password"), ("post", "/api/v1/channels/{key}/test"),
    *((method, path) for method in ("get", "delete") for path in ("/v1/devicesetting/device/{key}", "/v1/usersetting")),
}  # fmt: skip

LAZY = """
import asyncio, sys
import presets_store.api as api
from presets_store.api.served_document import ServedDocument
from presets_store.protocol.events import CreateEvent, UpdateEvent
from presets_store.protocol.parameters import PARAMETER_MODELS

def built():
    return sum(model.__pydantic_complete__ for model in (CreateEvent, UpdateEvent, *PARAMETER_MODELS.values()))

served = ServedDocument(api.ROUTES)
print(built(), "presets_store.api.openapi" in sys.modules)
asyncio.run(served.text())
print(built() - len(PARAMETER_MODELS), "presets_store.api.openapi" in sys.modules, "jsonschema" in sys.modules)
"""


@pytest.mark.parametrize("routes", [ROUTES, (*ROUTES, *AGENT_ROUTES)], ids=["hub", "agent"])
def test_document_is_valid_openapi(routes: Sequence[web.RouteDef]) -> None:
    content = ApiDocument(routes).content
    OpenAPIV31SpecValidator(content).validate()
    assert content["openapi"] == "3.1.0"
    assert content["info"]["version"] == __version__


def test_document_has_every_route_and_no_other(store: ServedStore) -> None:
    registered = {
        (method, route.resource.canonical.replace("{slash}", ""))
        for route in store.app.router.routes()
        if route.resource is not None
        for method in (METHODS if route.method == "*" else [route.method.lower()])
    }
    described = {(each.method, each.path) for each in api_document().operations()}
    assert registered == described | {("head", path) for method, path in described if method == "get"} - WITHOUT_HEAD


async def test_document_is_served_to_anyone_and_made_once(store: ServedStore) -> None:
    answers = await asyncio.gather(*(store.client.send("GET", "/openapi.json") for _ in range(3)))
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert answers[0].headers["Content-Type"] == "application/json"
    assert [answer.body for answer in answers] == [answers[0].body] * 3
    assert answers[0].json() == api_document().content
    assert SERIAL.encode() not in answers[0].body


def test_nothing_is_built_before_somebody_asks() -> None:
    shown = subprocess.run([sys.executable, "-P", "-c", LAZY], check=True, capture_output=True, text=True).stdout
    assert shown.split() == ["0", "False", "2", "True", "False"]


async def test_routes_of_the_owner_are_served_and_documented(store: ServedStore) -> None:
    @Operation("Whether it rains", answer=dict[str, Any])
    async def weather(request: web.Request) -> web.Response:
        return web.json_response({})

    extra = web.get("/v1/weather{slash:/?}", weather, allow_head=False)
    app = build_app(store.services, store.clock, ApiSettings(version="1"), extra_routes=[extra])
    assert "/v1/weather{slash}" in {resource.canonical for resource in app.router.resources()}
    (operation,) = [each for each in ApiDocument([*ROUTES, extra]).operations() if each.path == "/v1/weather"]
    assert (operation.content["summary"], operation.content["operationId"]) == ("Whether it rains", "getWeather")

    async def silent(request: web.Request) -> web.Response:
        return web.json_response({})

    with pytest.raises(LookupError, match=r"GET /v1/silent has no @Operation"):
        build_app(store.services, store.clock, ApiSettings(version="1"), extra_routes=[web.get("/v1/silent", silent)])


async def test_only_what_the_document_leaves_open_is_open(store: ServedStore) -> None:
    for method, path, operation in api_document().operations():
        if path == CONTENT:
            continue
        answer = await store.client.send(method.upper(), filled(path))
        assert (answer.status == 401) == (operation.get("security") != []), (method, path, answer)


async def test_what_is_left_out_says_so_in_both(store: ServedStore) -> None:
    left_out = [each for each in api_document().operations() if not succeeds(each.content)]
    assert len(left_out) == 22
    for method, path, operation in left_out:
        assert "501" in operation["responses"]
        assert (await store.client.call(method.upper(), filled(path))).status == 501


def test_every_route_that_is_offered_is_tried() -> None:
    found = [api_document().find(method, path) for method, path, _body in (*RIGHT, *RIGHT_LOCALLY)]
    tried = {(each.method, each.path) for each in found if each is not None}
    offered = {(method, path) for method, path, operation in api_document().operations() if succeeds(operation)}
    assert offered - tried == TRIED_ELSEWHERE


async def test_right_requests_are_right_in_both(store: ServedStore) -> None:
    await store.services.clips.index(make_clip(store.device))
    await add_cameras(store, "desk")
    for method, path, body in RIGHT:
        if body is not None:
            assert api_document().request_faults(method, path, body) == [], (method, path)
        answer = await store.client.call(method, path, body)
        assert answer.status in (200, 202, 204), (method, path, answer)


async def test_local_requests_are_right_in_both(store: ServedStore, tmp_path: Path) -> None:
    runner = make_runner(build_app(store.services, store.clock, ApiSettings(version="1")))
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "api.sock")).start()
    try:
        async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(tmp_path / "api.sock"))) as session:
            client = SigningClient("http://device", store.client.key, store.clock, session)
            for method, path, body in RIGHT_LOCALLY:
                if body is not None:
                    assert api_document().request_faults(method, path, body) == [], (method, path)
                answer = await client.send(method, path, json.dumps(body).encode() if body else None)
                assert answer.status == 200, (method, path, answer)
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_wrong_requests_are_wrong_in_both(store: ServedStore) -> None:
    for method, path, body in WRONG:
        assert api_document().request_faults(method, path, body), (method, path, body)
        answer = await store.client.call(method, path, body)
        assert answer.status == (422 if path.startswith("/api/") else 400), (method, path, body, answer)


@pytest.mark.parametrize(
    ("event_type", "parameters"),
    [
        ("Video_Start_recording", {"fps": -1}),
        ("Video_Start_recording", {"rotationDegrees": 45}),
        ("Video_Start_recording", {"hflip": 2}),
        ("Video_Start_recording", [1]),
        ("Image_Start_taking_photos", {"quality": 101}),
        ("Device_Update_setting", {"value": "no name"}),
        ("Workflow_Event_preset_workflow", [{"deviceID": 1}]),
        ("Workflow_Event_preset_workflow", {"deviceID": 1}),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_wrong_parameters_are_wrong_in_both(store: ServedStore, event_type: str, parameters: Any) -> None:
    pointer = f"urn:api#/components/schemas/EventParameters/x-event-types/{event_type}"
    assert api_document().faults(pointer, parameters)
    body = {"deviceID": store.device, "eventType": event_type, "eventParameters": json.dumps(parameters)}
    answer = await store.client.call("POST", "/v1/event", body)
    assert (answer.status, answer.json()["code"]) == (400, "bad_parameters")


def test_event_parameters_refer_to_the_schema_of_each_type() -> None:
    schemas = api_document().content["components"]["schemas"]
    for name in ("CreateEvent", "CreateEventPreset", "EventRecord", "EventPresetRecord"):
        member = schemas[name]["properties"]["eventParameters"]
        assert (member["type"], member["contentMediaType"]) == ("string", "application/json")
        assert member["contentSchema"] == {"$ref": "#/components/schemas/EventParameters"}
    described = schemas["EventParameters"]["x-event-types"]
    assert set(described) == {EVENT_TYPES[number].wire_name for number in PARAMETER_MODELS}


def said(operation: Described, status: str) -> set[str]:
    response = operation.content["responses"][status]
    if "$ref" in response:
        response = api_document().content["components"]["responses"][response["$ref"].rpartition("/")[2]]
    (_problem, codes) = response["content"]["application/problem+json"]["schema"]["allOf"]
    return set(codes["properties"]["code"]["enum"])


def test_refusals_of_a_route_are_listed_with_status_and_code() -> None:
    update = api_document().find("PUT", "/v1/event/1")
    assert update is not None
    assert {"400", "401", "403", "404", "408", "409", "413", "419", "422", "429", "500", "503"} | {"200"} == set(
        update.content["responses"]
    )
    assert {"already_ended", "held_by_another", "stale_attempt"} <= said(update, "409")
    assert {"signature_mismatch", "timestamp_outside_window", "nonce_used", "not_authenticated"} <= said(update, "401")
    assert "forbidden" in said(update, "403")
    assert said(update, "422") == {"idempotency_key_reused"}
    assert "bad_json" in said(update, "400")
