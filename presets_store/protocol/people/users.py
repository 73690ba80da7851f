"""Users on the wire. Ours: the contract leaves accounts to its portal."""

from typing import Annotated, Final, Literal

from pydantic import Field

from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import Key, Moment, Name

MIN_PASSWORD: Final = 12
MAX_PASSWORD: Final = 256

RoleName = Literal["device", "reader", "operator", "admin"]
ScopeName = Literal["all", "group", "device"]
StatusName = Literal["active", "disabled"]
UserName = Annotated[Name, Field(pattern=r"^[a-z0-9][a-z0-9._@+-]{0,127}$")]
Password = Annotated[Name, Field(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
"""Without control characters, which HTTP Basic does not carry."""


class UserRecord(WireModel):
    """A user. `scope_id` is the key of the device or device group in whose scope the user's permissions are, else 0.

    Without `has_password` the user can only ask by access keys.
    """

    key: Key = 0
    user_name: Name = ""
    email: Name = ""
    role: Name = ""
    scope: Name = ""
    scope_id: Key = 0
    status: Name = ""
    has_password: bool = False
    creation_date: Moment = 0
    last_modified_date: Moment = 0


class CreateUser(WireModel):
    """Body of `POST /v1/user`. Without a `password` nobody can sign in as the user."""

    user_name: UserName
    email: Name = ""
    role: RoleName
    scope: ScopeName = "all"
    scope_id: Key = 0
    password: Password | None = Field(default=None, repr=False)


class UpdateUser(WireModel):
    """Body of `PUT /v1/user/{key}`: what is absent stays as it is. `scope` and `scope_id` go together."""

    email: Name | None = None
    role: RoleName | None = None
    scope: ScopeName | None = None
    scope_id: Key = 0
    status: StatusName | None = None


class SetPassword(WireModel):
    """Body of `PUT /v1/user/{key}/password`."""

    password: Password = Field(repr=False)
