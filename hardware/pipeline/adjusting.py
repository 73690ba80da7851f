"""Who wants what of the camera's picture, and what becomes of it: one adjustment at a time for all sinks."""

import threading
import time
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace

from hardware.camera import Source
from hardware.models import Adjusted, Adjustment

SETTLING_FRAMES = 5
"""Frames until a picture shows what was set: those exposed before, and the camera's own delay."""

YIELDED = "a recording has the say about the camera's picture"
TAKEN = "another one set it before"

_NS = 1_000_000_000

Told = Callable[[Adjusted, int], None]
"""What became of it, and from which capture time on (CLOCK_MONOTONIC, ns) pictures show it."""


@dataclass(frozen=True, slots=True)
class Wanting:
    """What a sink wants as long as it runs. `told` is called in the capture thread at each change; it must not wait.

    `yields`: not while somebody who does not yield is there, even if that one wants nothing.
    """

    adjustment: Adjustment
    told: Told
    yields: bool = False


@dataclass(frozen=True, slots=True)
class Merged:
    """One adjustment for all. `refused`: by sink, what is not in it for its sake, and why."""

    adjustment: Adjustment
    refused: Mapping[str, Mapping[str, str]]


def merge(standing: Mapping[str, Wanting]) -> Merged:
    """The wishes of all sinks, in the order of their coming: who came first keeps what it wants."""
    lasting = any(not wanting.yields for wanting in standing.values())
    taken: dict[str, object] = {}
    refused: dict[str, Mapping[str, str]] = {}
    chosen: list[Adjustment] = []
    for sink_id, wanting in standing.items():
        asked = wanting.adjustment.asked()
        if lasting and wanting.yields:
            refused[sink_id] = dict.fromkeys(asked, YIELDED)
            continue
        refused[sink_id] = {name: TAKEN for name, value in asked.items() if taken.get(name, value) != value}
        taken = {**asked, **taken}
        chosen.append(_without(wanting.adjustment, refused[sink_id]))
    return Merged(_combined(chosen), refused)


def _without(adjustment: Adjustment, names: Container[str]) -> Adjustment:
    changes: dict[str, object] = {name: None for name in Adjustment.model_fields if name in names}
    changes["controls"] = {name: value for name, value in adjustment.controls.items() if name not in names}
    changes["encoder"] = {name: value for name, value in adjustment.encoder.items() if name not in names}
    return adjustment.model_copy(update=changes)


def _combined(wishes: Sequence[Adjustment]) -> Adjustment:
    """Of wishes that do not contradict each other."""
    combined: dict[str, object] = {}
    for wish in wishes:
        combined |= {name: value for name, value in wish if value is not None}
    combined["controls"] = {name: value for wish in wishes for name, value in wish.controls.items()}
    combined["encoder"] = {name: value for wish in wishes for name, value in wish.encoder.items()}
    return Adjustment.model_validate(combined)


class Adjusting:
    """What stands, until the capture thread sets it. `want` may be called by any thread, the rest by that one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._standing: dict[str, Wanting] = {}
        self._changed = False

    def want(self, sink_id: str, wanting: Wanting | None) -> None:
        """Notes what a sink wants; None: nothing any more."""
        with self._lock:
            if wanting is not None:
                self._standing[sink_id] = wanting
            elif self._standing.pop(sink_id, None) is None:
                return
            self._changed = True

    @property
    def pending(self) -> bool:
        """Whether `apply` has something to set."""
        return self._changed

    def reopened(self) -> None:
        """The camera was opened: nothing is set."""
        with self._lock:
            self._changed = bool(self._standing)

    def apply(self, source: Source, rate: float) -> None:
        """Sets what has changed, and tells all. Raises what the source raises: then the camera is opened anew."""
        if not self._changed:
            return
        with self._lock:
            self._changed = False
            standing = dict(self._standing)
        merged = merge(standing)
        adjusted = source.adjust(merged.adjustment)
        settled_ns = time.monotonic_ns() + round(SETTLING_FRAMES * _NS / rate)
        for sink_id, wanting in standing.items():
            own = _share(adjusted, wanting.adjustment, merged.refused[sink_id])
            wanting.told(own, settled_ns if own.met else 0)


def _share(adjusted: Adjusted, asked: Adjustment, refused: Mapping[str, str]) -> Adjusted:
    """What of it concerns one sink."""
    own = [name for name in asked.asked() if name not in refused]
    unmet = {name: adjusted.unmet[name] for name in own if name in adjusted.unmet}
    return replace(adjusted, met=adjusted.met & frozenset(own), unmet={**unmet, **refused})
