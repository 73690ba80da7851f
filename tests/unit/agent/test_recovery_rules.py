"""What recovery decides, without a store: pure."""

import json
from dataclasses import replace
from typing import Any

import pytest
from fakes.stored import make_device
from hypothesis import given
from hypothesis import strategies as st

from agent.recovery import judge, orphans
from agent.running import StopReason
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event
from presets_store.rules.workflow import step_cause
from presets_store.services.bindings import of_earlier_boot

RECORD, STOP_RECORDING, TRIAL, TRIAL_STOP, WORKFLOW, END_PROCESS = 1, 2, 7, 11, 33, 35
SOUND, STOP_SOUND = 60, 61


def event(
    key: int,
    kind: int,
    *,
    started: int,
    created: int = 0,
    status: EventStatus = EventStatus.PROCESSING,
    **parameters: Any,
) -> Event:
    return Event(
        key=key,
        uuid=f"00000000-0000-7000-8000-{key:012d}",
        device_key=1,
        agent_type_id=1,
        event_type_id=kind,
        event_status=status,
        created=created,
        event_parameters=json.dumps(parameters),
        attempt_number=1,
        started=started,
    )


def camera_of(of: Event) -> str:
    return str(json.loads(of.event_parameters).get("camera", "main"))


def reasons(*events: Event) -> dict[int, StopReason | None]:
    return {verdict.event.key: verdict.reason for verdict in judge(events, camera_of)}


def test_a_recording_that_was_cut_off_may_go_on() -> None:
    assert reasons(event(1, RECORD, started=1)) == {1: None}


def test_a_stop_of_sound_is_for_the_microphone_whatever_camera_was_named() -> None:
    recording, stop = event(1, SOUND, started=1, camera="door"), event(2, STOP_SOUND, started=2)
    assert reasons(recording, stop) == {1: StopReason.STOPPED, 2: StopReason.STOPPED}


def test_what_start_up_fired_in_an_earlier_boot_does_not_go_on_and_neither_do_its_steps() -> None:
    workflow = replace(event(1, WORKFLOW, started=1), cause="startup:standalone", boot_id="boot-1")
    step = replace(event(2, RECORD, started=2), cause=step_cause(workflow.uuid, 0), boot_id="boot-1")
    other = replace(event(3, RECORD, started=3, camera="other"), boot_id="boot-1")
    device = make_device(standalone_boot_id="boot-1")
    verdicts = judge([workflow, step, other], camera_of, lambda each: of_earlier_boot(each, device, "boot-2"))
    assert [verdict.reason for verdict in verdicts] == [StopReason.ENDED, StopReason.ENDED, None]


@pytest.mark.parametrize(
    ("cause", "began_in", "fired_in", "outlived"),
    [
        ("startup:standalone", "boot-1", "boot-1", True),
        ("startup:online", "", "boot-1", True),  # never begun
        ("startup:standalone", "", "boot-2", False),  # fired in this boot, by an agent that ended before it began
        ("startup:standalone", "boot-2", "boot-1", False),
        ("startup:online", "", "", False),  # fired for a peer that named no boot
        ("api", "boot-1", "boot-1", False),
    ],
)
def test_an_event_of_start_up_belongs_to_its_boot(cause: str, began_in: str, fired_in: str, outlived: bool) -> None:
    fired = replace(event(1, RECORD, started=1), cause=cause, boot_id=began_in)
    device = make_device(standalone_boot_id=fired_in, ready_boot_id=fired_in)
    assert of_earlier_boot(fired, device, "boot-2") is outlived


def test_a_stop_that_was_cut_off_with_its_recording_is_carried_out() -> None:
    assert reasons(event(1, RECORD, started=1), event(2, STOP_RECORDING, started=2)) == {
        1: StopReason.STOPPED,
        2: StopReason.STOPPED,
    }


def test_a_stop_ends_only_its_own_kind_on_its_own_camera_and_what_began_before_it() -> None:
    found = reasons(
        event(1, RECORD, started=1, camera="side"),
        event(2, TRIAL, started=1),
        event(3, STOP_RECORDING, started=2),
        event(4, RECORD, started=3),
    )
    assert found == {1: None, 2: None, 3: StopReason.STOPPED, 4: None}


def test_an_end_that_was_cut_off_cancels_the_event_that_it_names() -> None:
    found = reasons(
        event(1, RECORD, started=1), event(2, TRIAL, started=1), event(3, END_PROCESS, started=2, eventID=2)
    )
    assert found == {1: None, 2: StopReason.ENDED, 3: StopReason.STOPPED}


def test_a_stop_that_waits_ends_what_had_begun_before_it_was_accepted_and_waits_on() -> None:
    found = reasons(
        event(1, RECORD, started=1),
        event(2, RECORD, started=1, camera="side"),
        event(3, RECORD, started=9, camera="side"),
        event(4, STOP_RECORDING, started=0, created=2, status=EventStatus.PENDING, camera="side"),
        event(5, END_PROCESS, started=0, created=2, status=EventStatus.PENDING, eventID=1),
    )
    assert found == {1: StopReason.ENDED, 2: StopReason.STOPPED, 3: None}


def test_what_somebody_else_has_checked_out_is_theirs() -> None:
    held = event(2, STOP_RECORDING, started=0, created=2, status=EventStatus.CHECKED_OUT)
    assert reasons(event(1, RECORD, started=1), held) == {1: None}


def step(key: int, of: Event, kind: int, *, started: int, status: EventStatus = EventStatus.PROCESSING) -> Event:
    made = event(key, kind, started=started, status=status)
    return replace(made, cause=step_cause(of.uuid, key), attempt_number=1 if started else 0)


def waiting(*events: Event) -> list[int]:
    return [orphan.key for orphan in orphans(events, judge(events, camera_of))]


def test_a_workflow_that_was_to_end_takes_its_steps_with_it() -> None:
    workflow = event(1, WORKFLOW, started=1)
    runs, waits = step(2, workflow, RECORD, started=2), step(3, workflow, TRIAL, started=0, status=EventStatus.PENDING)
    other = event(4, RECORD, started=2)
    end = event(5, END_PROCESS, started=3, eventID=1)
    assert reasons(workflow, runs, waits, other, end) == {
        1: StopReason.ENDED, 2: StopReason.ENDED, 4: None, 5: StopReason.STOPPED
    }  # fmt: skip
    assert waiting(workflow, runs, waits, other, end) == [3]


def test_a_step_waits_on_while_its_workflow_may_go_on() -> None:
    workflow = replace(event(1, WORKFLOW, started=1), max_attempts=2)
    waits = step(2, workflow, TRIAL, started=0, status=EventStatus.PENDING)
    assert waiting(workflow, waits) == []
    assert waiting(replace(workflow, event_status=EventStatus.PENDING), waits) == []
    assert waiting(replace(workflow, max_attempts=1), waits) == [2], "no attempt is left"
    assert waiting(waits) == [2], "it had ended before"


def test_a_step_that_had_begun_goes_on_without_its_workflow() -> None:
    begun = replace(step(2, event(1, WORKFLOW, started=1), RECORD, started=3), event_status=EventStatus.PENDING)
    assert waiting(begun) == []


kinds = st.sampled_from([RECORD, STOP_RECORDING, TRIAL, TRIAL_STOP, END_PROCESS])
events = st.lists(st.tuples(kinds, st.integers(1, 5), st.integers(0, 6)), max_size=8).map(
    lambda rows: [event(key, kind, started=at, eventID=named) for key, (kind, at, named) in enumerate(rows, 1)]
)


@given(events)
def test_every_event_gets_exactly_one_verdict_and_stops_are_never_resumed(cut_off: list[Event]) -> None:
    verdicts = judge(cut_off, camera_of)
    assert [verdict.event for verdict in verdicts] == cut_off
    stops = {STOP_RECORDING, TRIAL_STOP, END_PROCESS}
    assert all(verdict.reason for verdict in verdicts if verdict.event.event_type_id in stops)


def test_an_end_from_an_upstream_names_the_event_by_the_upstreams_number() -> None:
    named = replace(event(1, TRIAL, started=1), upstream="https://hub.example", remote_id=70)
    same_number_here = event(70, RECORD, started=1)
    elsewhere = replace(event(2, TRIAL, started=1), upstream="https://other.example", remote_id=70)
    end = replace(event(3, END_PROCESS, started=2, eventID=70), upstream="https://hub.example", remote_id=71)
    assert reasons(named, same_number_here, elsewhere, end) == {
        1: StopReason.ENDED, 70: None, 2: None, 3: StopReason.STOPPED
    }  # fmt: skip
    local = event(4, END_PROCESS, started=2, eventID=70)
    assert reasons(named, same_number_here, local)[70] is StopReason.ENDED
