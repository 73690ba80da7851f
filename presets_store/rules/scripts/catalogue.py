"""What a script may wait for, and how it may react: the entries of the product. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

ADDED_FROM: Final = 1000
"""An event that somebody added has its key in the store plus this as its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEvent:
    """What a script waits for. `color` is `#RRGGBB`; `analytic_type` names the analyser that sees it, "" for none."""

    id: int
    name: str
    description: str
    color: str
    analytic_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueReaction:
    """What a script does besides notifying its users. `is_default`: offered first."""

    id: int
    name: str
    description: str
    is_default: bool = False


def _event(number: int, name: str, color: str, description: str, analyser: str | None = None) -> CatalogueEvent:
    """`analyser`: where it has another name than the event."""
    seen_by = name if analyser is None else analyser
    return CatalogueEvent(id=number, name=name, description=description, color=color, analytic_type=seen_by)


EVENTS: Final = (
    _event(41, "person_counting", "#FF7CF2", "Counting people in an area"),
    _event(42, "motion", "#FFB020", "Something moves in an area"),
    _event(43, "no_motion", "#8A94A6", "Nothing has moved in an area for a time"),
    _event(44, "line_crossing", "#3B82F6", "Somebody crosses a line"),
    _event(45, "camera_tampering", "#EF4444", "The camera is covered, defocused or moved", "tamper"),
    _event(46, "camera_lost", "#B91C1C", "The camera gives no picture any more", ""),
    _event(47, "camera_back", "#22C55E", "The camera gives pictures again", ""),
)
"""The ids and the name of the first are the contract's example; ids never change."""

RUN_PRESET: Final = "run-preset"
WEBHOOK: Final = "webhook"
NOTIFY: Final = "notify"
TELEGRAM: Final = "telegram"
SHOW_CAMERA: Final = "show-camera"
SHOW_CAMERA_SIDEBAR: Final = "show-camera-sidebar"
SOUND: Final = "sound"

REACTIONS: Final = (
    CatalogueReaction(id=1, name=RUN_PRESET, description="Runs a preset on its device", is_default=True),
    CatalogueReaction(id=2, name=WEBHOOK, description="Tells an address by a signed request"),
    CatalogueReaction(id=3, name=NOTIFY, description="Notifies the users and does nothing else"),
    CatalogueReaction(id=4, name=TELEGRAM, description="Sends a message to a Telegram chat"),
    CatalogueReaction(id=5, name=SHOW_CAMERA, description="Shows the camera to who listens live"),
    CatalogueReaction(id=6, name=SHOW_CAMERA_SIDEBAR, description="Shows the camera beside what is shown"),
    CatalogueReaction(id=7, name=SOUND, description="Plays a sound at who listens live"),
)

EVENTS_BY_NAME: Final[Mapping[str, CatalogueEvent]] = MappingProxyType({each.name: each for each in EVENTS})
REACTIONS_BY_NAME: Final[Mapping[str, CatalogueReaction]] = MappingProxyType({each.name: each for each in REACTIONS})
REACTIONS_BY_ID: Final[Mapping[int, CatalogueReaction]] = MappingProxyType({each.id: each for each in REACTIONS})
