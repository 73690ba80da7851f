"""Events that an integration module tells of (scripts-api.md, sections 5 and 8), and what scripts made of them."""

import json
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import Key, Moment, Name, NameOrId
from presets_store.protocol.scripts.base import AnswerModel, PlainDate, SnakeModel
from presets_store.protocol.scripts.pages import Page

REQUEST_BYTES: Final = 8 * 1024 * 1024
"""Of a whole request, its picture in base64 included."""

MOST_VALUES: Final = 64
"""In the attributes, members of members included."""
MOST_LEVELS: Final = 4
LONGEST_TEXT: Final = 1000
LONGEST_NAME: Final = 64
MOST_CHARACTERS: Final = 16_384
"""Of the attributes as JSON."""


def _bounded(attributes: dict[str, Any]) -> dict[str, Any]:
    pending: list[tuple[Any, int]] = [(attributes, 1)]
    seen = 0
    while pending:
        value, level = pending.pop()
        seen += 1
        if seen > MOST_VALUES:
            raise _too("has too many members", f"at most {MOST_VALUES} values")
        if isinstance(value, str) and len(value) > LONGEST_TEXT:
            raise _too("has a text that is too long", f"at most {LONGEST_TEXT} characters")
        if isinstance(value, dict | list) and level > MOST_LEVELS:
            raise _too("is nested too deep", f"at most {MOST_LEVELS} levels")
        if isinstance(value, dict) and any(not 0 < len(name) <= LONGEST_NAME for name in value):
            raise _too("has a name that is too long, or empty", f"1 to {LONGEST_NAME} characters")
        members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        pending.extend((member, level + 1) for member in members)
    text = json.dumps(attributes)
    if len(text) > MOST_CHARACTERS:
        raise _too("is too long", f"at most {MOST_CHARACTERS} characters of JSON")
    if "\\u0000" in text:  # PostgreSQL cannot keep it in text
        raise _too("contains the character U+0000", "text without it")
    return attributes


def _too(problem: str, expected: str) -> PydanticCustomError:
    return PydanticCustomError("attributes", "{problem}", {"problem": problem, "expected": expected})


Attributes = Annotated[dict[str, Any], AfterValidator(_bounded)]


class InboundEvent(SnakeModel):
    """Something happened at a camera. `event`: of the catalogue, by name or id; `camera`: by key, name or camera id.

    `external_id`: the sender's own name for it; by it a repeat is known. `image`: a JPEG in base64. `attributes` are
    what scripts may put into their parameters and texts. `occurred_at`: now, when it is not given.
    """

    event: Annotated[NameOrId, Field(min_length=1)]
    camera: Annotated[NameOrId, Field(min_length=1)]
    occurred_at: Moment = 0
    external_id: Name = ""
    attributes: Attributes = Field(default_factory=dict)
    image: Annotated[str, Field(max_length=REQUEST_BYTES, repr=False)] = ""


class ScriptOutcome(AnswerModel):
    """What a script made of a trigger: `fired`; `not`, and why not; or `failed`, and why its reaction could not be
    carried out (its users are told all the same).
    """

    id: Key
    outcome: str
    reason: str = ""


class TriggerAnswer(AnswerModel):
    """`id`: the trigger's UUID. A repeat is answered what the first was."""

    id: str
    scripts: list[ScriptOutcome] = Field(default_factory=list)


class DecisionRecord(AnswerModel):
    """One decision of a script. `event_id`: the event that it queued, 0 for none."""

    id: Key
    trigger_id: str
    camera_id: Key
    decided_at: PlainDate
    outcome: str
    reason: str
    event_id: Key


class DecisionPage(Page[DecisionRecord]):
    """A page of the last decisions. `counters`: how often the script fired, or did not for which reason, in all."""

    counters: dict[str, int]


class LiveTrigger(WireModel):
    """For who listens live: so many scripts fired at a trigger."""

    trigger_uuid: str
    event: Name
    camera_id: Key
    date: Moment
    fired: int


class LiveReaction(WireModel):
    """For who listens live: show a camera, show it at the side, play a sound. `users`: to whom; to all, when empty."""

    reaction: Name
    script_id: Key = 0
    title: str = ""
    event: Name = ""
    camera_id: Key = 0
    camera_name: Name = ""
    trigger_uuid: str = ""
    date: Moment = 0
    users: list[Key] = Field(default_factory=list)
