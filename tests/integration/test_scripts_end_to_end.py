"""Scripts on a real agent with real footage that people walk through, and no network but loopback."""

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import cv2
import numpy as np
import pytest
from fakes.agent_process import ROOT, AgentProcess, result_of, running_agent, wait_for
from fakes.docs import blocks_of
from fakes.receivers import HttpReceiver, http_receiver, picture_of, smtp_receiver, text_of

COMPLETE = 4
PASSWORD = "correct horse battery staple"
SECRET = "5e884898da28047151d0e56f8dc62927"
NO_NETWORK = {
    "CUELIGHT_DELIVERY__FORBIDDEN": '["0.0.0.0/0", "::/0"]',
    "CUELIGHT_DELIVERY__ALLOWED": '["127.0.0.1/32"]',
    "CUELIGHT_CLOCK__ZONE": "Asia/Kolkata",
}
KOLKATA = timedelta(hours=5, minutes=30)


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentProcess]:
    with running_agent(tmp_path_factory.mktemp("scripts"), **NO_NETWORK) as agent:
        yield agent
        assert agent.stop() == 0
        assert "Traceback" not in agent.logged()


def answered(agent: AgentProcess, method: str, path: str, body: object = None) -> Any:
    status, answer = agent.request(method, path, body)
    assert status in (200, 202, 204), answer
    return answer


def own_device(agent: AgentProcess) -> int:
    return int(answered(agent, "GET", "/v1/device/list")[0]["key"])


def a_preset(agent: AgentProcess, name: str, **parameters: Any) -> int:
    body = agent.event_body("Video_Start_recording", 0, parameters)
    body |= {"eventPresetName": name, "deviceID": own_device(agent)}
    return int(answered(agent, "POST", "/v1/eventpreset", body)["key"])


def a_user(agent: AgentProcess, name: str, role: str) -> int:
    body = {"userName": name, "role": role, "scope": "all", "password": PASSWORD}
    return int(answered(agent, "POST", "/v1/user", body)["key"])


def recorded(agent: AgentProcess, script: int) -> dict[str, Any] | None:
    """The event that the script made, when it has ended."""
    decisions = answered(agent, "GET", f"/api/v1/scripts/{script}/decisions")["data"]
    fired = [decision["event_id"] for decision in decisions if decision["outcome"] == "fired"]
    return agent.wait_for_event(fired[0]) if fired else None


class Module:
    """An integration module: it knows the contract, and asks over TCP with a token."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._token: dict[str, str] = {}

    def sign_in(self, login: str) -> dict[str, Any]:
        status, answer = self.asks("POST", "/api/admin/v1/auth/token", {"login": login, "password": PASSWORD})
        assert status == 200, answer
        self._token = {"Authorization": f"Bearer {answer['access_token']}"}
        return dict(answer)

    def asks(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        headers = {"Accept": "application/json", "Content-Type": "application/json", **self._token}
        request = Request(self._url + path, json.dumps(body).encode() if body else None, headers, method=method)
        try:
            with urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except HTTPError as refused:
            with refused:
                return refused.code, json.loads(refused.read())


def test_a_script_of_the_contract_fires_inside_its_hours_and_records(agent: AgentProcess) -> None:
    user, module = a_user(agent, "alice", "admin"), Module(agent.url)
    hours = [{"day": 0, "ranges": [{"from": "00:00:00", "to": "23:59:59"}]}]
    example = {"event_id": 41, "reaction_id": None, "users": [user], "schedule": hours}
    assert module.asks("POST", "/api/admin/v1/scripts", example)[0] == 401
    assert sorted(module.sign_in("alice")) == ["access_token", "expires_at", "token_type", "user"]
    status, script = module.asks("POST", "/api/admin/v1/scripts", example)
    assert (status, script["schedule"], script["reaction"]) == (200, hours, None)
    assert sorted(script) == ["created_at", "event", "id", "reaction", "schedule", "updated_at", "users"]
    event = script["event"]
    assert (event["id"], event["name"], event["analytic_type"]) == (41, "person_counting", "person_counting")
    assert (event["color"], [each["login"] for each in script["users"]]) == ("#FF7CF2", ["alice"])
    path = f"/api/v1/scripts/{script['id']}"
    explained = [module.asks("GET", f"{path}/explain?at=2027-01-0{day}T18:29:59Z")[1]["fires"] for day in (2, 3, 4)]
    assert explained == [False, True, False], "the third was a Sunday, which ended there at 18:30 UTC"
    then = now_works_at_what_is_past(agent, module, script["id"], example)
    outcomes = [told_of_people(module, script["id"], moment) for moment in (then, datetime.now(UTC))]
    assert outcomes == [("fired", ""), ("not", "outside_working_time")]
    recording = wait_for(lambda: recorded(agent, script["id"]), 30, "the recording")
    assert recording["eventStatus"] == COMPLETE, recording
    (clip,) = agent.clips(recording["key"])
    assert clip["clipLengthInSeconds"] == pytest.approx(1, abs=0.5)


def now_works_at_what_is_past(agent: AgentProcess, module: Module, key: int, script: dict[str, Any]) -> datetime:
    """Gives the script hours of three quarters of an hour ago, and a preset; answers a moment within them."""
    then = datetime.now(UTC) - timedelta(minutes=45)
    begin, end = then + KOLKATA - timedelta(minutes=5), then + KOLKATA + timedelta(minutes=5)
    hours = [{"day": begin.isoweekday() % 7, "ranges": [{"from": f"{begin:%X}", "to": f"{end:%X}"}]}]
    status, changed = module.asks("PUT", f"/api/admin/v1/scripts/{key}", {**script, "schedule": hours})
    assert (status, changed["schedule"]) == (200, hours)
    shown = module.asks("GET", f"/api/v1/scripts/{key}")[1]
    preset = {"reaction_id": 1, "extra": {"preset_id": a_preset(agent, "Hall", durationSeconds=1)}}
    body = {"title": "Hall", "event_id": 41, "users": script["users"], "status": "active", **preset}
    status, changed = module.asks("PUT", f"/api/v1/scripts/{key}", {**body, "timetable": shown["timetable"]})
    assert (status, changed["schedule"], changed["reaction"]["name"]) == (200, hours, "run-preset")
    return then


def told_of_people(module: Module, script: int, moment: datetime) -> tuple[str, str]:
    """What became of it with that script."""
    told = {"event": "person_counting", "camera": "Main", "occurred_at": moment.isoformat()}
    status, answer = module.asks("POST", "/api/integration/v1/events", told)
    assert status == 202, answer
    return next((each["outcome"], each["reason"]) for each in answer["scripts"] if each["id"] == script)


async def test_people_who_are_counted_are_recorded_and_told_of(agent: AgentProcess) -> None:
    async with smtp_receiver() as mail, http_receiver() as hook, http_receiver() as chat:
        began = time.time()
        script = await asyncio.to_thread(watch_people, agent, mail.url(), hook.url, chat.url)
        event = await asyncio.to_thread(wait_for, lambda: recorded(agent, script), 60, "somebody to be seen")
        await asyncio.to_thread(
            wait_for, lambda: mail.messages and hook.requests and chat.requests, 60, "everybody to be told"
        )
    assert event["eventStatus"] == COMPLETE, event
    before = result_of(event)["preRollSeconds"]
    assert before >= 1
    (clip,) = await asyncio.to_thread(agent.clips, event["key"])
    assert clip["clipLengthInSeconds"] == pytest.approx(before + 2, abs=0.7)
    told = genuine_webhook(hook)
    assert (told["event"], told["camera"]["name"], told["script"]["title"]) == ("person_counting", "Main", "Hook")
    seen = datetime.fromisoformat(told["occurred_at"]).timestamp()
    assert began < seen
    assert datetime.fromisoformat(clip["startDate"]).timestamp() < seen, "it begins before they were seen"
    (message,) = mail.messages
    assert text_of(message).split()[1:] == ["people", "at", "Main"]
    assert int(text_of(message).split()[0]) == told["attributes"]["count"] > 0
    (posted,) = (json.loads(body) for _, body in chat.requests)
    assert posted["message"].split() == text_of(message).split()
    for jpeg in (picture_of(message), base64.b64decode(posted["attachments"][0]["base64"])):
        assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) is not None


def watch_people(agent: AgentProcess, mail: str, hook: str, chat: str) -> int:
    """Two scripts for the same people: one records and notifies by two channels, the other tells a webhook."""
    guard = a_user(agent, "guard", "reader")
    for name, url in (("mail", mail), ("chat", chat.replace("http://", "json://"))):
        answered(agent, "POST", "/api/v1/channels", {"user_id": guard, "name": name, "url": url})
    preset = a_preset(agent, "Film", durationSeconds=2, preRollSeconds=1)
    camera = answered(agent, "GET", f"/v1/device/{own_device(agent)}/cameras")[0]["key"]
    body = {"event_id": 41, "cameras": [camera], "cooldown_seconds": 3600, "status": "active"}
    extra = {"preset_id": preset, "text": "{count} people at {camera}"}
    made = answered(
        agent,
        "POST",
        "/api/v1/scripts",
        {**body, "title": "People", "reaction_id": 1, "users": [guard], "extra": extra},
    )
    webhook = {**body, "title": "Hook", "reaction_id": 2, "extra": {"url": hook, "secret": SECRET}}
    answered(agent, "POST", "/api/v1/scripts", webhook)
    pavement = {"name": "pavement", "kind": "area", "points": [[0, 0], [1, 0], [1, 1], [0, 1]]}
    options = {"rule": "more_than", "count": 0, "hold_seconds": 1.5}
    case = {"camera_id": camera, "analytic_type": "person_counting", "zones": [pavement], "options": options}
    answered(agent, "POST", "/api/v1/analytic-cases", case)
    return int(made["id"])


def genuine_webhook(receiver: HttpReceiver) -> dict[str, Any]:
    """What the webhook got, checked as docs/notifications.md says that receivers should."""
    (page,) = (block.text for block in blocks_of(ROOT / "docs" / "notifications.md") if "def genuine" in block.text)
    checks: dict[str, Any] = {}
    exec(page.partition("<<'END'\n")[2].partition("\nEND")[0], checks)
    (headers, body), *more = receiver.requests
    assert more == []
    assert checks["genuine"](SECRET, headers, body)
    assert not checks["genuine"](SECRET, headers, body + b" ")
    return dict(json.loads(body))
