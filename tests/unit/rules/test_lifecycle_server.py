"""What a server decides about events that a device takes and reports (events-api.md section 12.2)."""

from dataclasses import replace
from typing import Any

import pytest
from fakes.rule_events import HOLDER, NOW, OTHER, SECOND, checkout, do, pending, said, sdk_put, step

from presets_store.errors import Kind
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.commands import (
    AlreadyEnded,
    AttemptsExhausted,
    Began,
    Cancel,
    Ended,
    EventExpired,
    Expire,
    HeldByAnother,
    LeaseCheck,
    Progress,
    QueueEndProcess,
    Renewed,
    Report,
    Requeued,
    SilenceCheck,
    TransitionRefused,
    Unchanged,
)
from presets_store.rules.event import Event
from presets_store.rules.lifecycle import LEASE, SILENCE_LIMIT, result_code

S = EventStatus
LATER = NOW + 100 * SECOND
INTERRUPTED = '{"code": "interrupted", "message": "the agent was killed"}'


class TestExpiry:
    PAST = NOW // SECOND - 1

    @pytest.mark.parametrize("before", [pending(expiration_epoch=PAST), do(pending(), checkout())])
    def test_past_it_and_not_yet_processing_is_timed_out(self, before: Event) -> None:
        after = step(replace(before, expiration_epoch=self.PAST), Expire(clock_trusted=True))
        assert after.event.event_status is S.TIMED_OUT
        assert (after.event.ended, after.event.attempt_number, after.effects) == (NOW, 0, (Ended(S.TIMED_OUT),))

    @pytest.mark.parametrize("epoch", [0, NOW // SECOND, NOW // SECOND + 1])
    def test_never_at_zero_and_not_before_its_time(self, epoch: int) -> None:
        event = pending(expiration_epoch=epoch)
        assert step(event, Expire(clock_trusted=True)).effects == (Unchanged(),)
        assert do(event, checkout()).event_status is S.CHECKED_OUT

    def test_processing_does_not_expire(self) -> None:
        event = do(pending(expiration_epoch=self.PAST + 2), checkout(), said(S.PROCESSING))
        assert step(event, Expire(clock_trusted=True), LATER).effects == (Unchanged(),)

    def test_a_device_that_does_not_know_the_time_does_not_apply_it(self) -> None:
        event = pending(expiration_epoch=self.PAST)
        assert step(event, Expire(clock_trusted=False)).effects == (Unchanged(),)
        assert do(event, checkout(clock_trusted=False)).event_status is S.CHECKED_OUT

    def test_never_delivered(self) -> None:
        with pytest.raises(EventExpired) as refused:
            step(pending(expiration_epoch=self.PAST), checkout())
        assert refused.value.kind is Kind.CONFLICT


class TestAttempts:
    def test_an_attempt_counts_at_processing_not_at_checkout(self) -> None:
        event = do(pending(), checkout())
        assert event.attempt_number == 0
        begun = step(event, said(S.PROCESSING, boot_id="b1"))
        assert (begun.event.attempt_number, begun.event.boot_id, begun.event.lease_until) == (1, "b1", 0)
        assert begun.effects == (Began(1),)

    @pytest.mark.parametrize(("allowed", "runs"), [(0, 1), (1, 1), (2, 2), (5, 5)])
    def test_at_most_max_attempts(self, allowed: int, runs: int) -> None:
        event = pending(max_attempts=allowed)
        for run in range(1, runs + 1):
            event = do(event, checkout(f"T{run}"), said(S.PROCESSING, f"T{run}"))
            assert event.attempt_number == run
            event = do(event, said(S.ERROR, f"T{run}", result=INTERRUPTED))
        assert (event.event_status, event.attempt_number, event.result) == (S.ERROR, runs, INTERRUPTED)

    def test_an_odd_row_without_attempts_left_is_not_started(self) -> None:
        odd = pending(attempt_number=3, max_attempts=2)
        for command in (checkout(), sdk_put(S.CHECKED_OUT), sdk_put(S.PROCESSING)):
            with pytest.raises(AttemptsExhausted):
                step(odd, command)
        assert do(odd, sdk_put(S.COMPLETE)).attempt_number == 3

    def test_an_error_of_its_own_is_final_whatever_attempts_remain(self) -> None:
        event = do(pending(max_attempts=5), checkout(), said(S.PROCESSING), said(S.ERROR, result="camera_busy"))
        assert (event.event_status, event.attempt_number) == (S.ERROR, 1)


class TestThirdPartyClient:
    """It sends no token, its checkout names no process, its PUT always says attempt 1 (not even a field of Report)."""

    def test_dequeue_processing_complete(self) -> None:
        event = do(
            pending(), checkout(holder="201:1:0", process_id=0), sdk_put(S.PROCESSING), sdk_put(S.COMPLETE, "ok")
        )
        assert (event.event_status, event.result, event.process_id) == (S.COMPLETE, "ok", 4321)
        assert (event.attempt_number, event.late) == (1, False)

    def test_processing_repeated_counts_once(self) -> None:
        event = do(pending(), checkout(), sdk_put(S.PROCESSING), sdk_put(S.PROCESSING, percent=5.0))
        again = step(event, sdk_put(S.PROCESSING), LATER)
        assert (again.event.attempt_number, again.event.percent_complete) == (1, 5.0)
        assert again.effects == (Renewed(0),)

    @pytest.mark.parametrize("status", [S.COMPLETE, S.ERROR])
    def test_an_outcome_without_dequeue_counts_as_the_attempt(self, status: EventStatus) -> None:
        after = step(pending(), sdk_put(status, "done"))
        assert (after.event.event_status, after.event.attempt_number, after.event.started) == (status, 1, NOW)
        assert after.effects == (Ended(status),)
        assert not after.event.late

    def test_processing_without_dequeue(self) -> None:
        event = do(pending(), sdk_put(S.PROCESSING), sdk_put(S.COMPLETE))
        assert (event.event_status, event.attempt_number) == (S.COMPLETE, 1)

    def test_checked_out_without_dequeue_gets_a_lease(self) -> None:
        after = step(pending(), sdk_put(S.CHECKED_OUT))
        assert (after.event.event_status, after.event.lease_until) == (S.CHECKED_OUT, NOW + LEASE)
        assert after.effects == (Renewed(NOW + LEASE),)

    def test_only_what_was_said_is_applied(self) -> None:
        event = do(pending(tag_string="t", tag_number=4, result="r"), Report(status=S.PROCESSING, by="key-1"))
        assert (event.tag_string, event.tag_number, event.result, event.modified_by) == ("t", 4, "r", "key-1")
        event = do(event, sdk_put(S.PROCESSING))
        assert (event.tag_string, event.tag_number, event.result, event.modified_by) == ("", 0, "", "key-1")

    def test_fields_without_a_status(self) -> None:
        event = do(pending(), checkout(), Report(result="half", tag_number=3))
        assert (event.event_status, event.result, event.tag_number) == (S.CHECKED_OUT, "half", 3)

    def test_progress_before_any_checkout(self) -> None:
        event = do(pending(), Progress(percent=42.5))
        assert (event.event_status, event.percent_complete) == (S.PENDING, 42.5)


class TestCheckoutToken:
    def test_a_repeat_of_the_same_checkout(self) -> None:
        event = do(pending(), checkout())
        assert step(event, checkout()).effects == (Unchanged(),)
        with pytest.raises(TransitionRefused):
            step(event, checkout("T2"))
        with pytest.raises(TransitionRefused):
            step(event, checkout(holder=OTHER))

    @pytest.mark.parametrize("status", [S.PROCESSING, S.COMPLETE, S.ERROR, S.PENDING])
    @pytest.mark.parametrize("begun", [False, True])
    def test_another_token_is_refused_while_another_holder_has_it(self, status: EventStatus, begun: bool) -> None:
        event = do(pending(), checkout(), LeaseCheck(), now=NOW)
        event = do(do(event, LeaseCheck(), now=NOW + LEASE), checkout("T2", OTHER))
        event = do(event, said(S.PROCESSING, "T2", OTHER)) if begun else event
        with pytest.raises(HeldByAnother, match=OTHER):
            step(event, said(status, "T1", HOLDER))
        with pytest.raises(HeldByAnother):
            step(event, Progress(percent=1, holder=HOLDER, token="T1"))

    def test_the_right_token_is_enough(self) -> None:
        """An agent that was restarted reports under another process number."""
        event = do(pending(), checkout(), said(S.PROCESSING, holder="201:1:77"), said(S.COMPLETE, holder="201:1:99"))
        assert (event.event_status, event.late) == (S.COMPLETE, False)

    def test_no_token_is_taken(self) -> None:
        event = do(pending(), checkout(), said(S.PROCESSING), Report(status=S.COMPLETE, holder=OTHER))
        assert event.event_status is S.COMPLETE

    def test_an_older_token_of_the_same_holder_is_a_late_report(self) -> None:
        event = do(pending(), checkout())
        event = do(do(event, LeaseCheck(), now=NOW + LEASE), checkout("T2"), said(S.COMPLETE, "T1"))
        assert (event.event_status, event.late, event.attempt_number) == (S.COMPLETE, True, 1)

    def test_an_older_token_says_nothing_live_about_the_present_checkout(self) -> None:
        event = do(pending(max_attempts=3), checkout())
        event = do(do(event, LeaseCheck(), now=NOW + LEASE), checkout("T2"))
        for status in (S.PROCESSING, S.PENDING, S.CHECKED_OUT):
            assert step(event, said(status, "T1")).effects == (Unchanged(),)
        assert step(event, said(S.ERROR, "T1", result=INTERRUPTED)).effects == (Unchanged(),)
        assert step(event, Progress(percent=9, holder=HOLDER, token="T1")).effects == (Unchanged(),)

    def test_a_late_outcome_after_the_lease(self) -> None:
        waiting = do(do(pending(), checkout()), LeaseCheck(), now=NOW + LEASE)
        event = do(waiting, said(S.COMPLETE, result="done"), now=LATER)
        assert (event.event_status, event.late, event.attempt_number) == (S.COMPLETE, True, 1)

    def test_the_device_goes_on_after_its_lease_ran_out(self) -> None:
        waiting = do(do(pending(), checkout()), LeaseCheck(), now=NOW + LEASE)
        assert do(waiting, said(S.CHECKED_OUT), now=LATER).event_status is S.CHECKED_OUT
        assert do(waiting, said(S.PROCESSING), now=LATER).attempt_number == 1


class TestLease:
    def test_sixty_seconds_then_pending_at_no_cost(self) -> None:
        event = do(pending(), checkout())
        assert step(event, LeaseCheck(), NOW + 60 * SECOND - 1).effects == (Unchanged(),)
        lapsed = step(event, LeaseCheck(), NOW + 60 * SECOND)
        assert (lapsed.event.event_status, lapsed.event.attempt_number) == (S.PENDING, 0)
        assert lapsed.effects == (Requeued(),)

    @pytest.mark.parametrize(
        "word",
        [
            Report(),
            said(S.CHECKED_OUT),
            Report(tag_number=1),
            Progress(percent=0, holder=HOLDER, token="T1"),
            Progress(percent=1),
        ],
    )
    def test_renewed_by_any_put_or_patch(self, word: Report | Progress) -> None:
        renewed = step(do(pending(), checkout()), word, NOW + 20 * SECOND)
        assert renewed.effects == (Renewed(NOW + 80 * SECOND),)
        assert step(renewed.event, LeaseCheck(), NOW + 79 * SECOND).effects == (Unchanged(),)

    def test_an_agent_gives_a_checkout_back(self) -> None:
        back = step(do(pending(), checkout()), said(S.PENDING))
        assert (back.event.event_status, back.event.attempt_number) == (S.PENDING, 0)
        assert back.effects == (Requeued(),)
        assert step(back.event, said(S.PROCESSING)).effects == (Unchanged(),)

    @pytest.mark.parametrize(
        "event", [pending(), do(pending(), checkout(), said(S.PROCESSING)), pending(event_status=S.ERROR)]
    )
    def test_only_checkouts_have_one(self, event: Event) -> None:
        assert step(event, LeaseCheck(), NOW + 1000 * SECOND).effects == (Unchanged(),)


class TestProcessing:
    RUNNING = do(pending(max_attempts=3), checkout(), said(S.PROCESSING))

    def test_silence_times_out_after_a_day_and_never_requeues(self) -> None:
        heard = do(self.RUNNING, Progress(percent=3, holder=HOLDER, token="T1"), now=LATER)
        assert step(heard, SilenceCheck(limit=SILENCE_LIMIT), LATER + SILENCE_LIMIT - 1).effects == (Unchanged(),)
        after = step(heard, SilenceCheck(limit=SILENCE_LIMIT), LATER + SILENCE_LIMIT)
        assert (after.event.event_status, after.effects) == (S.TIMED_OUT, (Ended(S.TIMED_OUT),))
        assert step(do(pending(), checkout()), SilenceCheck(limit=1), LATER).effects == (Unchanged(),)

    @pytest.mark.parametrize("status", [S.PENDING, S.CHECKED_OUT])
    def test_it_never_goes_back_by_a_plain_report(self, status: EventStatus) -> None:
        for report in (said(status), sdk_put(status)):
            with pytest.raises(TransitionRefused, match="Processing"):
                step(self.RUNNING, report)

    @pytest.mark.parametrize("result", [INTERRUPTED, "interrupted", "interrupted: killed"])
    def test_interrupted_with_attempts_left_is_pending_again(self, result: str) -> None:
        after = step(self.RUNNING, said(S.ERROR, result=result))
        assert (after.event.event_status, after.event.attempt_number) == (S.PENDING, 1)
        assert after.event.result == result
        assert after.effects == (Requeued(),)

    def test_interrupted_before_processing_was_heard_costs_the_attempt(self) -> None:
        event = do(pending(max_attempts=2), checkout(), said(S.ERROR, result=INTERRUPTED))
        assert (event.event_status, event.attempt_number) == (S.PENDING, 1)

    def test_interrupted_after_the_lease_ran_out_costs_nothing(self) -> None:
        """It never became Processing here; the device's own row keeps its own count."""
        waiting = do(do(pending(max_attempts=2), checkout()), LeaseCheck(), now=NOW + LEASE)
        for report in (said(S.ERROR, result=INTERRUPTED), sdk_put(S.ERROR, INTERRUPTED)):
            assert step(waiting, report).effects == (Unchanged(),)

    def test_a_device_that_was_restarted_names_its_new_boot(self) -> None:
        event = do(self.RUNNING, said(S.PROCESSING, boot_id="b2"), said(S.PROCESSING))
        assert (event.boot_id, event.attempt_number, event.lease_until) == ("b2", 1, 0)

    def test_repeats_of_an_interrupted_attempt_are_harmless(self) -> None:
        waiting = do(self.RUNNING, said(S.ERROR, result=INTERRUPTED))
        for report in (said(S.PROCESSING), said(S.ERROR, result=INTERRUPTED), said(S.PENDING), said(S.CHECKED_OUT)):
            assert step(waiting, report).effects == (Unchanged(),)
        again = do(waiting, checkout("T2"), said(S.PROCESSING, "T2"))
        assert again.attempt_number == 2
        assert step(again, said(S.ERROR, result=INTERRUPTED)).effects == (Unchanged(),)


class TestEnded:
    @pytest.mark.parametrize("status", [S.COMPLETE, S.ERROR, S.CANCELLED])
    def test_an_identical_repeat_is_fine_anything_else_is_refused(self, status: EventStatus) -> None:
        running = do(pending(), checkout(), said(S.PROCESSING))
        ended = do(running, said(status, result="r", percent=50.0, process_id=1))
        repeat = step(ended, said(status, result="r", percent=50.0, process_id=2, by="someone else"), LATER)
        assert repeat.event == ended
        assert repeat.effects == (Unchanged(),)
        assert step(ended, said(status)).effects == (Unchanged(),)
        assert step(ended, Progress(percent=50.0)).effects == (Unchanged(),)
        for word in (
            said(status, result="other"),
            said(S.PROCESSING),
            Report(tag_number=5),
            Progress(percent=51),
            checkout(),
        ):
            with pytest.raises(AlreadyEnded) as refused:
                step(ended, word)
            assert refused.value.kind is Kind.CONFLICT
        for other in {S.COMPLETE, S.ERROR, S.CANCELLED, S.TIMED_OUT} - {status}:
            with pytest.raises(AlreadyEnded):
                step(ended, said(other, result="r"))

    @pytest.mark.parametrize("status", [S.COMPLETE, S.ERROR])
    @pytest.mark.parametrize("report", [said, lambda status, **fields: sdk_put(status, **fields)])
    def test_timed_out_learns_what_really_happened(self, status: EventStatus, report: Any) -> None:
        silent = do(do(pending(max_attempts=3), checkout(), said(S.PROCESSING)), SilenceCheck(limit=0), now=LATER)
        after = step(silent, report(status, result="interrupted"), LATER)
        assert (after.event.event_status, after.event.late, after.event.attempt_number) == (status, True, 1)
        assert after.effects == (Ended(status),)
        assert step(after.event, report(status, result="interrupted")).effects == (Unchanged(),)

    def test_timed_out_before_processing_was_heard_counts_the_late_attempt(self) -> None:
        event = replace(do(pending(), checkout()), expiration_epoch=1)
        event = do(event, Expire(clock_trusted=True), said(S.COMPLETE))
        assert (event.event_status, event.attempt_number, event.late) == (S.COMPLETE, 1, True)

    @pytest.mark.parametrize("status", [S.PROCESSING, S.CANCELLED, S.PENDING, None])
    def test_nothing_else_changes_timed_out(self, status: EventStatus | None) -> None:
        silent = do(do(pending(), checkout(), said(S.PROCESSING)), SilenceCheck(limit=0), now=LATER)
        with pytest.raises(AlreadyEnded):
            step(silent, said(status, result="new"))

    def test_only_the_device_that_had_held_it(self) -> None:
        silent = do(do(pending(), checkout(), said(S.PROCESSING)), SilenceCheck(limit=0), now=LATER)
        with pytest.raises(AlreadyEnded):
            step(silent, said(S.COMPLETE, "", OTHER))
        never_held = do(pending(expiration_epoch=1), Expire(clock_trusted=True))
        for report in (said(S.COMPLETE), sdk_put(S.COMPLETE)):
            with pytest.raises(AlreadyEnded):
                step(never_held, report)

    @pytest.mark.parametrize("status", [S.CANCELLED, S.TIMED_OUT])
    def test_the_device_may_say_that_it_never_ran(self, status: EventStatus) -> None:
        event = do(pending(), checkout(), said(status))
        assert (event.event_status, event.attempt_number, event.ended) == (status, 0, NOW + SECOND)


class TestCancel:
    def test_pending_at_once(self) -> None:
        after = step(pending(), Cancel(by="user"))
        assert (after.event.event_status, after.event.modified_by) == (S.CANCELLED, "user")
        assert after.effects == (Ended(S.CANCELLED),)
        assert step(after.event, Cancel(by="user")).effects == (Unchanged(),)

    @pytest.mark.parametrize("held", [do(pending(), checkout()), do(pending(), checkout(), said(S.PROCESSING))])
    def test_held_asks_the_device_and_waits_for_its_word(self, held: Event) -> None:
        asked = step(held, Cancel(by="user"))
        assert asked.event == held
        assert asked.effects == (QueueEndProcess(7),)
        assert QueueEndProcess(7).parameters == '{"eventID": 7}'
        assert do(held, said(S.CANCELLED)).event_status is S.CANCELLED

    @pytest.mark.parametrize("status", [S.COMPLETE, S.ERROR, S.TIMED_OUT])
    def test_too_late(self, status: EventStatus) -> None:
        with pytest.raises(AlreadyEnded, match="cancel came too late"):
            step(pending(event_status=status), Cancel(by="user"))


@pytest.mark.parametrize(
    ("result", "code"),
    [
        ('{"code": "x"}', "x"),
        ("interrupted", "interrupted"),
        ("interrupted: why", "interrupted"),
        ("interrupted by me", "interrupted by me"),
        ("", ""),
        ("[1]", ""),
        ('{"a": 1}', ""),
        ("[" * 100_000, "[" * 100_000),
    ],
    ids=lambda text: text[:20],
)
def test_result_code(result: str, code: str) -> None:
    assert result_code(result) == code
