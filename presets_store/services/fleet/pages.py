"""Lists by date, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass

from presets_store.protocol.base import WireModel
from presets_store.protocol.fleet.pages import Place


@dataclass(frozen=True, slots=True)
class Page:
    """`last`: the place of the last record, None when nothing can follow it."""

    records: Sequence[WireModel]
    last: Place | None
