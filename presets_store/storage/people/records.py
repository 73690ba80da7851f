"""Rows of people. Times are integer microseconds since the Unix epoch (UTC); 0 means never."""

from dataclasses import dataclass
from enum import StrEnum

from presets_store.rules.permissions import Role, ScopeKind


class UserStatus(StrEnum):
    """Whether a user's keys and sessions are good."""

    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Whom keys and sessions belong to: a person, a service, or a device (role `device`, scope that device).

    `password_hash` is empty for one who cannot sign in. `scope_key`: of a device or group, 0 for scope `all`.
    """

    key: int = 0
    name: str
    email: str = ""
    password_hash: str = ""
    role: Role
    scope: ScopeKind = ScopeKind.ALL
    scope_key: int = 0
    status: UserStatus = UserStatus.ACTIVE
    created: int = 0
    modified: int = 0
    created_by: str = ""
    modified_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in user. Only a hash of the token is kept (SHA-256, hexadecimal)."""

    key: int = 0
    token_hash: str
    user_key: int
    browser_guid: str = ""
    created: int = 0
    expires: int = 0
    last_seen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A token, good once and until `expires`, for which a device gets its record and its key pair.

    `group_key`: the group that the device joins, 0 for none; `device_key`: the only device that it is for, 0 for a new
    one; once it is `used`, the device that did.
    """

    key: int = 0
    token_hash: str
    description: str = ""
    group_key: int = 0
    device_key: int = 0
    created: int = 0
    expires: int = 0
    used: int = 0
    created_by: str = ""
