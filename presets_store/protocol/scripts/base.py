"""What the records of the scripts API share: names in snake case, dates without an offset, in UTC."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import ConfigDict, PlainSerializer, WithJsonSchema

from presets_store.protocol.base import WireModel

FORM: Final = "%Y-%m-%d %H:%M:%S"


def _same(attribute: str) -> str:
    return attribute


class SnakeModel(WireModel):
    """As other wire models, but that names go over the wire as they are."""

    model_config = ConfigDict(alias_generator=_same)


class AnswerModel(SnakeModel):
    """What only we write, of which nothing is added that was not meant."""

    model_config = ConfigDict(extra="ignore")


def plain_date(moment: int) -> str | None:
    """`2026-03-30 12:00:00` of microseconds since the epoch, in UTC; None for 0 (never)."""
    return datetime.fromtimestamp(moment // 1_000_000, UTC).strftime(FORM) if moment else None


PlainDate = Annotated[
    int,
    PlainSerializer(plain_date, return_type=str | None),
    WithJsonSchema({"type": ["string", "null"], "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"}),
]
"""Microseconds since the epoch; on the wire `YYYY-MM-DD HH:MM:SS` in UTC, null for never."""

Null = Annotated[Any, WithJsonSchema({"type": "null"})]
"""A member of the contract that has no meaning here."""
