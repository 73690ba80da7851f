from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presets_store.rules.startup import (
    Again,
    Binding,
    Link,
    LinkState,
    Mode,
    Order,
    RunNote,
    gives_way,
    may_fire,
    mode_later,
    plan,
)

LINKS = st.builds(
    Link, st.sampled_from([LinkState.NONE, LinkState.REACHED, LinkState.UNREACHABLE, LinkState.REFUSED]), st.text()
)
NOTES = st.none() | st.builds(
    RunNote, st.sampled_from(["boot-1", "boot-2"]), st.sampled_from(Binding), st.text(), st.booleans()
)


def decide(state: LinkState, *, online: bool, standalone: bool, detail: str = "hub") -> tuple[Mode, Binding | None]:
    made = plan(Link(state, detail), online_bound=online, standalone_bound=standalone, grace=15)
    return made.mode, made.fires


class TestWithoutUpstream:
    def test_the_own_store_fires_online_before_standalone(self) -> None:
        assert decide(LinkState.NONE, online=True, standalone=True) == (Mode.STANDALONE, Binding.ONLINE)

    def test_else_the_standalone_one(self) -> None:
        assert decide(LinkState.NONE, online=False, standalone=True) == (Mode.STANDALONE, Binding.STANDALONE)

    def test_or_nothing_which_is_said(self) -> None:
        made = plan(Link(LinkState.NONE), online_bound=False, standalone_bound=False, grace=15)
        assert made.fires is None
        assert made.note == "no preset is bound to start-up"


class TestWithUpstream:
    def test_one_that_answers_fires_itself(self) -> None:
        assert decide(LinkState.REACHED, online=True, standalone=True) == (Mode.ONLINE, None)

    def test_one_that_does_not_leaves_it_to_the_standalone_preset(self) -> None:
        for state in (LinkState.UNREACHABLE, LinkState.REFUSED):
            assert decide(state, online=True, standalone=True) == (Mode.STANDALONE, Binding.STANDALONE)

    def test_an_online_binding_alone_does_not_run_and_this_is_said(self) -> None:
        made = plan(Link(LinkState.UNREACHABLE, "cable out"), online_bound=True, standalone_bound=False, grace=15)
        assert made.fires is None
        assert "what is bound here as online runs only where no upstream is configured" in made.note
        assert made.reason == "the upstream did not answer within 15 s: cable out"

    def test_a_refusal_is_told_as_one(self) -> None:
        made = plan(Link(LinkState.REFUSED, "hub refused with 401"), online_bound=False, standalone_bound=True, grace=1)
        assert made.reason == "the upstream refused: hub refused with 401"


@given(LINKS, st.booleans(), st.booleans())
def test_only_what_is_bound_fires_and_online_only_here_where_the_store_is_alone(
    link: Link, online: bool, standalone: bool
) -> None:
    made = plan(link, online_bound=online, standalone_bound=standalone, grace=15)
    assert made.mode in (Mode.ONLINE, Mode.STANDALONE)
    assert made.reason
    if made.fires is Binding.ONLINE:
        assert online
        assert link.state is LinkState.NONE
    if made.fires is Binding.STANDALONE:
        assert standalone
        assert link.state is not LinkState.REACHED
    if made.fires is None:
        assert made.note


class TestAfterALostDatabase:
    def test_what_had_ended_in_this_boot_is_not_run_twice(self) -> None:
        note = RunNote("boot-1", Binding.STANDALONE, "uuid", ended=True)
        assert may_fire(note, boot_id="boot-1", database_lost=True) is Again.ENDED

    def test_what_was_cut_off_runs_again(self) -> None:
        note = RunNote("boot-1", Binding.STANDALONE, "uuid", ended=False)
        assert may_fire(note, boot_id="boot-1", database_lost=True) is Again.FIRE

    def test_without_a_note_a_mark_that_was_saved_decides(self) -> None:
        assert may_fire(None, boot_id="boot-1", database_lost=True) is Again.AS_MARKED

    @given(NOTES)
    def test_with_the_database_its_own_mark_decides(self, note: RunNote | None) -> None:
        assert may_fire(note, boot_id="boot-1", database_lost=False) is Again.AS_MARKED

    @given(NOTES)
    def test_a_new_boot_is_never_held_up_by_an_old_note(self, note: RunNote | None) -> None:
        assert may_fire(note, boot_id="boot-3", database_lost=True) is (Again.FIRE if note else Again.AS_MARKED)


class TestAfterTheStart:
    def test_a_link_that_comes_makes_a_standalone_device_online(self) -> None:
        assert mode_later(Mode.STANDALONE, LinkState.REACHED, "https://hub") == (
            Mode.ONLINE,
            "https://hub answered after the start",
        )

    def test_nothing_else_changes_the_mode(self) -> None:
        cases = set(product(Mode, LinkState)) - {(Mode.STANDALONE, LinkState.REACHED)}
        assert all(mode_later(mode, state, "hub") is None for mode, state in cases)


RECORD = Order(1, '{"camera": "main", "fps": 30}')


@pytest.mark.parametrize(
    ("order", "online", "begun_by", "expected"),
    [
        (RECORD, RECORD, Binding.STANDALONE, True),
        (Order(1, '{"fps": 30, "camera":"main"}'), RECORD, Binding.STANDALONE, True),
        (Order(1, ""), Order(1, "{}"), Binding.STANDALONE, True),
        (Order(1, "{}"), RECORD, Binding.STANDALONE, False),  # somebody wants another recording: that is an error
        (Order(2, RECORD.parameters), RECORD, Binding.STANDALONE, False),
        (RECORD, None, Binding.STANDALONE, False),
        (RECORD, RECORD, Binding.ONLINE, False),  # it was fired twice, which must be seen
        (RECORD, RECORD, None, False),  # somebody films already, by an order of their own
        (Order(1, "not JSON"), Order(1, "not JSON"), Binding.STANDALONE, True),
    ],
)
def test_the_online_preset_gives_way_to_what_the_standalone_one_began(
    order: Order, online: Order | None, begun_by: Binding | None, expected: bool
) -> None:
    assert gives_way(order, online, begun_by=begun_by) is expected
