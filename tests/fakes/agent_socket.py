"""A small server on a Unix socket that answers like the agent's API, from records that a test may change."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from presets_store import __version__

CREATED = "2026-07-01T10:00:00.000000Z"

DEVICE = {"key": 1, "deviceName": "box", "serialNumber": "ABC-1"}


def event(key: int, **members: Any) -> dict[str, Any]:
    """An event in the list form."""
    return {
        "key": key,
        "deviceID": 1,
        "eventTypeID": 1,
        "eventType": "Video_Start_recording",
        "eventStatus": 1,
        "eventParameters": '{"durationSeconds": 2}',
        "result": "",
        "percentComplete": 0.0,
        "priority": 1,
        "attemptNumber": 0,
        "maxAttempts": 3,
        "creationDate": CREATED,
    } | members


def preset(key: int, **members: Any) -> dict[str, Any]:
    """A preset."""
    return {
        "key": key,
        "eventPresetName": f"preset {key}",
        "deviceID": 1,
        "eventTypeID": 1,
        "eventParameters": "{}",
        "priority": 1,
        "maxAttempts": 1,
        "expirationEpoch": 0,
        "tagString": "",
        "tagNumber": 0,
        "creationDate": CREATED,
    } | members


def camera(key: int, **members: Any) -> dict[str, Any]:
    """A camera."""
    return {
        "key": key,
        "deviceID": 1,
        "cameraIndex": key - 1,
        "cameraID": "main",
        "name": "Main camera",
        "address": "/dev/video0",
        "backend": "v4l2",
        "state": "open",
    } | members


def clip(key: int, **members: Any) -> dict[str, Any]:
    """A clip."""
    return {
        "key": key,
        "eventID": 7,
        "attemptNumber": 1,
        "cameraID": "main",
        "file": "main/2026-07-01/100000-1.mp4",
        "state": "closed",
        "codec": "h264",
        "width": 1280,
        "height": 720,
        "framesPerSecond": 29.97,
        "frames": 300,
        "droppedFrames": 0,
        "fileSize": 1_234_567,
        "sHA256Hash": "ab" * 32,
        "startDate": CREATED,
        "clipLengthInSeconds": 125.2,
        "clockQuality": "synchronised",
        "encoded": False,
    } | members


class AgentSocket:
    """The records that are answered, what was sent, and the live listeners."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.version = __version__
        self.events: dict[int, dict[str, Any]] = {}
        self.devices: list[dict[str, Any]] = [DEVICE]
        self.any_event_type = False
        self.group_run: dict[str, Any] = {}
        """The answer to a run on several devices."""
        self.presets: dict[int, dict[str, Any]] = {}
        self.cameras: list[dict[str, Any]] = [camera(1)]
        self.clips: list[dict[str, Any]] = []
        self.sent: list[tuple[str, Any]] = []
        self.answers: dict[str, Any] = {"GET /v1/device/1": DEVICE}
        """What other requests are answered, by `METHOD path`: a document, a problem's response, None for no body."""
        self.listening = asyncio.Event()
        self._listeners: list[web.StreamResponse] = []

    async def tell(self, kind: str, record: dict[str, Any]) -> None:
        """Stores an event's new record and tells the live listeners."""
        self.events[record["key"]] = record
        message = json.dumps({"sequence": 1, "kind": kind, "deviceID": 1, "data": record})
        for listener in list(self._listeners):
            try:
                await listener.write(f"id: 1\nevent: {kind}\ndata: {message}\n\n".encode())
            except ConnectionError:
                self._listeners.remove(listener)

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/v1/version", self._version),
                web.get("/v1/live", self._live),
                web.get("/v1/device/list", self._devices),
                web.post("/v1/device/name", self._device),
                web.get("/v1/device/1/cameras", self._list_cameras),
                web.post("/v1/eventpreset", self._create_preset),
                web.get("/v1/eventpreset/list/device/1", self._list_presets),
                web.get("/v1/eventpreset/{key}", self._preset),
                web.post("/v1/eventpreset/run/{key}", self._run_preset),
                web.post("/v1/event/list", self._list_events),
                web.get("/v1/event/{key}", self._event),
                web.post("/v1/event/endprocess/{key}", self._end),
                web.get("/v1/clip/list", self._list_clips),
                web.get("/v1/clip/{key}", self._clip),
                web.route("*", "/{path:.*}", self._scripted),
            ]
        )
        return app

    async def _scripted(self, request: web.Request) -> web.Response:
        text = await request.text()
        asked = f"{request.method} {request.path}"
        if request.method != "GET":
            self.sent.append((asked, json.loads(text) if text else None))
        if asked not in self.answers:
            return problem(404, "not_found", f"nothing answers {asked}")
        answer = self.answers[asked]
        if callable(answer):
            answer = answer()
        return answer if isinstance(answer, web.Response) else web.Response() if answer is None else _answer(answer)

    async def _version(self, _: web.Request) -> web.Response:
        return _answer({"Version": self.version, "BuildDate": "", "Product": "cuelight"})

    async def _live(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b": alive\n\n")
        self._listeners.append(response)
        self.listening.set()
        await asyncio.sleep(3600)
        return response

    async def _device(self, request: web.Request) -> web.Response:
        named = (await request.json())["deviceName"]
        return _answer(DEVICE) if named in ("box", "ABC-1") else problem(404, "not_found", f"no device {named}")

    async def _devices(self, _: web.Request) -> web.Response:
        return _answer(self.devices)

    async def _list_cameras(self, _: web.Request) -> web.Response:
        return _answer(self.cameras)

    async def _list_presets(self, _: web.Request) -> web.Response:
        return _answer(list(self.presets.values()))

    async def _preset(self, request: web.Request) -> web.Response:
        return _one(self.presets, request)

    async def _clip(self, request: web.Request) -> web.Response:
        return _one({item["key"]: item for item in self.clips}, request)

    async def _create_preset(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.sent.append((request.path, body))
        if body["eventType"] != "Video_Start_recording" and not self.any_event_type:
            wrong = {"field": "eventType", "problem": "is unknown", "expected": "Video_Start_recording"}
            return problem(400, "unknown_event_type", "No such event type.", errors=[wrong])
        key = len(self.presets) + 1
        self.presets[key] = preset(
            key, eventPresetName=body["eventPresetName"], eventParameters=body["eventParameters"]
        )
        return _answer(self.presets[key])

    async def _run_preset(self, request: web.Request) -> web.Response:
        self.sent.append((request.path, body := await request.json()))
        if len(body.get("data", [])) > 1:
            return _answer(self.group_run)
        key = len(self.events) + 1
        self.events[key] = event(key)
        return _answer({"EventID": key})

    async def _list_events(self, request: web.Request) -> web.Response:
        count = (await request.json())["count"]
        newest = sorted(self.events.values(), key=lambda record: -record["key"])
        return _answer(newest[:count] if count else newest)

    async def _event(self, request: web.Request) -> web.Response:
        record = self.events.get(int(request.match_info["key"]))
        if record is None:
            return problem(404, "not_found", f"There is no event {request.match_info['key']}.")
        named = ("deviceID", "eventTypeID", "eventType", "creationDate")
        reduced = {name: value for name, value in record.items() if name not in named}
        return _answer({"eventID": record["key"], **reduced})

    async def _end(self, request: web.Request) -> web.Response:
        key = int(request.match_info["key"])
        self.sent.append((request.path, None))
        if self.events[key]["eventStatus"] >= 4:
            return problem(409, "already_ended", f"Event {key} has ended.")
        if self.events[key]["eventStatus"] == 1:
            self.events[key]["eventStatus"] = 7
        return _answer({"code": 0, "description": "0"})

    async def _list_clips(self, request: web.Request) -> web.Response:
        of_event = int(request.query.get("event", 0))
        return _answer([item for item in self.clips if of_event in (0, item["eventID"])])


def _answer(value: Any) -> web.Response:
    return web.json_response(value)


def _one(records: dict[int, dict[str, Any]], request: web.Request) -> web.Response:
    record = records.get(int(request.match_info["key"]))
    return problem(404, "not_found", "There is no such record.") if record is None else _answer(record)


def problem(status: int, code: str, detail: str, **more: Any) -> web.Response:
    """A refusal as the API words it."""
    document = {"type": f"urn:cuelight:problem:{code}", "status": status, "detail": detail} | more
    return web.json_response(document, status=status, content_type="application/problem+json")


@asynccontextmanager
async def serving(path: Path) -> AsyncIterator[AgentSocket]:
    """The fake agent at the socket `path`."""
    agent = AgentSocket(path)
    runner = web.AppRunner(agent.app(), shutdown_timeout=0.1)
    await runner.setup()
    await web.UnixSite(runner, str(path)).start()
    try:
        yield agent
    finally:
        await runner.cleanup()
