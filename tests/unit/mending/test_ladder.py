"""Which step is due for a camera that stopped."""

from hypothesis import given
from hypothesis import strategies as st

from agent.mending.ladder import DAY, Budget, Policy, Reach, Step, Trouble, due

POLICY = Policy(reboots=1)
USB = Reach(connected=True, usb=True)
TIMES = st.floats(0, 1e6)


def climb(policy: Policy, budget: Budget, reach: Reach, seconds: int) -> tuple[list[tuple[int, Step]], Budget]:
    """What is done in that time about a camera that never comes back; looked at every second."""
    trouble, done = Trouble(0.0), []
    for now in range(seconds):
        step = due(trouble, policy, budget, reach, float(now))
        if step is not None:
            done.append((now, step))
            trouble = trouble.after(step, float(now))
            budget = budget if step is Step.NEW_HOST else budget.after(step)
    return done, budget


def test_every_step_is_taken_once_in_its_order_then_the_host_is_replaced_now_and_then() -> None:
    done, _ = climb(POLICY, Budget(), USB, 1000)
    assert done[:4] == [(10, Step.NEW_HOST), (30, Step.USB_RESET), (150, Step.REBOOT), (450, Step.NEW_HOST)]
    assert {step for _, step in done[4:]} <= {Step.NEW_HOST}


def test_by_default_nothing_reboots() -> None:
    done, _ = climb(Policy(), Budget(), USB, 100_000)
    assert Step.REBOOT not in {step for _, step in done}


def test_a_camera_on_another_bus_has_no_usb_reset() -> None:
    done, _ = climb(POLICY, Budget(), Reach(connected=True, usb=False), 200)
    assert [step for _, step in done] == [Step.NEW_HOST, Step.REBOOT]


def test_an_unplugged_camera_is_waited_for() -> None:
    assert climb(POLICY, Budget(), Reach(connected=False, usb=True), 10_000)[0] == []


def test_what_is_spent_is_not_spent_again_until_it_has_filmed_for_a_day() -> None:
    budget = Budget()
    for _ in range(10):  # each time it recovers and stops again
        _, budget = climb(POLICY, budget, USB, 200)
    assert budget.spent == {Step.USB_RESET: POLICY.usb_resets, Step.REBOOT: POLICY.reboots}
    assert budget.filmed(DAY - 1).spent == budget.spent
    assert budget.filmed(DAY).spent == {}


@given(
    st.lists(st.tuples(st.sampled_from(Step), TIMES), max_size=6),
    TIMES,
    st.builds(Reach, connected=st.booleans(), usb=st.booleans()),
    st.dictionaries(st.sampled_from([Step.USB_RESET, Step.REBOOT]), st.integers(0, 5)),
)
def test_no_step_beyond_its_budget_or_reach(
    climbed: list[tuple[Step, float]], now: float, reach: Reach, spent: dict[Step, int]
) -> None:
    step = due(Trouble(0.0, tuple(climbed)), POLICY, Budget(spent), reach, now)
    if not reach.connected:
        assert step is None
    if step is Step.USB_RESET:
        assert reach.usb
        assert spent.get(step, 0) < POLICY.usb_resets
    if step is Step.REBOOT:
        assert spent.get(step, 0) < POLICY.reboots
    if step in (Step.USB_RESET, Step.REBOOT):
        assert Step.NEW_HOST in [taken for taken, _ in climbed], "only after a new host did not help"
