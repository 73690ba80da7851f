"""Field types of the wire models, each with its bounds.

A *moment* is integer microseconds since the Unix epoch (UTC) in Python, 0 meaning never, and on the wire an ISO 8601
date with `Z`, `null` meaning never; `""` and dates with a blank in place of the `T` are read too.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1
MAX_NAME: Final = 256
MAX_TEXT: Final = 4096
MAX_LONG_TEXT: Final = 65_536
MAX_JSON_TEXT: Final = 262_144
MAX_LIST: Final = 1000

FROM_WIRE: Final = "wire"
"""Validation context of data that a peer sent: there a date is text, never a number."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MOMENT_MIN = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_MOMENT_MAX = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_DATE_LENGTH = 40


def format_moment(moment: int) -> str | None:
    """`2026-03-30T12:00:00.000000Z`, or None for 0 (never). `moment` in microseconds since the epoch."""
    if moment == 0:
        return None
    return (_EPOCH + timedelta(microseconds=moment)).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_moment(text: str) -> int:
    """Microseconds since the epoch of an ISO 8601 date; without a zone it is UTC; 0 for "". Raises ValueError."""
    if not text:
        return 0
    if len(text) > _DATE_LENGTH:
        raise ValueError("too long for a date")
    date = datetime.fromisoformat(text)
    moment = ((date if date.tzinfo else date.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND
    if not _MOMENT_MIN <= moment <= _MOMENT_MAX:
        raise ValueError("outside the years 1 to 9999")
    return moment


def _read_moment(value: Any, info: ValidationInfo) -> int:
    try:
        if isinstance(value, str):
            return parse_moment(value)
    except ValueError:
        raise _wrong("date", "is not a date", "an ISO 8601 date such as 2026-03-30T12:00:00Z") from None
    if isinstance(value, int) and not isinstance(value, bool) and info.context != FROM_WIRE:
        return value
    raise _wrong("date", "is not a date", "an ISO 8601 date such as 2026-03-30T12:00:00Z")


def _wrong(kind: str, problem: str, expected: str) -> PydanticCustomError:
    return PydanticCustomError(kind, "{problem}", {"problem": problem, "expected": expected})


def _storable(text: str) -> str:
    # PostgreSQL cannot keep U+0000 in text.
    if "\0" in text:
        raise _wrong("nul_character", "contains the character U+0000", "text without it")
    return text


def _number_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _json_text(value: Any) -> Any:
    if isinstance(value, dict | list):
        raise _wrong("json_text", "is a JSON value", 'a JSON document inside a string, such as "{}"')
    return value


def _zero_as_absent(value: Any) -> Any:
    return None if value in (0, "") else value


Int = Annotated[int, Field(ge=INT64_MIN, le=INT64_MAX)]
Key = Annotated[int, Field(ge=0, le=INT64_MAX)]
"""An integer key; 0 stands for none."""
Count = Annotated[int, Field(ge=0, le=INT64_MAX)]
Flag = Annotated[int, Field(ge=0, le=1)]
"""0 or 1 on the wire; `true` and `false` are read too."""
Real = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]

Name = Annotated[str, Field(max_length=MAX_NAME), AfterValidator(_storable)]
Text = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_storable)]
LongText = Annotated[str, Field(max_length=MAX_LONG_TEXT), AfterValidator(_storable)]
JsonText = Annotated[
    str,
    Field(max_length=MAX_JSON_TEXT, json_schema_extra={"contentMediaType": "application/json"}),
    AfterValidator(_storable),
    BeforeValidator(_json_text),
]
"""A JSON document serialised into a string; an object in its place is refused."""
NameOrId = Annotated[
    Name,
    BeforeValidator(_number_as_text),
    WithJsonSchema({"type": ["string", "integer"], "maxLength": MAX_NAME}, mode="validation"),
]
"""The name of an agent or event type, or its number."""
ValueText = Annotated[
    LongText,
    BeforeValidator(_number_as_text),
    WithJsonSchema({"type": ["string", "number"], "maxLength": MAX_LONG_TEXT}, mode="validation"),
]
"""Text for which a peer may send a number."""
Keys = Annotated[list[Key], Field(max_length=MAX_LIST)]

Moment = Annotated[
    int,
    BeforeValidator(_read_moment),
    PlainSerializer(format_moment, return_type=str | None),
    Field(ge=_MOMENT_MIN, le=_MOMENT_MAX),
    WithJsonSchema({"type": ["string", "null"], "format": "date-time"}),
]

AbsentWhenZero = BeforeValidator(_zero_as_absent)
"""For optional members of which 0 and "" mean: not given."""
