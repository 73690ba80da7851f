"""Outcomes on their way to an upstream: one that is down, rude, refuses, or is a second real agent."""

import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fakes.agent_process import AgentProcess, running_agent, wait_for
from fakes.far_end import FarEnd

SECRET = "upstream-secret-that-nobody-may-see"


class Upstream:
    """Answers the next reports as `moods` says, then with 200; 0 is a connection that just ends."""

    def __init__(self, port: int = 0) -> None:
        self.moods: list[int] = []
        self.seen: Counter[str] = Counter()
        self.order: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = outer.answer(self.path, body)
                if status:
                    self.send_response(status)
                    self.end_headers()
                    self.wfile.write(b'{"detail": "as the test says"}')

            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b'{"Version": "1", "Product": "cuelight"}')

            def log_message(self, *arguments: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self._server.server_address[1]
        self.thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.thread.start()

    def answer(self, path: str, body: Any) -> int:
        if path == "/v1/event/record":
            return self.take(body)
        if path != "/v1/event/record/list":
            return 0
        if self.moods:
            return 404  # one by one, so that each has its mood
        return max(map(self.take, body))

    def take(self, report: dict[str, Any]) -> int:
        name = report["eventUUID"]
        self.seen[name] += 1
        self.order.append(name)
        return self.moods.pop(0) if self.moods else 200

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def reporting_to(
    folder: Path, url: str, access_key: str = "a2V5LTAx==", secret: str = SECRET
) -> Iterator[AgentProcess]:
    with running_agent(
        folder,
        CUELIGHT_UPSTREAM__URL=url,
        CUELIGHT_UPSTREAM__ACCESS_KEY=access_key,
        CUELIGHT_UPSTREAM__SECRET_KEY=secret,
    ) as agent:
        yield agent


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    server = Upstream()
    yield server
    server.close()


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory, upstream: Upstream) -> Iterator[AgentProcess]:
    with reporting_to(tmp_path_factory.mktemp("reporting"), f"http://127.0.0.1:{upstream.port}") as agent:
        yield agent


def waiting(agent: AgentProcess) -> list[str]:
    """UUIDs of the outcomes that are still to be reported."""
    database = sqlite3.connect(agent.state / "cuelight.db")
    try:
        return [name for (name,) in database.execute("SELECT event_uuid FROM outbox ORDER BY key")]
    finally:
        database.close()


def test_an_outcome_is_sent_once_and_then_forgotten(agent: AgentProcess, upstream: Upstream) -> None:
    upstream.seen.clear()
    agent.wait_for_event(agent.create_event("Video_Test_stop"))
    wait_for(lambda: upstream.seen and not waiting(agent), 5, "the report to be taken")
    assert list(upstream.seen.values()) == [1]


def test_a_refused_or_broken_delivery_is_repeated(agent: AgentProcess, upstream: Upstream) -> None:
    for trouble in (0, 500, 503):
        upstream.seen.clear()
        upstream.moods = [trouble]
        agent.wait_for_event(agent.create_event("Video_Test_stop"))
        wait_for(lambda: upstream.seen and not waiting(agent), 10, "the report to be taken")
        assert list(upstream.seen.values()) == [2]
    assert agent.running


def test_another_outcome_there_stands_and_closes_ours(agent: AgentProcess, upstream: Upstream) -> None:
    upstream.seen.clear()
    upstream.moods = [409]
    agent.wait_for_event(agent.create_event("Video_Test_stop"))
    wait_for(lambda: upstream.seen and not waiting(agent), 5, "the row to be closed")
    assert list(upstream.seen.values()) == [1]
    assert "the upstream has another outcome, which stands" in agent.logged()


def test_what_the_upstream_cannot_take_is_kept_and_does_not_hold_up_the_others(
    agent: AgentProcess, upstream: Upstream
) -> None:
    upstream.seen.clear()
    upstream.moods = [400]
    for _ in range(2):
        agent.wait_for_event(agent.create_event("Video_Test_stop"))
    wait_for(lambda: len(upstream.seen) == 2 and len(waiting(agent)) == 1, 5, "the other one to be taken")
    assert waiting(agent) == upstream.order[-2:-1]


def test_while_the_upstream_is_down_outcomes_wait_in_order(tmp_path: Path) -> None:
    down = Upstream()
    down.close()
    with reporting_to(tmp_path, f"http://127.0.0.1:{down.port}") as agent:
        for _ in range(4):
            agent.wait_for_event(agent.create_event("Video_Test_stop"))
        expected = waiting(agent)
        assert len(expected) == 4
        assert agent.stop() == 0, "nothing waits for the upstream"
        up = Upstream(down.port)
        try:
            agent.start()
            wait_for(lambda: not waiting(agent), 15, "all to be taken")
        finally:
            up.close()
        assert up.order == expected


def test_a_rude_network_delivers_each_outcome_at_least_once_and_the_same(tmp_path: Path) -> None:
    far_end = FarEnd(seed=5, rudeness=0.4)
    try:
        with reporting_to(tmp_path, far_end.url) as agent:
            for _ in range(5):
                agent.wait_for_event(agent.create_event("Video_Test_stop"))
            wait_for(lambda: not waiting(agent), 30, "all to be taken")
    finally:
        far_end.close()
    assert len(far_end.reports) == 5
    assert all(len({json.dumps(one, sort_keys=True) for one in told}) == 1 for told in far_end.reports.values())


def test_a_second_agent_as_the_upstream_gets_the_outcome_once_and_no_secret_leaks(tmp_path: Path) -> None:
    (tmp_path / "hub").mkdir()
    (tmp_path / "box").mkdir()
    with running_agent(tmp_path / "hub", CUELIGHT_DEVICE__SERIAL="hub-1") as hub:
        access_key, secret = (line.split(": ")[1] for line in first_key(hub).splitlines())
        status, device = hub.request("POST", "/v1/device", {"deviceName": "box", "serialNumber": "10001234"})
        assert status == 200, device
        with reporting_to(tmp_path / "box", hub.url, access_key, secret) as box:
            key = box.create_event("Video_Start_recording", durationSeconds=0.5)
            here = box.wait_for_event(key)
            wait_for(lambda: not waiting(box), 10, "the outcome to be taken")
            (there,) = events_of(hub, device["key"])
            (mine,) = events_of(box, 0)
            same = ("eventStatus", "result", "eventParameters", "attemptNumber", "percentComplete", "creationDate")
            assert {name: there[name] for name in same} == {name: mine[name] for name in same}
            assert uuids(hub) == uuids(box)
            assert here["eventStatus"] == 4
            for agent in (hub, box):
                assert_no_secret(agent, secret, first_key(box).split("secret key: ")[1].strip())


def first_key(agent: AgentProcess) -> str:
    return (agent.state / "first-access-key.txt").read_text()


def events_of(agent: AgentProcess, device: int) -> list[dict[str, Any]]:
    status, answer = agent.request("POST", "/v1/event/list", {"deviceID": device})
    assert status == 200, answer
    return list(answer)


def uuids(agent: AgentProcess) -> list[str]:
    database = sqlite3.connect(agent.state / "cuelight.db")
    try:
        return [name for (name,) in database.execute("SELECT uuid FROM events")]
    finally:
        database.close()


def command_lines() -> Iterator[str]:
    """The arguments of every process that there is now."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended meanwhile
            yield path.read_bytes().replace(b"\0", b" ").decode(errors="replace")


def assert_no_secret(agent: AgentProcess, *secrets: str) -> None:
    """Neither in the log, nor in any file but the one made for it, nor in the arguments of any process."""
    arguments = "".join(command_lines())
    assert "hardware.host" in arguments
    files = [path for path in agent.state.rglob("*") if path.is_file() and path.name != "first-access-key.txt"]
    assert any(path.name.startswith("cuelight.db") for path in files)
    for secret in secrets:
        assert secret not in agent.logged()
        assert secret not in arguments
        assert not [path for path in files if secret.encode() in path.read_bytes()]
