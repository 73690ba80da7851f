"""Roles, scopes and refusals, as pure rules."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presets_store.rules.permissions import PERMISSIONS, Forbidden, Permission, Principal, Role, ScopeKind

KEYS = st.integers(1, 3)
PRINCIPALS = st.builds(
    Principal,
    name=st.just("ann"),
    role=st.sampled_from(Role),
    scope=st.sampled_from(ScopeKind),
    scope_key=KEYS,
)
NEEDED = st.sampled_from(Permission)


def allowed(check: Callable[[], None]) -> bool:
    try:
        check()
    except Forbidden:
        return False
    return True


@given(who=PRINCIPALS, needed=NEEDED)
def test_a_role_has_its_permissions_and_no_other(who: Principal, needed: Permission) -> None:
    assert allowed(lambda: who.require(needed)) == (needed in PERMISSIONS[who.role])
    everywhere = needed in PERMISSIONS[who.role] and who.scope is ScopeKind.ALL
    assert allowed(lambda: who.require_everywhere(needed)) == everywhere


@given(who=PRINCIPALS, device=KEYS, groups=st.frozensets(KEYS))
def test_a_scope_reaches_its_devices_and_no_other(who: Principal, device: int, groups: frozenset[int]) -> None:
    expected = {
        ScopeKind.ALL: True,
        ScopeKind.DEVICE: device == who.scope_key,
        ScopeKind.GROUP: who.scope_key in groups,
    }
    assert who.reaches(device, groups) == expected[who.scope]


@given(who=PRINCIPALS, needed=NEEDED)
def test_a_refusal_names_what_is_missing_and_who_lacks_it(who: Principal, needed: Permission) -> None:
    said = str(who.refusal(needed, " for device 7"))
    assert f"{needed.value!r} for device 7" in said
    assert f"'ann' is {who.role.value} of " in said
    assert ("all devices" if who.scope is ScopeKind.ALL else f"{who.scope.value} {who.scope_key}") in said


def test_everybody_may_look_and_only_administrators_may_administer() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert all(Permission.READ in permissions for permissions in PERMISSIONS.values())
    assert PERMISSIONS[Role.ADMIN] == set(Permission)
    for permission in (Permission.MANAGE, Permission.ADMINISTER):
        assert [role for role, permissions in PERMISSIONS.items() if permission in permissions] == [Role.ADMIN]


@pytest.mark.parametrize("role", [Role.READER, Role.OPERATOR])
def test_only_a_device_and_an_administrator_do_a_devices_part(role: Role) -> None:
    with pytest.raises(Forbidden, match="'report'"):
        Principal(name="ann", role=role).require(Permission.REPORT)
