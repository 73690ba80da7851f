"""The life cycle under any order of commands, repeats included."""

from collections.abc import Iterable

import pytest
from fakes.rule_events import HOLDER, NOW, OTHER, SECOND, checkout, do, pending, said
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from presets_store.protocol.statuses import EventStatus
from presets_store.rules.commands import (
    Began,
    Begin,
    Cancel,
    Checkout,
    Command,
    Ended,
    Expire,
    Finish,
    Interrupt,
    LeaseCheck,
    Progress,
    QueueEndProcess,
    Redeliver,
    Report,
    Requeued,
    SilenceCheck,
    TransitionRefused,
    Unchanged,
)
from presets_store.rules.event import Event
from presets_store.rules.lifecycle import LEASE, attempts_allowed, result_code, transition

S = EventStatus
HOLDERS = st.sampled_from([HOLDER, OTHER, "201:1:77", ""])
TOKENS = st.sampled_from(["", "T1", "T2", "T3"])
RESULTS = st.sampled_from(["", "done", "boom", "interrupted", '{"code": "interrupted"}'])
STATUSES = st.sampled_from(EventStatus)
ATTEMPTS = st.integers(0, 4)

REPORTS = st.builds(
    Report,
    status=st.none() | STATUSES,
    holder=HOLDERS,
    token=TOKENS,
    result=st.none() | RESULTS,
    percent=st.none() | st.floats(0, 100),
    process_id=st.none() | st.integers(1, 3),
    by=st.sampled_from(["", "k"]),
)
SERVER_COMMANDS = st.one_of(
    REPORTS,
    st.builds(checkout, token=TOKENS.filter(bool), holder=HOLDERS.filter(bool)),
    st.builds(Progress, percent=st.floats(0, 100), holder=HOLDERS, token=TOKENS),
    st.builds(Cancel, by=st.just("user")),
    st.builds(Expire, clock_trusted=st.booleans()),
    st.just(LeaseCheck()),
    st.builds(SilenceCheck, limit=st.sampled_from([0, 1000 * SECOND])),
)
DEVICE_COMMANDS = st.one_of(
    st.builds(Begin, holder=HOLDERS, boot_id=st.just("b"), process_id=st.integers(1, 3), clock_trusted=st.booleans()),
    st.builds(Finish, attempt=ATTEMPTS, status=STATUSES, result=RESULTS),
    st.builds(Interrupt, attempt=ATTEMPTS, result=RESULTS),
    st.builds(Progress, percent=st.floats(0, 100), attempt=ATTEMPTS),
    st.builds(Redeliver, token=TOKENS.filter(bool), attempt=ATTEMPTS),
)


class LifeOfAnEvent(RuleBasedStateMachine):
    """One event, any commands; the model keeps only what must never be broken."""

    @initialize(max_attempts=st.integers(0, 3), expires=st.sampled_from([0, NOW // SECOND + 30]))
    def create(self, max_attempts: int, expires: int) -> None:
        self.event = pending(max_attempts=max_attempts, expiration_epoch=expires)
        self.now = NOW
        self.starts: list[int] = []

    @rule(seconds=st.sampled_from([1, 20, 61, 90_000]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @rule(command=SERVER_COMMANDS, repeats=st.integers(1, 2))
    def server(self, command: Command, repeats: int) -> None:
        for _ in range(repeats):
            self.apply(command)

    @rule(command=DEVICE_COMMANDS, repeats=st.integers(1, 2))
    def device(self, command: Command, repeats: int) -> None:
        for _ in range(repeats):
            self.apply(command)

    @rule(token=TOKENS.filter(bool), holder=HOLDERS.filter(bool))
    def dequeue(self, token: str, holder: str) -> None:
        self.apply(checkout(token, holder, now=self.now))

    @rule(status=st.none() | STATUSES, result=RESULTS, with_token=st.booleans())
    def who_has_it_reports(self, status: EventStatus | None, result: str, with_token: bool) -> None:
        token = self.event.checkout_token if with_token else ""
        self.apply(Report(status=status, holder=self.event.holder, token=token, result=result))

    @rule(holder=HOLDERS.filter(bool), cut_off=st.booleans())
    def a_run_as_it_should_be(self, holder: str, cut_off: bool) -> None:
        self.dequeue(f"T{self.now}", holder)
        self.who_has_it_reports(S.PROCESSING, "", True)
        self.check_lease_and_end()
        self.who_has_it_reports(S.ERROR, "interrupted" if cut_off else "boom", True)

    @rule(result=RESULTS)
    def the_device_is_killed(self, result: str) -> None:
        self.apply(Interrupt(attempt=self.event.attempt_number, result=result))

    def apply(self, command: Command) -> None:
        before = self.event
        try:
            after, effects = (result := transition(before, command, self.now)).event, result.effects
        except TransitionRefused:
            return
        assert len(effects) == 1
        self.check_ended(before, after, command)
        self.check_attempts(before, after, command)
        effect = effects[0]
        if isinstance(effect, Unchanged | QueueEndProcess):
            assert after == before
        assert isinstance(effect, Began) == (before.event_status != after.event_status == S.PROCESSING)
        assert isinstance(effect, Ended) == (before.event_status != after.event_status and after.terminal)
        assert isinstance(effect, Requeued) == (before.event_status != after.event_status == S.PENDING)
        if isinstance(effect, Began):
            self.starts.append(effect.attempt)
        self.event = after

    def check_ended(self, before: Event, after: Event, command: Command) -> None:
        """Terminal states never change, but Timed_out by a late outcome and an interrupted one redelivered."""
        if not before.terminal or after.event_status is before.event_status:
            return
        if isinstance(command, Redeliver):
            assert (before.event_status, result_code(before.result)) == (S.ERROR, "interrupted")
            return
        assert isinstance(command, Report | Finish)
        assert before.event_status is S.TIMED_OUT
        assert after.event_status in (S.COMPLETE, S.ERROR)
        assert after.late

    def check_attempts(self, before: Event, after: Event, command: Command) -> None:
        if isinstance(command, Redeliver):
            assert after.attempt_number >= before.attempt_number
            return
        assert after.attempt_number - before.attempt_number in (0, 1)
        if after.attempt_number > before.attempt_number:
            assert isinstance(command, Begin | Report | Finish)
        if isinstance(command, Checkout | LeaseCheck | Expire | SilenceCheck | Cancel | Progress):
            assert after.attempt_number == before.attempt_number

    @invariant()
    def attempts_never_exceed_the_limit(self) -> None:
        assert self.event.attempt_number <= attempts_allowed(self.event)

    @invariant()
    def an_action_starts_once_per_attempt(self) -> None:
        assert len(self.starts) == len(set(self.starts))
        assert self.starts == sorted(self.starts)

    @invariant()
    def a_waiting_event_can_be_started(self) -> None:
        if self.event.event_status in (S.PENDING, S.CHECKED_OUT):
            assert self.event.started == 0
            assert self.event.attempt_number < attempts_allowed(self.event)

    @invariant()
    def a_running_event_is_counted(self) -> None:
        if self.event.event_status is S.PROCESSING:
            assert self.event.started
            assert self.event.attempt_number >= 1

    @invariant()
    def check_lease_and_end(self) -> None:
        """Only checkouts have a lease, only ended events an end."""
        assert (self.event.lease_until > 0) == (self.event.event_status is S.CHECKED_OUT)
        assert (self.event.ended > 0) == self.event.terminal


TestLifeOfAnEvent = pytest.mark.timeout(60)(LifeOfAnEvent.TestCase)
TestLifeOfAnEvent.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)


def tolerant(event: Event, commands: Iterable[Command], now: int) -> Event:
    for command in commands:
        try:
            event = transition(event, command, now).event
        except TransitionRefused:
            continue
    return event


@example([checkout()], said(S.PENDING, process_id=1))
@example([checkout()], said(S.PENDING, percent=1.0))
@given(st.lists(SERVER_COMMANDS, max_size=6), SERVER_COMMANDS)
def test_a_repeat_changes_nothing_more(before: list[Command], command: Command) -> None:
    """The same word twice, in every state that any words before it led to."""
    once = tolerant(pending(max_attempts=3), [*before, command], NOW)
    assert tolerant(once, [command], NOW) == once


RUN = [said(S.CHECKED_OUT), said(S.PROCESSING), Progress(percent=50, holder=HOLDER, token="T1")]


@given(
    st.permutations([*RUN, *RUN, said(S.COMPLETE, result="done"), said(S.COMPLETE, result="done")]),
    st.integers(0, 3),
    st.booleans(),
)
def test_any_order_of_a_run_and_its_repeats_ends_the_same(
    words: list[Command], max_attempts: int, lapsed: bool
) -> None:
    """Reports of one checkout, each twice, shuffled by retries, also after the lease ran out."""
    event = do(pending(max_attempts=max_attempts), checkout())
    event = do(event, LeaseCheck(), now=NOW + LEASE) if lapsed else event
    event = tolerant(event, words, NOW + LEASE)
    assert (event.event_status, event.result, event.attempt_number) == (S.COMPLETE, "done", 1)


@given(st.permutations([*RUN, said(S.ERROR, result="interrupted"), said(S.ERROR, result="interrupted")]))
def test_any_order_of_an_interrupted_run_costs_one_attempt(words: list[Command]) -> None:
    event = tolerant(do(pending(max_attempts=3), checkout()), words, NOW)
    assert (event.event_status, event.attempt_number) == (S.PENDING, 1)


@given(st.lists(st.tuples(st.sampled_from([LEASE, LEASE + 1, 5 * LEASE]), TOKENS.filter(bool)), max_size=20))
def test_leases_cost_no_attempt_however_often_they_run_out(rounds: list[tuple[int, str]]) -> None:
    event, now = pending(), NOW
    for pause, token in rounds:
        event = do(event, checkout(token, now=now), now=now)
        now += pause
        event = do(event, LeaseCheck(), now=now)
        assert (event.event_status, event.attempt_number) == (S.PENDING, 0)
