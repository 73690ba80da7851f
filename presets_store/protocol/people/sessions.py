"""Sessions on the wire (events-api.md section 2.1)."""

from pydantic import Field

from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import Key, Moment, Name


class SessionAnswer(WireModel):
    """Answer of `POST /v1/session`: `session_guid` is the token, shown only here; `browser_guid` names it in lists.

    `mfa_type_id` 0: nothing more is asked.
    """

    session_guid: Name = ""
    mfa_type_id: Key = Field(default=0, alias="mfaTypeId")
    browser_guid: Name = Field(default="", alias="browserGUID")


class SessionRecord(WireModel):
    """A session, without its token."""

    key: Key = 0
    user_id: Key = 0
    user_name: Name = ""
    role: Name = ""
    scope: Name = ""
    scope_id: Key = 0
    browser_guid: Name = Field(default="", alias="browserGUID")
    creation_date: Moment = 0
    last_seen_date: Moment = 0
    expiration_date: Moment = 0
