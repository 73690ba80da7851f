"""What a device knows without its database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from presets_store.protocol.startup import StandalonePreset
from presets_store.storage.fleet.records import DeviceGroup, GroupMember
from presets_store.storage.people.records import User
from presets_store.storage.records import ApiKey, Device


class _Row(Protocol):
    @property
    def key(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """`marks`: per table the highest key that may have been given out.

    A key that was kept before there were users has None as its `user_key`, and no other has.
    """

    own: Device | None = None
    keys: Sequence[ApiKey] = ()
    users: Sequence[User] = ()
    groups: Sequence[DeviceGroup] = ()
    members: Sequence[GroupMember] = ()
    marks: Mapping[str, int] = field(default_factory=dict)
    standalone: StandalonePreset | None = None

    def highest(self) -> dict[str, int]:
        """Per table, the highest key of what is kept itself."""
        rows: dict[str, Sequence[_Row]] = {
            "devices": (self.own,) if self.own else (),
            "keys": self.keys,
            "users": self.users,
            "device_groups": self.groups,
            "group_members": self.members,
        }
        return {table: max((row.key for row in found), default=0) for table, found in rows.items()}
