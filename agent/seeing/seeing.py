"""The eyes of the scripts: each active case is watched on its camera, and a camera that is lost is missed."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from agent.seeing.absence import Absence, CameraPresence
from agent.seeing.entering import Entering, Sight
from agent.seeing.watching import CaseWatch, Seen, Watched
from hardware.models import CameraReport
from presets_store.clock import Clock
from presets_store.errors import CuelightError
from presets_store.services.wakeups import Signal, any_signalled
from presets_store.storage import DatabaseDamaged
from presets_store.storage.scripts.records import AnalyticCase

logger = logging.getLogger(__name__)

LOOK_EVERY = 60.0
AGAIN_AFTER = 5.0
"""Seconds between two looks at the cases when nobody says that they are others; after one that failed."""
LONGEST_LIST = 16
"""Boxes in a trigger's attributes."""

LOST, BACK = "camera_lost", "camera_back"


class Cases(Protocol):
    """The analytic cases of the store. `changed` is set after each change."""

    @property
    def changed(self) -> Signal: ...

    async def cases_of(self, device_key: int) -> list[AnalyticCase]: ...


class OwnCamera(Protocol):
    """A camera of this device: its key in the store, its stable name, its host."""

    @property
    def key(self) -> int: ...
    @property
    def camera_id(self) -> str: ...
    @property
    def client(self) -> Watched: ...


@dataclass(frozen=True, slots=True)
class _Watching:
    case: AnalyticCase
    task: "asyncio.Task[None]"


class Seeing:
    """`run` is a system task. While no case is active it is one query now and then, and no watch runs anywhere."""

    def __init__(
        self,
        cases: Cases,
        device_key: int,
        cameras: Sequence[OwnCamera],
        clock: Clock,
        models: Mapping[str, Sequence[str]],
        entering: Entering,
    ) -> None:
        self._cases = cases
        self._device_key = device_key
        self._cameras = {camera.key: camera for camera in cameras}
        self._keys = {camera.camera_id: camera.key for camera in cameras}
        self._clock = clock
        self._models = models
        self._entering = entering
        self._watches: dict[int, _Watching] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._presence = {camera.camera_id: CameraPresence(camera.camera_id, clock, self._missed) for camera in cameras}

    def told(self, camera_id: str, report: CameraReport) -> None:
        """Hears of every change of a camera's state."""
        self._presence[camera_id].report(report)

    async def run(self) -> NoReturn:
        """Until cancelled; then every watch is ended."""
        try:
            while True:
                self._cases.changed.clear()
                active = await self._active()
                if active is not None:
                    self._follow(active)
                wait = LOOK_EVERY if active is not None else AGAIN_AFTER
                await any_signalled((self._cases.changed,), self._clock, wait)
        finally:
            for presence in self._presence.values():
                presence.close()
            await self._end_all()

    async def _active(self) -> dict[int, AnalyticCase] | None:
        """The cases to be watched, by key; None when the store does not say now."""
        try:
            cases = await self._cases.cases_of(self._device_key)
        except DatabaseDamaged:
            raise
        except CuelightError as error:
            logger.debug("the analytic cases are not known now: %s", error)
            return None
        return {case.key: case for case in cases if case.camera_key in self._cameras}

    def _follow(self, wanted: Mapping[int, AnalyticCase]) -> None:
        """Ends what is not wanted as it is, begins what is new."""
        for key, watching in list(self._watches.items()):
            if not _same(watching.case, wanted.get(key)):
                self._watches.pop(key).task.cancel()
        for key, case in wanted.items():
            if key not in self._watches:
                camera = self._cameras[case.camera_key].client
                watch = CaseWatch(case, camera, self._clock, self._models, self._saw)
                self._watches[key] = _Watching(case, self._begin(watch))

    def _begin(self, watch: CaseWatch) -> "asyncio.Task[None]":
        task: asyncio.Task[None] = asyncio.create_task(watch.run(), name=f"case-{watch.case.key}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """One that dies is a fault of ours: it is not begun again until its case is another."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("the watch %s died", task.get_name(), exc_info=error)

    async def _end_all(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _saw(self, seen: Seen) -> None:
        what = seen.observation
        attributes: dict[str, Any] = {
            **what.attributes,
            "case": seen.case_uuid,
            "zone": what.zone,
            "value": round(what.value, 4),
            "boxes": [[round(part, 4) for part in box] for box in what.boxes[:LONGEST_LIST]],
            "scores": [round(score, 3) for score in what.scores[:LONGEST_LIST]],
        }
        sight = Sight(
            event_name=seen.event_name,
            camera_key=seen.camera_key,
            mono=what.mono_ns / 1e9,
            attributes=attributes,
            place=f"{seen.case_uuid} {what.zone}",
            image=what.jpeg,
        )
        self._entering.add(sight)

    def _missed(self, absence: Absence) -> None:
        event_name = LOST if absence.lost else BACK
        attributes = {"reason": absence.reason} if absence.lost else {}
        self._entering.add(Sight(event_name, self._keys[absence.camera_id], absence.at, attributes))


def _same(case: AnalyticCase, wanted: AnalyticCase | None) -> bool:
    """Whether the watch for `case` does what is wanted now; another name changes nothing."""
    if wanted is None:
        return False
    watched = (case.camera_key, case.analytic_type, case.zones, case.options)
    return watched == (wanted.camera_key, wanted.analytic_type, wanted.zones, wanted.options)
