from collections import deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cli.errors import AgentUnreachable
from agent.cli.live import parse_server_sent
from agent.cli.watch import LOOK_EVERY, PATIENCE, Watch


def record(status: int, percent: float = 0.0, attempt: int = 1) -> dict[str, Any]:
    return {"key": 7, "eventStatus": status, "percentComplete": percent, "attemptNumber": attempt, "result": ""}


class World:
    """Time that passes only while changes are waited for, an agent with a script of answers, and scripted changes."""

    def __init__(self, answers: list[dict[str, Any] | None], changes: list[dict[str, Any]] | None = None) -> None:
        self.now = 0.0
        self.answers = deque(answers)
        self.changes = deque(changes or [])
        self.shown: list[dict[str, Any] | None] = []
        self.looks = 0

    def next(self, timeout: float) -> dict[str, Any] | None:
        if self.changes:
            self.now += 0.1
            return self.changes.popleft()
        self.now += timeout
        return None

    def look(self) -> dict[str, Any]:
        self.looks += 1
        answer = self.answers.popleft() if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            raise AgentUnreachable(socket="/s", reason="gone")
        return answer

    def follow(self, limit: float | None = None) -> dict[str, Any]:
        return Watch(7, self.look, self, self.shown.append, lambda: self.now, limit).follow()


def test_progress_is_shown_from_live_changes_and_the_outcome_from_the_store() -> None:
    outcome = record(4, 100.0) | {"result": "{}"}
    world = World(
        [record(1), outcome],
        [
            {"kind": "progress", "data": record(3, 50.0)},
            {"kind": "event", "data": record(4, 100.0)},
        ],
    )
    assert world.follow() == outcome
    assert world.shown == [record(1), record(3, 50.0), outcome]
    assert world.now < LOOK_EVERY


def test_stored_progress_that_is_older_than_what_was_live_is_not_shown() -> None:
    live = [{"kind": "progress", "data": record(3, 50.0)}]
    world = World([record(3), record(3, 10.0), record(3, 0.0, attempt=2), record(4, 100.0)], live)
    world.follow()
    assert world.shown == [record(3), record(3, 50.0), record(3, 50.0), record(3, 0.0, attempt=2), record(4, 100.0)]


def test_other_events_and_odd_messages_change_nothing() -> None:
    others: list[dict[str, Any]] = [{"data": record(4) | {"key": 8}}, {"data": "?"}, {"dropped": 3}]
    world = World([record(3), record(4)], others)
    assert world.follow() == record(4)
    assert world.shown[:4] == [record(3)] * 4


def test_without_live_changes_the_agent_is_asked() -> None:
    world = World([record(1), record(3), record(3), record(6)])
    assert world.follow() == record(6)
    assert world.now == pytest.approx(3 * LOOK_EVERY)


def test_a_busy_stream_of_other_changes_does_not_keep_from_asking() -> None:
    world = World([record(3), record(4)], [{"data": record(3) | {"key": 8}}] * 100)
    assert world.follow() == record(4)
    assert world.now == pytest.approx(LOOK_EVERY, abs=0.2)


def test_an_agent_that_restarts_is_waited_for() -> None:
    world = World([record(3), None, None, record(4)])
    assert world.follow() == record(4)
    assert world.shown == [record(3), None, None, record(4)]


def test_patience_ends() -> None:
    world = World([record(3), None])
    with pytest.raises(AgentUnreachable):
        world.follow()
    assert PATIENCE < world.now <= PATIENCE + 2 * LOOK_EVERY


def test_what_takes_too_long_is_given_up() -> None:
    world = World([record(3)])
    with pytest.raises(TimeoutError):
        world.follow(5.0)
    assert 5.0 <= world.now <= 5.0 + LOOK_EVERY
    assert World([record(4)]).follow(0.0) == record(4)


def test_server_sent_events() -> None:
    whole = b': alive\n\nid: 1\nevent: progress\ndata: {"a":\r\ndata: 1}\r\n\r\n'
    stream = whole + b'data: [1]\n\ndata: {\n\ndata: {"b":2}\n\ndata: {"cut'
    assert list(parse_server_sent(stream.splitlines(keepends=True))) == [{"a": 1}, {"b": 2}]


@given(st.binary())
def test_any_stream_is_survived(stream: bytes) -> None:
    assert all(isinstance(message, dict) for message in parse_server_sent(stream.splitlines(keepends=True)))
