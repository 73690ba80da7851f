"""What of an analyser's sightings is told. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from hardware.vision import Sighting

_NS = 1_000_000_000
_AGAIN_NS = _NS
"""So long after it was told last, what lasts is told again."""

_PICTURE_NS = _NS
"""At most one picture in this time."""


class News(NamedTuple):
    """A sighting to tell; `pictured`: with the picture that was looked at."""

    sighting: Sighting
    pictured: bool


class _Told(NamedTuple):
    active: bool = False
    attributes: Mapping[str, str | float | int] = {}
    told_ns: int = 0


class Teller:
    """Tells when something begins, changes (its attributes) and ends, and once a second while it lasts."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], _Told] = {}
        self._pictured_ns: int | None = None

    def news(self, sightings: Sequence[Sighting], mono_ns: int) -> Iterator[News]:
        """What is to be told of what was seen at `mono_ns`."""
        for seen in sightings:
            known = self._told.get((seen.kind, seen.zone), _Told())
            turned = seen.active != known.active
            changed = seen.instant or turned or (seen.active and seen.attributes != known.attributes)
            if not (changed or (seen.active and mono_ns - known.told_ns >= _AGAIN_NS)):
                continue
            if not seen.instant:
                self._told[seen.kind, seen.zone] = _Told(seen.active, seen.attributes, mono_ns)
            yield News(seen, pictured=changed and seen.active and self._may_picture(mono_ns))

    def _may_picture(self, mono_ns: int) -> bool:
        """One picture may serve several sightings of the same look."""
        may = self._pictured_ns is None or mono_ns == self._pictured_ns or mono_ns - self._pictured_ns >= _PICTURE_NS
        if may:
            self._pictured_ns = mono_ns
        return may
