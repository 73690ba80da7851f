"""Which files go: the rules, as properties over any folder."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.media.retention.planning import Limit, Plan, Policy, Removal, Stored, plan
from agent.media.retention.policy import policy_of
from agent.settings import CameraSettings, MediaSettings

NOW = 1_000_000.0

some_stored = st.lists(
    st.builds(
        Stored,
        file=st.text("abcdef", min_size=4, max_size=8),
        camera=st.sampled_from(["main", "side"]),
        size=st.integers(0, 100),
        end=st.floats(0, NOW),
        dated=st.booleans(),
        uploaded=st.booleans(),
        protected=st.booleans(),
        held=st.booleans(),
    ),
    max_size=25,
    unique_by=lambda stored: stored.file,
)
some_policy = st.builds(
    Policy,
    max_size=st.integers(0, 1000),
    min_free=st.integers(0, 1000),
    floor=st.integers(0, 100),
    max_age=st.sampled_from([0.0, NOW / 2]),
    shares=st.dictionaries(st.sampled_from(["main", "side", "gone"]), st.integers(0, 500)),
)


def missing(limit: Limit, removal: Removal, stored: list[Stored], policy: Policy, free: int) -> float:
    """How far `limit` is from being kept while `stored` is there."""
    used = sum(each.size for each in stored)
    camera = removal.stored.camera
    return {
        Limit.AGE: NOW - policy.max_age - removal.stored.end,
        Limit.SIZE: used - policy.max_size,
        Limit.FREE: policy.min_free - free,
        Limit.SHARE: sum(each.size for each in stored if each.camera == camera) - policy.shares.get(camera, 0),
    }[limit]


@settings(max_examples=300)
@given(some_stored, some_policy, st.integers(0, 1000))
def test_each_removal_is_allowed_needed_and_in_its_turn(stored: list[Stored], policy: Policy, free: int) -> None:
    left = list(stored)
    for removal in plan(stored, policy, free, NOW).removals:
        gone = removal.stored
        assert gone.removable
        assert missing(removal.limit, removal, left, policy, free) > 0
        rivals = [each for each in left if each.removable and _is_for(removal, each)]
        assert not any((each.uploaded, -each.end) > (gone.uploaded, -gone.end) for each in rivals)
        left.remove(gone)
        free += gone.size


def _is_for(removal: Removal, stored: Stored) -> bool:
    """Whether the file could have gone for the same limit."""
    if removal.limit is Limit.AGE:
        return stored.dated and stored.end < NOW / 2
    return removal.limit is not Limit.SHARE or stored.camera == removal.stored.camera


@settings(max_examples=300)
@given(some_stored, some_policy, st.integers(0, 1000))
def test_the_limits_hold_or_cannot(stored: list[Stored], policy: Policy, free: int) -> None:
    wanted = plan(stored, policy, free, NOW)
    gone = {removal.stored.file for removal in wanted.removals}
    left = [each for each in stored if each.file not in gone]
    removable = [each for each in left if each.removable]
    used = sum(each.size for each in left)
    free += sum(each.size for each in stored) - used
    over = {("", Limit.SIZE): used - policy.max_size if policy.max_size else 0}
    for camera, share in policy.shares.items():
        over[camera, Limit.SHARE] = sum(each.size for each in left if each.camera == camera) - share if share else 0
    unmet = {(each.camera, each.limit): each.missing for each in wanted.unmet}
    for (camera, limit), missing in over.items():
        if missing > 0:
            assert unmet[camera, limit] >= missing
            assert not any(each.camera == (camera or each.camera) for each in removable)
    if free < policy.min_free:
        assert unmet["", Limit.FREE] == policy.min_free - free
        reach = free + sum(each.size for each in removable)
        assert reach < policy.min_free, "it would have been possible"
        assert free >= policy.floor or reach < policy.floor, "at least that would have been possible"
    assert not policy.max_age or not any(each.dated and each.end < NOW / 2 for each in removable)


@settings(max_examples=200)
@given(some_stored, st.integers(0, 2000), st.integers(0, 2000), st.integers(0, 1000))
def test_nothing_is_removed_in_vain(stored: list[Stored], min_free: int, floor: int, free: int) -> None:
    wanted = plan(stored, Policy(min_free=min_free, floor=floor), free, NOW)
    free += sum(removal.stored.size for removal in wanted.removals)
    assert not wanted.removals or free >= min(min_free, floor)


def test_what_is_uploaded_goes_first_and_the_log_says_what_nobody_else_has() -> None:
    files = [Stored(file=name, camera="main", size=10, end=end) for name, end in (("a", 1.0), ("b", 2.0), ("c", 3.0))]
    files[2] = replace(files[2], uploaded=True)
    wanted = plan(files, Policy(max_size=10), 0, NOW)
    assert [(removal.stored.file, removal.reason) for removal in wanted.removals] == [
        ("c", "over the maximum size"),
        ("a", "over the maximum size; not uploaded"),
    ]


def test_while_the_clock_is_not_trusted_nothing_is_too_old() -> None:
    old = Stored(file="a", camera="main", size=10, end=1.0)
    assert plan([old], Policy(max_age=5.0), 0, 0.0) == Plan()
    assert plan([replace(old, dated=False)], Policy(max_age=5.0), 0, NOW) == Plan()
    assert plan([old], Policy(max_age=5.0), 0, NOW).removals == (Removal(old, Limit.AGE),)


def test_a_share_is_one_of_the_maximum_size_or_else_of_the_disk() -> None:
    cameras = (CameraSettings(id="main", share=0.5), CameraSettings(id="side"))
    assert policy_of(MediaSettings(max_size=1000), cameras, 10**6).shares == {"main": 500}
    assert policy_of(MediaSettings(), cameras, 10**6).shares == {"main": 500_000}


@pytest.mark.parametrize(
    ("given", "disk", "min_free", "floor"),
    [
        (None, 10**12, 10**9, 64_000_000),
        (None, 10**8, 5_000_000, 5_000_000),
        (0, 10**12, 0, 64_000_000),
        (10**6, 10**12, 10**6, 10**6),
    ],
)
def test_the_minimum_of_free_space(given: int | None, disk: int, min_free: int, floor: int) -> None:
    policy = policy_of(MediaSettings(min_free=given), (), disk)
    assert (policy.min_free, policy.floor) == (min_free, floor)
