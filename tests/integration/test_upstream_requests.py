"""Every kind of request that an agent makes under a hub: as the third-party package signs, says and understands it."""

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from re import sub
from typing import Any

import aiohttp
import pytest
from actionstreamer import Model
from actionstreamer.CommonFunctions.common_functions import get_hmac_signature
from aiohttp import web
from fakes.agent_process import AgentProcess
from fakes.far_server import far_server
from fakes.hub_process import HubProcess
from fakes.served_store import SigningClient
from yarl import URL

SERIAL = "10001234"
NAMED = {"deviceName", "deviceSerial"}
REGISTERED = NAMED | {"agentType", "agentVersion", "agentIndex", "processID"}
HOP = {"Host", "Content-Length", "Transfer-Encoding", "Connection", "Content-Encoding"}


@dataclass(frozen=True)
class Kind:
    """`body`: the package's class of the request's record, or the contract's names of its members, of which none is
    beside; `answer`: the package's class of what comes back, None where it takes any text.
    """

    body: type[Any] | set[str]
    answer: type[Any] | None = None


KINDS: Mapping[str, Kind] = {
    "POST /v1/device/ready": Kind(REGISTERED, Model.Device),
    "POST /v1/agent": Kind(REGISTERED),
    "POST /v1/event/list/pending": Kind({"deviceName"}, Model.EventWithNames),
    "POST /v1/event/list/pending/longpoll": Kind({"deviceName"}, Model.EventWithNames),
    "POST /v1/event/dequeue": Kind(NAMED | {"agentType", "agentIndex", "processID"}, Model.Event),
    "PUT /v1/event/N": Kind(Model.Event),
    "PATCH /v1/event/N/progress": Kind(NAMED | {"percentComplete"}),
    "GET /v1/event/N": Kind(set()),
    "POST /v1/device/name": Kind({"deviceName"}, Model.Device),
    "POST /v1/videoclip/S": Kind(Model.VideoClip, Model.VideoClip),
    "PATCH /v1/videoclip/N": Kind({"operation", "fieldName", "value"}),
    "POST /v1/image/S": Kind(Model.Image, Model.Image),
    "PATCH /v1/image/N": Kind({"operation", "fieldName", "value"}),
    "POST /v1/file": Kind(NAMED | {"filename", "fileSize", "sHA256Hash"}, Model.File),
    "POST /v1/file/success/N": Kind({"deviceSerial"}),
    "POST /v1/devicehealth": Kind(NAMED | {"healthJSON"}),
    "POST /v1/devicehealth/updatelatest": Kind(NAMED | {"healthJSON"}),
    "POST /v1/logmessage": Kind(REGISTERED | {"message", "logDate"}, Model.LogMessage),
    "GET /v1/device/N": Kind(set(), Model.Device),
    "GET /v1/eventpreset/N": Kind(set(), Model.EventPreset),
}
WAITING = {"POST /v1/event/dequeue/longpoll"}
RECORDING = {"POST /v1/event/record", "POST /v1/event/record/list"}
SCRIPTS = {"POST /v1/device/N/cameras", "GET /v1/device/N/scripts", "POST /v1/device/N/scripts/fired"}
OURS = {"GET /v1/version", *WAITING, *RECORDING, *SCRIPTS}
"""Not the package's: what no other server is asked, but for the first."""

UNKNOWN_TO_THE_PACKAGE = {"doNotDelete"}
"""The contract's own, in answers about files; the package prints it whatever server it talks to."""

FETCHING = {"POST /v1/event/list/pending/longpoll", "POST /v1/event/dequeue"}
"""What another server is asked, and our hub only now and then."""
REQUIRED = {
    "POST /v1/device/ready",
    "POST /v1/agent",
    "PUT /v1/event/N",
    "PATCH /v1/event/N/progress",
    "POST /v1/logmessage",
    "POST /v1/file",
    "POST /v1/file/success/N",
    "POST /v1/videoclip/S",
    "PATCH /v1/videoclip/N",
}


@dataclass(frozen=True)
class Recorded:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    status: int
    answer: bytes

    @property
    def kind(self) -> str:
        return f"{self.method} {sub(r'/[0-9]+(?=/|$)', '/N', self.target.replace(f'/{SERIAL}', '/S'))}"


@dataclass
class Recorder:
    """Passes requests on to the hub, and keeps them with their answers. `ours`: it says which product it is."""

    hub: str
    ours: bool
    session: aiohttp.ClientSession
    recorded: list[Recorded] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name not in HOP}
        body, target = await request.read(), request.raw_path
        if target == "/v1/version" and not self.ours:
            self.recorded.append(Recorded(request.method, target, headers, body, 404, b""))
            return web.Response(status=404)
        url = URL(self.hub + target, encoded=True)
        async with self.session.request(
            request.method, url, data=body or None, headers=headers, skip_auto_headers=("Content-Type",)
        ) as response:
            answer = await response.read()
        self.recorded.append(Recorded(request.method, target, headers, body, response.status, answer))
        kept = {name: value for name, value in response.headers.items() if name not in HOP}
        return web.Response(status=response.status, body=answer, headers=kept)

    def kinds(self) -> set[str]:
        return {each.kind for each in self.recorded}


@asynccontextmanager
async def recorded_agent(
    folder: Path, *, ours: bool
) -> AsyncIterator[tuple[Recorder, AgentProcess, SigningClient, str]]:
    """An agent under a hub, all of whose requests go through the recorder; the secret of its key."""
    hub, box = HubProcess(folder), folder / "box"
    box.mkdir()
    try:
        await asyncio.to_thread(hub.start)
        async with aiohttp.ClientSession() as session:
            owner, recorder = hub.client(session), Recorder(hub.url, ours, session)
            pair = await enrolled(owner)
            async with far_server(recorder.answer) as server:
                settings = {
                    "CUELIGHT_UPSTREAM__URL": server.url,
                    "CUELIGHT_UPSTREAM__ACCESS_KEY": pair["accessKey"],
                    "CUELIGHT_UPSTREAM__SECRET_KEY": pair["secretKey"],
                }
                agent = AgentProcess(box, **settings)
                try:
                    await asyncio.to_thread(agent.start)
                    yield recorder, agent, owner, pair["secretKey"]
                finally:
                    await asyncio.to_thread(agent.kill)
    finally:
        hub.end()


async def enrolled(owner: SigningClient) -> dict[str, Any]:
    device = await owner.json("POST", "/v1/device", {"serialNumber": SERIAL, "deviceName": "Stage"})
    token = (await owner.json("POST", "/v1/enrolment", {"deviceID": device["key"]}))["token"]
    body = json.dumps({"token": token, "serialNumber": SERIAL}).encode()
    return dict((await owner.send("POST", "/v1/register/device", body)).json())


@pytest.mark.parametrize("ours", [False, True], ids=["another-server", "our-hub"])
async def test_the_third_party_package_signs_says_and_understands_every_request_alike(
    tmp_path: Path, ours: bool
) -> None:
    async with recorded_agent(tmp_path, ours=ours) as (recorder, agent, owner, secret):
        asked = {"deviceSerial": SERIAL, "eventParameters": json.dumps({"durationSeconds": 4})}
        await owner.json("POST", "/v1/event", {**asked, "eventType": "Video_Start_recording"})
        nobody_can = {"deviceSerial": SERIAL, "eventType": "Video_Join_conference"}
        await owner.json("POST", "/v1/event", nobody_can)
        await asyncio.to_thread(agent.create_event, "Video_Test_stop")
        await seen(recorder, REQUIRED | (WAITING if ours else FETCHING), RECORDING if ours else set())
    for each in recorder.recorded:
        check_signature(each, secret)
        check_words(each)
    assert ours or not recorder.kinds() & OURS - {"GET /v1/version"}


async def seen(recorder: Recorder, required: set[str], one_of: set[str]) -> None:
    """Waits until there was one request of each kind that must come."""
    try:
        async with asyncio.timeout(60):
            while required - recorder.kinds() or (one_of and not one_of & recorder.kinds()):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"there was no {required - recorder.kinds()}, or none of {one_of}") from None


def check_signature(each: Recorded, secret: str) -> None:
    signed = {name: each.headers[name] for name in ("X-Nonce", "X-Timestamp", "Authorization", "X-AccessKey")}
    signature, _ = get_hmac_signature(secret, each.method, each.target, signed, {}, each.body.decode())
    assert signature == each.headers["X-Signature"], each


def check_words(each: Recorded) -> None:
    if each.kind in OURS:
        return
    kind = KINDS[each.kind]
    body = json.loads(each.body) if each.body else {}
    for record in body if isinstance(body, list) else [body]:
        if isinstance(kind.body, set):
            assert record.keys() <= kind.body, (each.kind, record)
        else:
            assert accepted(kind.body, record) == "", (each.kind, record)
    if kind.answer is None or not each.answer or each.status != 200:
        return
    answer = json.loads(each.answer)
    for record in answer if isinstance(answer, list) else [answer]:
        known = {name: value for name, value in record.items() if name not in UNKNOWN_TO_THE_PACKAGE}
        assert accepted(kind.answer, known) == "", (each.kind, record)


def accepted(model: Callable[..., object], record: dict[str, Any]) -> str:
    """What the package prints about members that it does not know."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        model(**record)
    return printed.getvalue()


def test_an_unknown_member_would_be_seen() -> None:
    assert "Extra fields" in accepted(Model.VideoClip, {"height": 1, "heights": 2})
    assert "args" in accepted(Model.Event, {"percentComplete": 1, "percent": 2})


@pytest.mark.parametrize("target", ["/v1/videoclip/10001234", "/v1/videoclip/5", "/v1/event/7/progress"])
def test_kinds_are_told_apart(target: str) -> None:
    each = Recorded("PUT", target, {}, b"", 200, b"")
    assert each.kind.endswith({"/v1/videoclip/10001234": "/S", "/v1/videoclip/5": "/N"}.get(target, "/N/progress"))
