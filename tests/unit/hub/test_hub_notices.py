import json
from typing import Any

import pytest

from presets_store.hub.replicas.notices import NOTICE_BYTES, WAITING_LIMIT, Outgoing
from presets_store.protocol.cameras import CameraRecord
from presets_store.protocol.live import LiveKind
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event


def event(key: int, status: EventStatus = EventStatus.PENDING) -> Event:
    return Event(
        uuid="", key=key, device_key=7, agent_type_id=1, event_type_id=1, event_parameters="{}", event_status=status
    )


def taken(outgoing: Outgoing) -> list[dict[str, Any]]:
    texts = outgoing.take()
    assert all(len(text.encode()) <= NOTICE_BYTES for text in texts)
    return [json.loads(text) for text in texts]


def test_of_an_event_the_last_word_is_sent_and_it_wakes_if_it_ever_waited() -> None:
    outgoing = Outgoing()
    outgoing.changed(LiveKind.EVENT, event(1))
    outgoing.changed(LiveKind.EVENT, event(1, EventStatus.CHECKED_OUT))
    outgoing.changed(LiveKind.EVENT, event(2, EventStatus.COMPLETE))
    assert outgoing.waiting.is_set()
    assert taken(outgoing) == [{"from": outgoing.name, "events": [[1, 7, "event", True], [2, 7, "event", False]]}]
    assert not outgoing.waiting.is_set()
    assert taken(outgoing) == []


def test_many_events_are_several_notices() -> None:
    outgoing = Outgoing()
    for key in range(10**17, 10**17 + 1_000):
        outgoing.changed(LiveKind.NOTIFICATION, event(key))
    assert sum(len(notice["events"]) for notice in taken(outgoing)) == 1_000


def test_beyond_the_limit_the_others_are_told_to_look() -> None:
    outgoing = Outgoing()
    for key in range(WAITING_LIMIT + 1):
        outgoing.changed(LiveKind.EVENT, event(key + 1))
    assert taken(outgoing) == [{"from": outgoing.name, "missed": True}]


@pytest.mark.parametrize(("name", "expected"), [("Lobby", "told"), ("x" * NOTICE_BYTES, "missed")])
def test_a_record_that_is_too_long_is_missed(name: str, expected: str) -> None:
    outgoing = Outgoing()
    outgoing.told(LiveKind.CAMERA, 7, CameraRecord.model_construct(key=1, name=name))
    (notice,) = taken(outgoing)
    assert expected in notice
