"""Scripts on the wire, in both generations (scripts-api.md sections 2, 3 and 8)."""

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from presets_store.protocol.fields import INT64_MAX, Key, Name, Text
from presets_store.protocol.scripts.base import AnswerModel, PlainDate, SnakeModel
from presets_store.protocol.scripts.catalogue import ReactionRecord, ScriptEventRecord
from presets_store.protocol.scripts.pages import Page
from presets_store.protocol.scripts.people import AdminUser, ClientUser, Recipient

MOST_USERS: Final = 200
MOST_CAMERAS: Final = 200
MOST_DELETED: Final = 200
LONGEST_TEXT: Final = 1000
LONGEST_COOLDOWN: Final = 7 * 86_400
LONGEST_URL: Final = 2000
MOST_DAYS_AHEAD: Final = 60

_WORDS: Final = {True: "active", False: "inactive"}
_TIME: Final = {"type": "string", "examples": ["18:00:00", "18:00:00+05:00"]}
_SPAN: Final = {"type": "object", "properties": {"from": _TIME, "to": _TIME}, "required": ["from", "to"]}


def _list_of(name: str, item: dict[str, Any]) -> dict[str, Any]:
    return {name: {"type": "array", "items": item}}


_DAY: Final = {
    "type": "object",
    "properties": {"day": {"type": "integer", "minimum": 0, "maximum": 6}, **_list_of("ranges", _SPAN)},
}
_HOURS: Final = {
    "type": "object",
    "properties": {"type": {"type": "string"}, "from": _TIME, "to": _TIME, **_list_of("breaks", _SPAN)},
}
_SCHEDULE: Final = {"type": "array", "items": _DAY}
_TIMETABLE: Final = {"type": "object", "properties": {**_list_of("days", _HOURS), **_list_of("intervals", _SPAN)}}

Schedule = Annotated[Any, WithJsonSchema({**_SCHEDULE, "type": ["array", "null"]})]
"""`[{"day": 0, "ranges": [{"from": "00:00:00", "to": "23:59:59"}]}]`; day 0 is Sunday. Read by the rules."""
Timetable = Annotated[Any, WithJsonSchema({**_TIMETABLE, "type": ["object", "null"]})]
"""`{"days": [{"type": "same_every_day", "from", "to", "breaks"}], "intervals": []}`. Read by the rules."""
Reference = Annotated[int, Field(ge=1, le=INT64_MAX)]


def _status(value: Any) -> Any:
    """The words, and what others write for them: true, false, 1, 0, a list of one of these."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return _WORDS[bool(value)] if value in (0, 1) else {"true": "active", "false": "inactive"}.get(str(value), value)


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Status = Annotated[
    Literal["active", "inactive"],
    BeforeValidator(_status),
    WithJsonSchema({"enum": ["active", "inactive", True, False]}, mode="validation"),
]
ChatId = Annotated[
    Name,
    BeforeValidator(_as_text),
    Field(pattern=r"^(-?[0-9]{1,20}|@[A-Za-z0-9_]{1,64})?$"),
    WithJsonSchema({"type": ["string", "integer"]}, mode="validation"),
]


class ScriptExtra(SnakeModel):
    """What a reaction needs: `chat_id` and `bot_token` (telegram), `preset_id` and `parameters` instead of those of the
    preset (run-preset), `url` and `secret`, with which it is signed (webhook). `text` is told to the users.

    Placeholders such as `{count}` stand for what the trigger says, in `text` and in texts within `parameters`.
    """

    chat_id: ChatId = ""
    bot_token: Annotated[str, Field(pattern=r"^([A-Za-z0-9:_-]{1,128}|\[redacted\])?$", repr=False)] = ""
    preset_id: Key = 0
    parameters: dict[str, Any] = Field(default_factory=dict)
    url: Annotated[Text, Field(max_length=LONGEST_URL)] = ""
    secret: Annotated[Name, Field(repr=False)] = ""
    text: Annotated[Text, Field(max_length=LONGEST_TEXT)] = ""


class AdminScript(SnakeModel):
    """Body of `POST` and `PUT /api/admin/v1/scripts`. Without `reaction_id` only the users are notified; without
    `schedule` the script always works.
    """

    one_of = (("event_id",),)

    event_id: Key = 0
    reaction_id: Key | None = None
    users: Annotated[list[Key], Field(max_length=MOST_USERS)] = Field(default_factory=list)
    schedule: Schedule = None


class ClientScript(SnakeModel):
    """Body of `POST` and `PUT /api/v1/scripts`. Without `cameras` it is for every camera; without `timetable` it always
    works. `extra` and `cooldown_seconds` stay as they are where a change does not give them.
    """

    one_of = (("title",), ("event_id",))

    title: Name = ""
    reaction_id: Key | None = None
    event_id: Key = 0
    users: Annotated[list[Key], Field(max_length=MOST_USERS)] = Field(default_factory=list)
    status: Status = "active"
    cameras: Annotated[list[Reference], Field(min_length=1, max_length=MOST_CAMERAS)] | None = None
    timetable: Timetable = None
    extra: ScriptExtra | None = None
    cooldown_seconds: Annotated[int, Field(ge=0, le=LONGEST_COOLDOWN)] | None = None


class DeleteScripts(SnakeModel):
    """Body of `DELETE /api/v1/scripts`."""

    ids: Annotated[list[Reference], Field(min_length=1, max_length=MOST_DELETED)]


class ShownExtra(AnswerModel):
    """`extra` as it is shown: secrets that there are as `[redacted]`; what is not in the contract only where it is."""

    chat_id: Name | None = None
    bot_token: Name | None = None
    preset_id: int | None = Field(default=None, exclude_if=lambda value: value is None)
    parameters: dict[str, Any] | None = Field(default=None, exclude_if=lambda value: value is None)
    url: str | None = Field(default=None, exclude_if=lambda value: value is None)
    secret: str | None = Field(default=None, exclude_if=lambda value: value is None)
    text: str | None = Field(default=None, exclude_if=lambda value: value is None)


class AdminScriptRecord(AnswerModel):
    """A script of the admin generation. Hours that a schedule cannot say are shown as those that come to the same."""

    id: Key
    event: ScriptEventRecord
    reaction: ReactionRecord | None = None
    users: list[AdminUser]
    schedule: Annotated[list[Any], WithJsonSchema(_SCHEDULE)]
    created_at: PlainDate
    updated_at: PlainDate


class ClientScriptRecord(AnswerModel):
    """A script of the client generation; `schedule` is empty unless the hours were given as one."""

    id: Key
    title: Name
    schedule: Annotated[list[Any], WithJsonSchema(_SCHEDULE)]
    timetable: Annotated[dict[str, Any], WithJsonSchema(_TIMETABLE)]
    status: Name
    created_at: PlainDate
    updated_at: PlainDate
    users: list[ClientUser]
    event: ScriptEventRecord
    reaction: ReactionRecord | None = None
    extra: ShownExtra
    cameras: list[Key] | None = None
    cooldown_seconds: int


class AdminScriptPage(Page[AdminScriptRecord]):
    """A page of scripts."""


class ClientScriptPage(Page[ClientScriptRecord]):
    """A page of scripts."""


class RecipientPage(Page[Recipient]):
    """A page of possible recipients."""
