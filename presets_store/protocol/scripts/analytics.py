"""Analytic cases on the wire: what is looked for in a camera's picture."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from presets_store.protocol.fields import Key, Name
from presets_store.protocol.scripts.base import AnswerModel, PlainDate, SnakeModel
from presets_store.protocol.scripts.pages import Page, PageQuery
from presets_store.protocol.scripts.scripts import Status

MOST_ZONES: Final = 16
MOST_POINTS: Final = 64
LONGEST_NAME: Final = 64

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class ZoneRecord(SnakeModel):
    """`points`: [x, y] as shares of width and height, from the upper left corner; two of a line, else three or more.

    `include` and `exclude`: where to look, and where not to. `area`: a polygon with a result of its own. `line`: side a
    is the left of one drawn from top to bottom.
    """

    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    kind: Literal["include", "exclude", "area", "line"]
    points: Annotated[list[tuple[Share, Share]], Field(min_length=2, max_length=MOST_POINTS)]


Zones = Annotated[list[ZoneRecord], Field(max_length=MOST_ZONES)]
Options = Annotated[dict[str, Any], Field(max_length=MOST_ZONES)]


class AnalyticCaseBody(SnakeModel):
    """Body of `POST` and `PUT /api/v1/analytic-cases`. Options that are not given have their defaults."""

    one_of = (("camera_id",), ("analytic_type",))

    camera_id: Key = 0
    analytic_type: Name = ""
    name: Name = ""
    zones: Zones = Field(default_factory=list)
    options: Options = Field(default_factory=dict)
    status: Status = "active"


class AnalyticCaseRecord(AnswerModel):
    """An analytic case."""

    id: Key
    device_id: Key
    camera_id: Key
    analytic_type: Name
    name: Name
    zones: list[ZoneRecord]
    options: dict[str, Any]
    status: Name
    created_at: PlainDate
    updated_at: PlainDate


class AnalyticCasePage(Page[AnalyticCaseRecord]):
    """A page of analytic cases."""


class AnalyticCasesQuery(PageQuery):
    """Those of one camera, or of all within reach (0)."""

    camera_id: Key = 0
