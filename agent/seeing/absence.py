"""Whether a camera is lost and back again: its state, taken seriously only when it stays so for a while."""

from collections.abc import Callable
from dataclasses import dataclass

from hardware.models import CameraReport
from presets_store.clock import Clock, Timer

LOST_AFTER = 5.0
"""Seconds without a picture: a host that is started again, or a cable that is plugged anew, takes less."""
LOST_AFTER_START = 60.0
"""The same of a camera that has not been there since the agent's start."""

_GONE = frozenset({"unavailable", "stalled"})


@dataclass(frozen=True, slots=True)
class Absence:
    """A camera was lost, or is back; `at`: when that began, in monotonic seconds."""

    camera_id: str
    lost: bool
    at: float
    reason: str = ""


class CameraPresence:
    """One camera. `told` is called in the loop, in turn with what was lost and what is back.

    A camera that nobody uses is closed, and neither of both.
    """

    def __init__(self, camera_id: str, clock: Clock, told: Callable[[Absence], None]) -> None:
        self._camera_id = camera_id
        self._clock = clock
        self._told = told
        self._seen = False
        self._lost = False
        self._timer: Timer | None = None
        self._gone = Absence(camera_id, True, 0.0)

    def report(self, report: CameraReport) -> None:
        """Its state is another."""
        if report.state in _GONE:
            self._go(report.reason)
        elif report.state in ("open", "closed"):
            self._stay()
            if report.state == "open":
                self._come()

    def close(self) -> None:
        """Nothing is told any more."""
        self._stay()

    def _go(self, reason: str) -> None:
        if self._lost or self._timer is not None:
            return
        self._gone = Absence(self._camera_id, True, self._clock.monotonic(), reason)
        self._timer = self._clock.call_later(LOST_AFTER if self._seen else LOST_AFTER_START, self._lose)

    def _stay(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _lose(self) -> None:
        self._timer = None
        self._lost = True
        self._told(self._gone)

    def _come(self) -> None:
        self._seen = True
        if self._lost:
            self._lost = False
            self._told(Absence(self._camera_id, False, self._clock.monotonic()))
