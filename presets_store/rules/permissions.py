"""Who may do what to which devices: roles, scopes, and the refusal that names what is missing."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar

from presets_store.errors import CuelightError, Kind


class Permission(StrEnum):
    """What a request needs."""

    READ = "read"
    """To look at devices, presets, events, media and what was told of them."""
    RUN = "run"
    """To queue events, run presets, end and cancel what runs."""
    EDIT = "edit"
    """To write presets, start-up bindings, settings, streams, tags; to remove media."""
    REPORT = "report"
    """To do a device's part: take its events, report on them, announce and upload what it recorded."""
    MANAGE = "manage"
    """To create, change and remove devices and device groups, and to enrol devices."""
    ADMINISTER = "administer"
    """To manage users, access keys and what concerns the whole service."""


class Role(StrEnum):
    """What a user is."""

    DEVICE = "device"
    READER = "reader"
    OPERATOR = "operator"
    ADMIN = "admin"


class ScopeKind(StrEnum):
    """Which devices a user's permissions reach: all, those of one group, one."""

    ALL = "all"
    GROUP = "group"
    DEVICE = "device"


PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.DEVICE: frozenset({Permission.READ, Permission.REPORT}),
        Role.READER: frozenset({Permission.READ}),
        Role.OPERATOR: frozenset({Permission.READ, Permission.RUN, Permission.EDIT}),
        Role.ADMIN: frozenset(Permission),
    }
)
"""What each role may do. A device has the scope `device`: it sees and updates itself."""


class Forbidden(CuelightError):
    """The caller is known, and may not do this."""

    code: ClassVar[str] = "forbidden"
    kind: ClassVar[Kind] = Kind.FORBIDDEN
    template: ClassVar[str] = "this needs the permission {permission!r}{where}; {name!r} is {role} {scope}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who acts: a user, whether by a key, a session or a token. `scope_key` is a device's or a group's, 0 for `all`.

    `user_key` 0: the process itself, or a peer on the Unix socket of a device.
    """

    name: str
    role: Role
    scope: ScopeKind = ScopeKind.ALL
    scope_key: int = 0
    user_key: int = 0

    def require(self, permission: Permission) -> None:
        """Raises Forbidden unless the role has the permission."""
        if permission not in PERMISSIONS[self.role]:
            raise self.refusal(permission)

    def reaches(self, device_key: int, groups: Collection[int]) -> bool:
        """Whether the scope has the device, which is a member of `groups`."""
        if self.scope is ScopeKind.ALL:
            return True
        return self.scope_key == device_key if self.scope is ScopeKind.DEVICE else self.scope_key in groups

    def require_everywhere(self, permission: Permission) -> None:
        """For what concerns no single device. Raises Forbidden unless the permission is there for all devices."""
        self.require(permission)
        if self.scope is not ScopeKind.ALL:
            raise self.refusal(permission, " for all devices")

    def refusal(self, permission: Permission, where: str = "") -> Forbidden:
        """The error for a missing permission, `where` as in " for device 7"."""
        scope = "of all devices" if self.scope is ScopeKind.ALL else f"of {self.scope.value} {self.scope_key}"
        return Forbidden(permission=permission.value, where=where, name=self.name, role=self.role.value, scope=scope)
