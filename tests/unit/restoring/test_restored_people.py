"""What comes back of users and access keys: never more rights than a sound source and a damaged one agree on."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from presets_store.rules.permissions import Role, ScopeKind
from presets_store.services.restoring.people import merged_keys, merged_users, scope_marks
from presets_store.storage.people.records import User, UserStatus
from presets_store.storage.records import ApiKey, KeyStatus

USERS = st.lists(
    st.builds(
        User,
        key=st.integers(1, 3),
        name=st.sampled_from(["ann", "bob"]),
        role=st.sampled_from(Role),
        scope=st.sampled_from(ScopeKind),
        scope_key=st.integers(0, 2),
        status=st.sampled_from(UserStatus),
        password_hash=st.sampled_from(["", "old", "new"]),
    ),
    unique_by=lambda user: user.key,
    max_size=3,
)
KEYS = st.lists(
    st.builds(
        ApiKey,
        key=st.integers(0, 4),
        access_key=st.sampled_from(["a", "b", "c"]),
        sealed_secret=st.sampled_from([b"one", b"two"]),
        user_key=st.none() | st.integers(0, 2),
        status=st.sampled_from(KeyStatus),
    ),
    unique_by=lambda key: key.access_key,
    max_size=3,
)


def rights(user: User) -> tuple[str, Role, ScopeKind, int]:
    return user.name, user.role, user.scope, user.scope_key


@given(read=USERS, kept=USERS, all_read=st.booleans())
def test_nobody_may_do_what_either_source_denies(read: list[User], kept: list[User], all_read: bool) -> None:
    merged = merged_users(read, kept, all_read=all_read)
    assert sorted(user.key for user in merged) == sorted({user.key for user in (*read, *kept)})
    for user in merged:
        sources = [known for known in (*read, *kept) if known.key == user.key]
        assert user.password_hash in ("", *(known.password_hash for known in sources))
        if user.status is UserStatus.ACTIVE:
            assert all(known.status is UserStatus.ACTIVE for known in sources)
            assert all(rights(known) == rights(user) for known in sources)
            assert not all_read or any(known.key == user.key for known in read)


@given(read=USERS, all_read=st.booleans())
def test_where_nothing_contradicts_users_are_as_they_were(read: list[User], all_read: bool) -> None:
    assert merged_users(read, read, all_read=all_read) == read
    assert merged_users(read, [], all_read=all_read) == read
    assert merged_users([], read, all_read=False) == read


def test_one_of_two_passwords_is_an_old_one() -> None:
    kept = User(key=1, name="ann", role=Role.READER, password_hash="old")
    (user,) = merged_users([replace(kept, password_hash="new")], [kept], all_read=True)
    assert (user.password_hash, user.status) == ("", UserStatus.ACTIVE)


@given(read=KEYS, kept=KEYS)
def test_no_key_is_good_that_either_source_denies(read: list[ApiKey], kept: list[ApiKey]) -> None:
    merged = merged_keys(read, kept)
    assert sorted(key.access_key for key in merged) == sorted({key.access_key for key in (*read, *kept)})
    numbers = [key.key for key in merged if key.key]
    assert len(numbers) == len(set(numbers))
    for key in merged:
        sources = [known for known in (*read, *kept) if known.access_key == key.access_key]
        if key.status is KeyStatus.ACTIVE:
            assert all(known.status is KeyStatus.ACTIVE for known in sources)
            assert {known.user_key for known in sources} - {None} == {key.user_key} - {None}
        assert key.sealed_secret == sources[-1].sealed_secret


@given(read=USERS)
def test_no_lost_group_or_device_in_a_scope_becomes_a_new_one(read: list[User]) -> None:
    marks = scope_marks(read)
    for user in read:
        table = {ScopeKind.DEVICE: "devices", ScopeKind.GROUP: "device_groups"}.get(user.scope)
        assert table is None or marks[table] >= user.scope_key
