"""Long lists, page by page (ours): `?after=` goes on after the last record of the page before, as its `Link` says."""

from typing import Annotated, NamedTuple

from pydantic import Field

from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import Key

PAGE_LIMIT = 10_000
"""Records in one answer, whatever `count` is asked for."""


class Place(NamedTuple):
    """Where a record is in a list by date: its date (microseconds), and its key among those of the same date."""

    moment: int
    key: int


class PageQuery(WireModel):
    """`after`: the key of the last record of the page before; 0: from the beginning."""

    after: Key = 0


class DatedPageQuery(WireModel):
    """`after`: the place of the last record of the page before; "": from the beginning."""

    after: Annotated[str, Field(pattern=r"^(-?[0-9]{1,18}\.[0-9]{1,18})?$")] = ""

    @property
    def place(self) -> Place | None:
        """None: from the beginning."""
        moment, dot, key = self.after.partition(".")
        return Place(int(moment), int(key)) if dot else None


def page_size(count: int) -> int:
    """How many records an answer has at most when `count` are asked for, 0 for all."""
    return min(count or PAGE_LIMIT, PAGE_LIMIT)
