"""Users and their tokens as the scripts API writes them (scripts-api.md sections 1 to 3)."""

from typing import Annotated, Final

from pydantic import Field

from presets_store.protocol.fields import Key, Name
from presets_store.protocol.people.users import MAX_PASSWORD
from presets_store.protocol.scripts.base import AnswerModel, PlainDate, SnakeModel

BEARER: Final = "Bearer"
ONLINE_REQUEST_INTERVAL: Final = 100
"""Of the contract's example; nobody here asks in such an interval."""
_LONGEST_CAPTCHA: Final = 512


class PermissionRecord(AnswerModel):
    """One of our permissions. `group` is the role that gives it."""

    id: Key
    name: Name
    display_name: Name = ""
    group: Name = ""


class Recipient(AnswerModel):
    """Whom a script may notify. There are no sub-users here: `parent_id` is null."""

    id: Key
    name: Name
    login: Name
    parent_id: Key | None = None
    created_at: PlainDate = 0
    updated_at: PlainDate = 0
    access_token_id: Name | None = None
    can_update_password: bool = False


class ClientUser(Recipient):
    """As a script of the client generation shows it."""

    permissions: list[PermissionRecord] = Field(default_factory=list)
    online_request_interval: int = ONLINE_REQUEST_INTERVAL


class AdminUser(AnswerModel):
    """As a script of the admin generation shows it. Users do not expire, and there are no licences."""

    id: Key
    name: Name
    login: Name
    created_at: PlainDate = 0
    updated_at: PlainDate = 0
    expired_at: PlainDate = 0
    is_licence_limit_reached: bool = False
    ptz_priority: int = 0
    access_token_id: Name | None = None


class AdminOwner(AdminUser):
    """Whose token it is. What has no meaning here is an empty list."""

    permissions: list[PermissionRecord] = Field(default_factory=list)
    admin_camera_groups: list[Name] = Field(default_factory=list)
    dhcp_subnet_groups: list[Name] = Field(default_factory=list)


class ClientOwner(Recipient):
    """Whose token it is. `analytic_license` is empty: analytics need none."""

    permissions: list[PermissionRecord] = Field(default_factory=list)
    analytic_license: list[Name] = Field(default_factory=list)


class AskAdminToken(SnakeModel):
    """Body of `POST /api/admin/v1/auth/token`."""

    one_of = (("login",), ("password",))

    login: Name = ""
    password: Annotated[str, Field(max_length=MAX_PASSWORD, repr=False)] = ""


class AskToken(AskAdminToken):
    """Body of `POST /api/v1/token`. `session_id`, as a 419 told it, ends that session for this one.

    `captcha` and `key` are read and ignored: wrong passwords are limited by their number.
    """

    session_id: Key = 0
    captcha: Annotated[str, Field(max_length=_LONGEST_CAPTCHA)] = ""
    key: Annotated[str, Field(max_length=_LONGEST_CAPTCHA)] = ""


class AdminToken(AnswerModel):
    """`access_token` is the bare token, shown only here; a header may have `Bearer ` before it."""

    user: AdminOwner
    expires_at: PlainDate
    token_type: Name = BEARER
    access_token: Name = Field(repr=False)


class Token(AnswerModel):
    """`access_token` is the bare token, shown only here; a header may have `Bearer ` before it."""

    user: ClientOwner
    access_token: Name = Field(repr=False)
