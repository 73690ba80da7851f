"""Whom the access keys of a lost database belonged to: nobody comes back with more rights than he had.

What is kept sealed is sound but may be older, what a damaged file says is newer but may be wrong: of both the lesser.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import Table

from presets_store.protocol.fields import format_moment
from presets_store.rules.permissions import Role, ScopeKind
from presets_store.services.caller import LOCAL
from presets_store.services.people.keys import OWNER
from presets_store.services.restoring.kept import Kept
from presets_store.storage.damage.salvage import Salvaged
from presets_store.storage.fleet.records import GroupMember
from presets_store.storage.fleet.tables import device_groups, group_members
from presets_store.storage.people.records import User, UserStatus
from presets_store.storage.people.tables import users
from presets_store.storage.records import ApiKey, KeyStatus
from presets_store.storage.tables import keys

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Put = Callable[[Table, "DataclassInstance"], int | None]
"""Stores a row; answers its key, None when there is no place for it."""


class People:
    """Puts device groups, users and access keys into a fresh database, each kind once the one before is there.

    `revoked`: keys that came back without their rights, `disabled`: users.
    """

    def __init__(self, put: Put, salvaged: Salvaged, kept: Kept, now: int) -> None:
        self._put = put
        self._salvaged = salvaged
        self._kept = kept
        self._now = now
        self._users: dict[int, User] = {}
        self.groups: set[int] = set()
        self.revoked = 0
        self.disabled = 0

    def put_groups(self, devices: Collection[int]) -> None:
        """The groups, and as their members those of the devices that are there."""
        known = {group.key: group for group in (*self._salvaged.groups, *self._kept.groups)}
        self.groups = {
            key for key, group in known.items() if _dated(group.created, group.modified) and self._add(group)
        }
        for member in self._members():
            if member.group_key in self.groups and member.device_key in devices:
                self._put(group_members, member)

    def put_users(self) -> None:
        """Those that nobody contradicts as they were; the others cannot ask for anything until they are looked at."""
        for user in merged_users(self._salvaged.users, self._kept.users, all_read=self._read_whole("users")):
            if _dated(user.created, user.modified) and self._put(users, user) is not None:
                self._users[user.key] = user
        before = {user.key for user in (*self._salvaged.users, *self._kept.users) if user.status is UserStatus.ACTIVE}
        self.disabled = sum(user.status is UserStatus.DISABLED for user in self._users.values() if user.key in before)

    def put_keys(self) -> None:
        """Those of users that are there; the others revoked, so that people still see what became of them."""
        for key in merged_keys(self._salvaged.keys, self._kept.keys):
            owner = self._owner() if key.user_key is None else key.user_key
            if owner in self._users:
                self._put(keys, replace(key, user_key=owner))
            else:
                self.revoked += key.status is KeyStatus.ACTIVE
                self._put(keys, replace(key, user_key=None, status=KeyStatus.REVOKED))

    def _add(self, group: "DataclassInstance") -> bool:
        return self._put(device_groups, group) is not None

    def _members(self) -> list[GroupMember]:
        """Members by what was read; where people were kept sealed, only those that both know."""
        read = {(member.group_key, member.device_key): member for member in self._salvaged.members}
        kept = {(member.group_key, member.device_key): member for member in self._kept.members}
        if not self._kept.users:
            return list(read.values())
        return [member for place, member in kept.items() if place in read or not self._read_whole("group_members")]

    def _read_whole(self, table: str) -> bool:
        """Whether what the file does not have was not there."""
        return bool(self._salvaged.users) and table not in self._salvaged.incomplete

    def _owner(self) -> int:
        """Whose keys were made before there were users: an administrator, made if need be."""
        for user in self._users.values():
            if (user.role, user.scope, user.status) == (Role.ADMIN, ScopeKind.ALL, UserStatus.ACTIVE):
                return user.key
        taken = any(user.name == OWNER for user in self._users.values())
        name = f"{OWNER}-{self._now}" if taken else OWNER
        new = User(
            name=name, role=Role.ADMIN, created=self._now, modified=self._now, created_by=LOCAL, modified_by=LOCAL
        )
        key = self._put(users, new) or 0
        self._users[key] = replace(new, key=key)
        return key


def scope_marks(users: Iterable[User]) -> dict[str, int]:
    """Per table, the highest key in anybody's scope: none of a lost group or device must become that of a new one."""
    marks = {"devices": 0, "device_groups": 0}
    for user in users:
        if user.scope is not ScopeKind.ALL:
            table = "devices" if user.scope is ScopeKind.DEVICE else "device_groups"
            marks[table] = max(marks[table], user.scope_key)
    return marks


def merged_users(read: Iterable[User], kept: Sequence[User], *, all_read: bool) -> list[User]:
    """Each user once: as kept sealed, but disabled if the file has him with other rights or (`all_read`) not at all."""
    found = {user.key: user for user in read}
    certain = {user.key: _certain(user, found.get(user.key), all_read=all_read) for user in kept}
    return [*certain.values(), *(user for key, user in found.items() if key not in certain)]


def merged_keys(read: Iterable[ApiKey], kept: Sequence[ApiKey]) -> list[ApiKey]:
    """Each access key once: as it is kept sealed, but revoked if either says so, or they name different users."""
    merged = {key.access_key: key for key in read}
    for key in kept:
        there = merged.get(key.access_key, key)
        owner = there.user_key if key.user_key is None else key.user_key
        differ = there.user_key is not None and there.user_key != owner
        revoked = differ or KeyStatus.REVOKED in (there.status, key.status)
        status = KeyStatus.REVOKED if revoked else key.status
        merged[key.access_key] = replace(key, user_key=owner, status=status)
    names = {key.access_key for key in kept}
    taken: set[int] = {0}
    result = []
    for key in sorted(merged.values(), key=lambda key: key.access_key not in names):
        result.append(replace(key, key=0) if key.key in taken else key)
        taken.add(key.key)
    return result


def _certain(kept: User, read: User | None, *, all_read: bool) -> User:
    if read is None:
        return replace(kept, status=UserStatus.DISABLED) if all_read else kept
    same = (kept.name, kept.role, kept.scope, kept.scope_key) == (read.name, read.role, read.scope, read.scope_key)
    active = same and kept.status is UserStatus.ACTIVE and read.status is UserStatus.ACTIVE
    # Of two passwords one is an old one, and it may have been changed because others knew it.
    password_hash = kept.password_hash if kept.password_hash == read.password_hash else ""
    status = UserStatus.ACTIVE if active else UserStatus.DISABLED
    return replace(kept, password_hash=password_hash, status=status)


def _dated(*moments: int) -> bool:
    """Whether these are dates: a damaged row may hold a number that is none."""
    try:
        return all(format_moment(moment) != "" for moment in moments)
    except (ValueError, OverflowError):
        return False
