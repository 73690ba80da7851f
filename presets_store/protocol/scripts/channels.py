"""Where users are told, on the wire. Ours: the contract has no channels."""

from typing import Annotated, Any, Final

from pydantic import Field, WithJsonSchema

from presets_store.protocol.fields import Key, Name
from presets_store.protocol.scripts.base import AnswerModel, PlainDate, SnakeModel
from presets_store.protocol.scripts.pages import Page, PageQuery
from presets_store.protocol.scripts.scripts import LONGEST_URL, Status

_QUIET: Final = {
    "properties": {
        "from": {"type": "string", "examples": ["22:00:00"]},
        "to": {"type": "string", "examples": ["06:59:59"]},
        "days": {"type": "array", "items": {"type": "string"}, "examples": [["weekdays"]]},
        "zone": {"type": "string", "examples": ["Europe/Berlin"]},
    }
}

Quiet = Annotated[Any, WithJsonSchema({"type": ["object", "null"], **_QUIET})]
"""`{"from", "to", "days"?, "zone"?}`; null for none. Read by the rules."""
ChannelUrl = Annotated[str, Field(max_length=LONGEST_URL, repr=False)]


class ChannelsQuery(PageQuery):
    """`user_id` 0: the channels of all whose channels the caller may see."""

    user_id: Key = 0


class CreateChannel(SnakeModel):
    """Body of `POST /api/v1/channels`. `url` is an Apprise URL, which is a secret. `user_id` 0: the caller.

    `device_may_send`: devices get the channel, to tell the user themselves when they have no link to the hub. During
    the `quiet` hours nothing is told; what gathers is told when they end.
    """

    one_of = (("url",),)

    user_id: Key = 0
    name: Name = ""
    url: ChannelUrl = ""
    device_may_send: bool = False
    quiet: Quiet = None
    status: Status = "active"


class UpdateChannel(SnakeModel):
    """Body of `PUT /api/v1/channels/{id}`: what is absent stays as it is, and `url` if it is given as it is shown.
    `quiet` {} ends the quiet hours.
    """

    name: Name | None = None
    url: ChannelUrl = ""
    device_may_send: bool | None = None
    quiet: Quiet = None
    status: Status | None = None


class ChannelRecord(AnswerModel):
    """A channel. Of `url` only what is no secret is ever shown: `mailto://***@smtp.example`."""

    id: Key
    user_id: Key
    user_name: Name = ""
    name: Name
    url: str
    device_may_send: bool
    quiet: Annotated[dict[str, Any] | None, WithJsonSchema({"type": ["object", "null"], **_QUIET})] = None
    status: Name
    created_at: PlainDate
    updated_at: PlainDate


class ChannelPage(Page[ChannelRecord]):
    """A page of channels."""


class ChannelTest(AnswerModel):
    """What became of a test: `sent`, `failed` with the reason, or `waiting` when nobody got round to it yet."""

    outcome: Annotated[str, WithJsonSchema({"enum": ["sent", "failed", "waiting"]})]
    reason: str = ""
