"""Live messages as server-sent events; small answers."""

import json

from presets_store.protocol.events import CreateEventAnswer
from presets_store.protocol.live import LiveKind, LiveMessage
from presets_store.protocol.presets import EventIdAnswer, GroupRunAnswer
from presets_store.protocol.system import ProblemDocument, ProblemField, TestAnswer, VersionAnswer


def test_server_sent_event_is_one_block() -> None:
    message = LiveMessage(sequence=7, kind=LiveKind.PROGRESS, device_id=2, data={"result": "a\n\ndata: b"})
    head, name, data, *rest = message.server_sent().decode().split("\n")
    assert (head, name, rest) == ("id: 7", "event: progress", ["", ""])
    assert json.loads(data.removeprefix("data: ")) == {
        "sequence": 7,
        "kind": "progress",
        "deviceID": 2,
        "date": None,
        "data": {"result": "a\n\ndata: b"},
    }


def test_small_answers() -> None:
    assert EventIdAnswer(event_id=4).dump() == {"EventID": 4}
    assert GroupRunAnswer(event_id=4, event_ids=[4, 5], group_run_id=2).dump() == {
        "EventID": 4,
        "EventIDs": [4, 5],
        "GroupRunID": 2,
    }
    assert CreateEventAnswer.of(12).dump() == {"code": 0, "description": "12", "eventID": 12}
    assert TestAnswer().dump() == {"Message": "Success"}
    assert VersionAnswer(version="1", build_date="2026-11-23").dump() == {
        "Version": "1",
        "BuildDate": "2026-11-23",
        "Product": "cuelight",
    }


def test_problem_document() -> None:
    plain = ProblemDocument(title="Conflict", status=409, detail="d", code="lost_update")
    assert set(plain.dump()) == {"type", "title", "status", "detail", "code"}
    listed = ProblemDocument(
        title="Bad Request", status=400, detail="d", code="c", errors=[ProblemField(field="a", problem="is missing")]
    )
    assert listed.dump()["errors"] == [{"field": "a", "problem": "is missing", "expected": ""}]
