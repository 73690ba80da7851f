"""What the device decides about the events of its own store: no checkout, attempts of its own, redelivery."""

from dataclasses import replace
from typing import Any

import pytest
from fakes.rule_events import HOLDER, NOW, SECOND, checkout, do, pending, step

from presets_store.protocol.statuses import EventStatus
from presets_store.rules.commands import (
    AlreadyEnded,
    AnswerProcessing,
    AttemptsExhausted,
    Began,
    Begin,
    Cancel,
    Ended,
    EventExpired,
    Finish,
    Interrupt,
    Progress,
    QueueEndProcess,
    Redeliver,
    Renewed,
    Requeued,
    SendOutcome,
    SilenceCheck,
    StaleAttempt,
    TransitionRefused,
    Unchanged,
)

S = EventStatus


def begin(boot_id: str = "boot-1", process_id: int = 10, **changes: Any) -> Begin:
    return Begin(**{"holder": HOLDER, "boot_id": boot_id, "process_id": process_id, "clock_trusted": True, **changes})


RUNNING = do(pending(max_attempts=2), begin())
ENDED = do(RUNNING, Finish(attempt=1, status=S.COMPLETE, result="{}"))
CUT = "interrupted: killed"


def test_begin_counts_the_attempt() -> None:
    after = step(pending(result="old", percent_complete=9.0), begin())
    event = after.event
    assert (event.event_status, event.attempt_number, event.started) == (S.PROCESSING, 1, NOW)
    assert (event.holder, event.boot_id, event.process_id) == (HOLDER, "boot-1", 10)
    assert (event.result, event.percent_complete) == ("", 0.0)
    assert after.effects == (Began(1),)


def test_begin_only_from_pending() -> None:
    for event in (do(pending(), checkout()), RUNNING):
        with pytest.raises(TransitionRefused):
            step(event, begin())
    with pytest.raises(AlreadyEnded):
        step(ENDED, begin())
    with pytest.raises(AttemptsExhausted):
        step(pending(attempt_number=1), begin())


def test_begin_respects_expiry_when_the_clock_can_tell() -> None:
    with pytest.raises(EventExpired):
        step(pending(expiration_epoch=1), begin())
    assert do(pending(expiration_epoch=1), begin(clock_trusted=False)).event_status is S.PROCESSING


@pytest.mark.parametrize("status", [S.COMPLETE, S.ERROR, S.CANCELLED])
def test_finish(status: EventStatus) -> None:
    after = step(RUNNING, Finish(attempt=1, status=status, result="r", percent=100.0))
    assert (after.event.event_status, after.event.result, after.event.percent_complete) == (status, "r", 100.0)
    assert (after.event.attempt_number, after.event.ended, after.event.late) == (1, NOW, False)
    assert after.effects == (Ended(status),)


def test_finish_as_interrupted_is_final() -> None:
    """An action that cannot be resumed: the device does not try again by itself."""
    event = do(RUNNING, Finish(attempt=1, status=S.ERROR, result=CUT))
    assert (event.event_status, event.attempt_number) == (S.ERROR, 1)


def test_finish_twice() -> None:
    assert step(ENDED, Finish(attempt=1, status=S.COMPLETE, result="{}")).effects == (Unchanged(),)
    with pytest.raises(AlreadyEnded):
        step(ENDED, Finish(attempt=1, status=S.ERROR, result="{}"))
    with pytest.raises(StaleAttempt):
        step(ENDED, Finish(attempt=2, status=S.COMPLETE, result="{}"))


def test_finish_needs_a_running_attempt_and_a_terminal_status() -> None:
    with pytest.raises(TransitionRefused):
        step(pending(), Finish(attempt=0, status=S.COMPLETE, result=""))
    with pytest.raises(TransitionRefused):
        step(RUNNING, Finish(attempt=1, status=S.PENDING, result=""))


def test_an_own_outcome_corrects_timed_out() -> None:
    silent = do(RUNNING, SilenceCheck(limit=0))
    event = do(silent, Finish(attempt=1, status=S.COMPLETE, result="after all"))
    assert (event.event_status, event.late) == (S.COMPLETE, True)


def test_interrupted_with_attempts_left_goes_on() -> None:
    cut = step(RUNNING, Interrupt(attempt=1, result=CUT))
    assert (cut.event.event_status, cut.event.attempt_number, cut.event.result) == (S.PENDING, 1, CUT)
    assert cut.effects == (Requeued(),)
    again = do(cut.event, begin("boot-2"))
    assert (again.attempt_number, again.boot_id, again.result) == (2, "boot-2", "")
    last = step(again, Interrupt(attempt=2, result=CUT))
    assert (last.event.event_status, last.event.attempt_number, last.event.result) == (S.ERROR, 2, CUT)
    assert last.effects == (Ended(S.ERROR),)


def test_the_upstream_token_survives_an_interruption() -> None:
    """The outcome of the next attempt is reported under it."""
    cut = do(pending(max_attempts=2, checkout_token="T1"), begin(), Interrupt(attempt=1, result=CUT))
    assert cut.checkout_token == "T1"


def test_interrupt_repeated_in_any_order() -> None:
    cut = do(RUNNING, Interrupt(attempt=1, result=CUT))
    assert step(cut, Interrupt(attempt=1, result=CUT)).effects == (Unchanged(),)
    with pytest.raises(StaleAttempt):
        step(do(cut, begin()), Interrupt(attempt=1, result=CUT))
    failed = do(pending(), begin(), Interrupt(attempt=1, result=CUT))
    assert step(failed, Interrupt(attempt=1, result=CUT)).effects == (Unchanged(),)
    with pytest.raises(AlreadyEnded):
        step(ENDED, Interrupt(attempt=1, result=CUT))


def test_progress_of_the_present_attempt_only() -> None:
    assert do(RUNNING, Progress(percent=40.0, attempt=1)).percent_complete == 40.0
    with pytest.raises(StaleAttempt):
        step(RUNNING, Progress(percent=40.0, attempt=2))


def test_cancel_of_a_running_event_ends_its_process_first() -> None:
    asked = step(RUNNING, Cancel(by="local"))
    assert (asked.event.event_status, asked.effects) == (S.PROCESSING, (QueueEndProcess(7),))


class TestRedelivery:
    """One local row per (upstream, remote id)."""

    AGAIN = Redeliver(token="T9", attempt=1)

    def test_waiting_here(self) -> None:
        after = step(pending(max_attempts=3), self.AGAIN)
        assert (after.event.event_status, after.event.checkout_token, after.event.attempt_number) == (
            S.PENDING,
            "T9",
            1,
        )
        assert after.effects == (Renewed(0),)

    def test_waiting_here_keeps_room_for_its_attempt(self) -> None:
        after = step(pending(), self.AGAIN)
        assert (after.event.attempt_number, after.event.checkout_token) == (0, "T9")

    def test_running_here(self) -> None:
        after = step(RUNNING, self.AGAIN, NOW + SECOND)
        assert after.event == replace(RUNNING, checkout_token="T9", modified=NOW + SECOND)
        assert after.effects == (AnswerProcessing(),)

    @pytest.mark.parametrize("status", [S.COMPLETE, S.ERROR, S.CANCELLED])
    def test_ended_here(self, status: EventStatus) -> None:
        ended = do(RUNNING, Finish(attempt=1, status=status, result="r"))
        after = step(ended, self.AGAIN)
        assert after.event == replace(ended, checkout_token="T9", modified=NOW)
        assert after.effects == (SendOutcome(),)

    def test_interrupted_here(self) -> None:
        cut = do(RUNNING, Finish(attempt=1, status=S.ERROR, result=CUT))
        after = step(cut, self.AGAIN)
        assert (after.event.event_status, after.event.attempt_number, after.event.ended) == (S.PENDING, 1, 0)
        assert after.effects == (Requeued(),)
        assert do(after.event, begin()).attempt_number == 2

    def test_interrupted_here_for_the_last_time(self) -> None:
        cut = do(pending(), begin(), Interrupt(attempt=1, result=CUT))
        assert step(cut, Redeliver(token="T9", attempt=0)).effects == (SendOutcome(),)

    def test_checked_out_through_the_local_api(self) -> None:
        event = do(pending(), checkout("local"))
        assert step(event, self.AGAIN).effects == (Unchanged(),)
