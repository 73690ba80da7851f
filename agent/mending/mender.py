"""Climbs the recovery ladder for every camera of the device."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from agent.mending.ladder import Budget, Policy, Reach, Step, Trouble, due
from agent.startup.sealed import SealedState, encoded
from hardware.box.usb import UsbDevice
from hardware.errors import CameraStalled, CameraUnavailable, HardwareError, HostLost
from hardware.models import CameraReport, CameraSpec
from presets_store.clock import Clock, micros
from presets_store.errors import CuelightError
from presets_store.services.restoring.restore import Incident
from presets_store.services.wakeups import Signal
from presets_store.storage.errors import DatabaseDamaged

logger = logging.getLogger(__name__)

LOOK_EVERY = 1.0
KEEP_EVERY = 3600.0
"""Seconds of filming after which the budget is written again: an hour more or less does not matter."""

_BUDGET = "mending.budget"
_TROUBLED = ("stalled", "unavailable")
_HANGING = (CameraStalled.code, CameraUnavailable.code, HostLost.code)
"""What is said of a camera that hangs, not of one that others hold, or that has no usable format."""


class Renewable(Protocol):
    """A camera's client, as far as it matters here."""

    @property
    def spec(self) -> CameraSpec: ...

    @property
    def in_use(self) -> bool: ...

    async def renew_host(self, reason: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What the steps do. `find` gives the USB device of a camera's address, None for another kind of camera."""

    find: Callable[[str], Awaitable[UsbDevice | None]]
    is_connected: Callable[[UsbDevice], Awaitable[bool]]
    reset: Callable[[UsbDevice], Awaitable[None]]
    reboot: Callable[[], Awaitable[None]]
    tell: Callable[[Incident], Awaitable[None]]


@dataclass(slots=True)
class _Patient:
    """One camera. `filmed`: it has given frames; until then it is waited for, unless it is plugged in and hangs.

    `well_since` is None in trouble.
    """

    client: Renewable
    filmed: bool = False
    device: UsbDevice | None = None
    address: str = ""
    trouble: Trouble | None = None
    well_since: float | None = None
    unused: float = 0.0


class Mender:
    """`told` hears of every report of a camera; `run` is a system task."""

    def __init__(
        self,
        clients: Mapping[str, Renewable],
        policy: Policy,
        sealed: SealedState,
        clock: Clock,
        tools: Tools,
    ) -> None:
        self._patients = {camera_id: _Patient(client) for camera_id, client in clients.items()}
        self._policy = policy
        self._sealed = sealed
        self._clock = clock
        self._tools = tools
        self._budget = _read(sealed.document(_BUDGET))
        self._kept = self._budget
        self._news = Signal()

    def told(self, camera_id: str, report: CameraReport) -> None:
        """A camera's state changed."""
        patient, now = self._patients[camera_id], self._clock.monotonic()
        self._news.set()
        if report.state == "open" and report.info is not None and report.info.live:
            patient.filmed = True
            patient.well_since = now
            patient.address = report.info.address
        elif report.state in _TROUBLED and (patient.filmed or report.code in _HANGING):
            patient.trouble = patient.trouble or Trouble(now)
            patient.well_since = None
        elif report.state == "open":  # something else stands in for it
            patient.trouble = patient.well_since = None
        elif report.state == "closed":  # nobody needs it, or a new host begins: `_look` finds out
            patient.well_since = None

    async def run(self) -> None:
        """Looks once a second while there is anything to do; never ends."""
        while True:
            self._news.clear()
            if self._is_at_rest():
                await self._news.wait()
            await self._clock.sleep(LOOK_EVERY)
            for camera_id, patient in self._patients.items():
                await self._look(camera_id, patient)
            if self._budget.spent and any(patient.well_since is not None for patient in self._patients.values()):
                self._budget = self._budget.filmed(LOOK_EVERY)
            await self._keep_budget()

    def _is_at_rest(self) -> bool:
        """Whether only a report can bring something to do."""
        patients = self._patients.values()
        return not (self._budget.spent or any(patient.trouble or patient.address for patient in patients))

    async def _look(self, camera_id: str, patient: _Patient) -> None:
        now = self._clock.monotonic()
        if patient.address:  # it was opened, perhaps on another port than before
            address, patient.address = patient.address, ""
            patient.device = await self._tools.find(address)
        if patient.well_since is not None:
            if now - patient.well_since >= self._policy.healthy_after:
                patient.trouble = None
        elif patient.trouble is not None:
            patient.unused = 0.0 if patient.client.in_use else patient.unused + LOOK_EVERY
            if patient.unused >= self._policy.healthy_after:  # what used it may only be moving to a new host
                patient.trouble = None
            elif not patient.unused:
                await self._climb(camera_id, patient, patient.trouble)

    async def _climb(self, camera_id: str, patient: _Patient, trouble: Trouble) -> None:
        policy = self._policy if patient.filmed else replace(self._policy, reboots=0)  # it may never have worked
        reach = await self._reach(patient)
        step = due(trouble, policy, self._budget, reach, self._clock.monotonic())
        if step is None:
            return
        patient.trouble = trouble.after(step, self._clock.monotonic())
        silent = self._clock.monotonic() - trouble.since
        try:
            await self._take(step, camera_id, patient, silent)
        except DatabaseDamaged:
            raise
        except (HardwareError, CuelightError, OSError) as error:
            logger.error("camera %s: %s did not help: %s", camera_id, step, error)
            await self._tell(f"{step}_failed", f"camera {camera_id}: {error}")

    async def _reach(self, patient: _Patient) -> Reach:
        if not patient.filmed:
            device = patient.device = await self._tools.find(patient.client.spec.address)
            return Reach(connected=device is not None, usb=device is not None)
        device = patient.device
        return Reach(connected=device is None or await self._tools.is_connected(device), usb=device is not None)

    async def _take(self, step: Step, camera_id: str, patient: _Patient, silent: float) -> None:
        why = f"camera {camera_id} has given no frame for {silent:.0f} s"
        if step is Step.NEW_HOST:
            logger.warning("%s: its host is replaced", why)
            await patient.client.renew_host(why)
            return
        self._budget = self._budget.after(step)
        await self._keep_budget(now=True)  # before it is done: a reboot must not be forgotten
        if step is Step.USB_RESET and patient.device is not None:
            await self._tell(step, f"{why}: its USB device {patient.device.name} is reset")
            await self._tools.reset(patient.device)
        elif step is Step.REBOOT:
            await self._tell(step, f"{why}: the device reboots")
            await self._tools.reboot()

    async def _tell(self, code: str, message: str) -> None:
        try:
            await self._tools.tell(Incident(code, message, micros(self._clock.now())))
        except DatabaseDamaged:
            raise
        except CuelightError as error:
            logger.error("%s: not kept, because %s", message, error)

    async def _keep_budget(self, *, now: bool = False) -> None:
        """Written at each spending, when all is given back, and once an hour between."""
        filmed = self._budget.healthy - self._kept.healthy
        if now or self._budget.spent != self._kept.spent or filmed >= KEEP_EVERY:
            try:
                await self._sealed.keep({_BUDGET: encoded(_document(self._budget)) if self._budget.spent else None})
            except CuelightError as error:
                logger.error("what was spent on mending is not kept: %s", error)
                if now:
                    raise
            self._kept = replace(self._budget)


def _document(budget: Budget) -> dict[str, Any]:
    return {"spent": {step.value: count for step, count in budget.spent.items()}, "healthy": round(budget.healthy)}


def _read(kept: dict[str, Any] | None) -> Budget:
    """What is kept; nothing that is unknown there counts."""
    spent = (kept or {}).get("spent")
    if not isinstance(spent, dict):
        return Budget()
    steps = {step: spent[step.value] for step in Step if isinstance(spent.get(step.value), int)}
    healthy = (kept or {}).get("healthy")
    return Budget(steps, float(healthy) if isinstance(healthy, int | float) else 0.0)
