"""One analytic case on its camera: ordered again whenever the host is another, until the case is over."""

import json
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from hardware.client import SinkHandle
from hardware.errors import CameraUnavailable, HardwareError, HostLost, revive
from hardware.models import Observation, SinkEnded, WatchOrder
from presets_store.clock import Clock
from presets_store.rules.scripts.analytics import ANALYSERS
from presets_store.storage.scripts.records import AnalyticCase

logger = logging.getLogger(__name__)

READY_WITHIN = 5.0
"""Seconds within which a watch that waits for its host looks again."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
"""Seconds until a watch that failed, or was refused, is ordered again; doubled each time."""
INSTANT = frozenset({"line_crossing"})
"""Analysers that see what has no duration: each time is one of its own."""


class Watched(Protocol):
    """A camera's host."""

    async def ready(self, timeout: float) -> bool: ...

    async def watch(self, order: WatchOrder) -> SinkHandle: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """Something began in a camera's picture, or is another than before."""

    event_name: str
    camera_key: int
    case_uuid: str
    observation: Observation


class CaseWatch:
    """`camera` watches for `case`; `seen` is called in the loop with what begins and changes, never with what lasts.

    `models`: the files of networks by the names that the settings give them.
    """

    def __init__(
        self,
        case: AnalyticCase,
        camera: Watched,
        clock: Clock,
        models: Mapping[str, Sequence[str]],
        seen: Callable[[Seen], None],
    ) -> None:
        self.case = case
        self._camera = camera
        self._clock = clock
        self._models = models
        self._seen = seen
        self._known: dict[str, Mapping[str, str | float | int]] = {}
        self._failures = 0
        self._told = ""

    async def run(self) -> NoReturn:
        """Until cancelled; then the watch is ended."""
        while True:
            try:
                if await self._camera.ready(READY_WITHIN):
                    await self._watch()
                    await self._clock.sleep(FIRST_PAUSE)
            except (HostLost, CameraUnavailable) as error:
                logger.debug("case %d waits for its camera: %s", self.case.key, error)
                await self._clock.sleep(FIRST_PAUSE)
            except HardwareError as error:
                await self._failed(error.code, str(error))
            except ValueError as error:  # zones or options of another release
                await self._failed("analytic_case_unreadable", str(error))

    async def _watch(self) -> None:
        handle = await self._camera.watch(self._order())
        self._known = {}
        try:
            async for report in handle:
                if isinstance(report, Observation):
                    self._failures = 0
                    self._look_at(report)
                elif isinstance(report, SinkEnded) and report.outcome == "failed":
                    raise revive(report.error, report.message)
        finally:
            await handle.stop("its analytic case is over")

    def _look_at(self, seen: Observation) -> None:
        before = self._known.get(seen.zone)
        if not seen.active:
            self._known.pop(seen.zone, None)
            return
        if self.case.analytic_type not in INSTANT:
            self._known[seen.zone] = seen.attributes
            if before == seen.attributes:
                return
        event_name = ANALYSERS[self.case.analytic_type].event_name
        self._seen(Seen(event_name, self.case.camera_key, self.case.uuid, seen))

    def _order(self) -> WatchOrder:
        options: dict[str, Any] = json.loads(self.case.options)
        return WatchOrder(
            sink_id=f"case-{self.case.key}-{uuid.uuid4()}",
            analyser=self.case.analytic_type,
            options=options,
            zones=json.loads(self.case.zones),
            model_files=tuple(self._models.get(options.get("model", ""), ())),
        )

    async def _failed(self, code: str, message: str) -> None:
        """Tells it once, and waits: the file of a network may come, a setting may be put right."""
        level = logging.DEBUG if code == self._told else logging.ERROR
        self._told = code
        logger.log(level, "analytic case %d does not work: %s", self.case.key, message, extra={"code": code})
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**self._failures)
        self._failures += 1
        await self._clock.sleep(pause)
