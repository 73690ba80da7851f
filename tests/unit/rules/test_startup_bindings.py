"""Which presets may be bound to a start-up, and when a binding fires."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presets_store.errors import Kind
from presets_store.protocol.parameters import WORKFLOW
from presets_store.protocol.parameters.device import WorkflowStep
from presets_store.rules.bindings import (
    NotBindable,
    StartupStateUnknown,
    binding_of,
    check_bindable,
    check_member,
    fires,
)
from presets_store.rules.startup import Binding


@dataclass(frozen=True)
class Preset:
    key: int = 5
    device_key: int | None = 1
    event_type_id: int = 1


FLOW = Preset(key=9, event_type_id=WORKFLOW)


def test_the_two_states() -> None:
    assert (binding_of("online"), binding_of("standalone")) == (Binding.ONLINE, Binding.STANDALONE)


@pytest.mark.parametrize("state", ["offline", "Online", "standalone ", "", "x" * 1000])
def test_any_other_state_is_refused_with_the_two(state: str) -> None:
    with pytest.raises(StartupStateUnknown, match=r"it is online \(.*\) or standalone \(.*\)") as refused:
        binding_of(state)
    assert refused.value.kind is Kind.INVALID
    assert len(refused.value.message) < 300


@pytest.mark.parametrize("asked", [0, 1])
def test_a_preset_is_bound_to_its_own_device(asked: int) -> None:
    assert check_bindable(Preset(), asked) == 1


@pytest.mark.parametrize(
    ("preset", "device", "group", "reason"),
    [
        (Preset(device_key=None), 0, 0, "event preset 5 cannot be a start-up preset: it targets a device group"),
        (Preset(device_key=None), 1, 0, "copy it to each device"),
        (Preset(), 2, 0, "it belongs to device 1, not to device 2; copy it there first"),
        (Preset(), 0, 3, "names device group 3"),
        (Preset(), 1, 3, "names device group 3"),
    ],
)
def test_what_cannot_be_bound(preset: Preset, device: int, group: int, reason: str) -> None:
    with pytest.raises(NotBindable, match=reason) as refused:
        check_bindable(preset, device, group)
    assert refused.value.kind is Kind.INVALID


@pytest.mark.parametrize("device", [0, 1])
def test_a_member_of_the_same_device(device: int) -> None:
    step = WorkflowStep(device_id=device, event_preset_id=5)
    assert check_member(FLOW, 0, step, Preset()) == Preset()


@pytest.mark.parametrize(
    ("device", "member", "reason"),
    [
        (0, None, "event preset 9 cannot be .*: its step 3 names event preset 5, which does not exist"),
        (0, Preset(event_type_id=WORKFLOW), "is a workflow itself; put its steps in its place"),
        (0, Preset(device_key=None), "targets a device group"),
        (0, Preset(device_key=2), "is for device 2; a device can run only its own presets"),
        (1, Preset(device_key=2), "is for device 2"),
        (2, Preset(), "is for device 2"),
    ],
)
def test_members_that_the_device_could_not_run(device: int, member: Preset | None, reason: str) -> None:
    with pytest.raises(NotBindable, match=reason):
        check_member(FLOW, 2, WorkflowStep(device_id=device, event_preset_id=5), member)


@given(st.lists(st.sampled_from("abc"), max_size=20))
def test_once_in_each_boot_however_often_it_is_asked(boots: list[str]) -> None:
    fired, mark = [], ""
    for boot in boots:
        if fires(mark, boot, unfinished=True):
            fired.append(boot)
            mark = boot
    changes = [boot for before, boot in zip(["", *boots], boots, strict=False) if boot != before]
    assert fired == changes


@given(st.text())
def test_without_a_boot_id_not_while_one_is_unfinished(mark: str) -> None:
    assert fires(mark, "", unfinished=False)
    assert not fires(mark, "", unfinished=True)
