"""A camera that stops is mended step by step, within a budget that outlasts the process."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.clock import ManualClock
from fakes.served_store import SEALER

from agent.mending import building
from agent.mending.ladder import Policy
from agent.mending.mender import Mender, Tools
from agent.startup.sealed import SealedState
from hardware.box.errors import UsbResetFailed
from hardware.box.usb import UsbDevice
from hardware.models import CameraInfo, CameraReport, CameraSpec
from presets_store.services.restoring.restore import Incident
from presets_store.storage.errors import StorageUnavailable

DEVICE = UsbDevice("Webcam", Path("/sys/bus/usb/1-2"), Path("/dev/bus/usb/001/004"))
OPEN = CameraReport(
    state="open", info=CameraInfo(name="Webcam", backend="v4l2", address="/dev/video0", live=True, formats=())
)
STALLED = CameraReport(state="stalled", reason="no frame for 2 s", code="camera_stalled")
HOST_LOST = CameraReport(state="unavailable", reason="host process: it closed the connection", code="host_lost")
UNAVAILABLE = CameraReport(state="unavailable", reason="starting: Protocol error", code="camera_unavailable")
BUSY = CameraReport(state="unavailable", reason="held by another process", code="camera_busy")
CLOSED, OPENING = CameraReport(state="closed"), CameraReport(state="opening")


class Bench:
    """One camera, its mender and what was done about it. `failing`: resets fail; `forgetful`: no incident is kept."""

    def __init__(self, sealed: SealedState, policy: Policy) -> None:
        self.clock = ManualClock()
        self.done: list[str] = []
        self.told: list[str] = []
        self.connected = True
        self.failing = False
        self.in_use = True
        self.forgetful = False
        self.starved = False
        self.device: UsbDevice | None = DEVICE
        self.spec = CameraSpec(camera_id="main", name="Main", backend="v4l2", address="/dev/video0")
        tools = Tools(self._find, self._is_connected, self._reset, self._reboot, self._tell)
        self.mender = Mender({"main": self}, policy, sealed, self.clock, tools)
        self._task = asyncio.create_task(self.mender.run())

    async def renew_host(self, reason: str) -> None:
        self.done.append("new host")

    async def pass_time(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.advance(1.0)
            for _ in range(8):
                await asyncio.sleep(0)
        await asyncio.sleep(0.05)  # what is sealed is written in a thread

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait((self._task,))

    async def _find(self, address: str) -> UsbDevice | None:
        return self.device

    async def _is_connected(self, device: UsbDevice) -> bool:
        return self.connected

    async def _reset(self, device: UsbDevice) -> None:
        self.done.append(f"reset {device.name}")
        if self.starved:
            raise BlockingIOError("no process can be started")
        if self.failing:
            raise UsbResetFailed(device=device.node, reason="no permission")

    async def _reboot(self) -> None:
        self.done.append("reboot")

    async def _tell(self, incident: Incident) -> None:
        if self.forgetful:
            raise StorageUnavailable(database="cuelight.db", reason="database or disk is full")
        self.told.append(f"{incident.code}: {incident.message}")


@pytest.fixture
async def sealed(tmp_path: Path) -> AsyncIterator[SealedState]:
    state, _ = await SealedState.open(tmp_path / "sealed", SEALER)
    yield state
    await state.close()


async def settle(bench: Bench, wanted: int) -> None:
    """Time passes, in steps, until so much was done; writes in a thread take their own time."""
    for _ in range(100):
        if len(bench.done) >= wanted:
            return
        await bench.pass_time(10)


async def test_the_whole_ladder_and_what_is_told(sealed: SealedState) -> None:
    bench = Bench(sealed, Policy(reboots=1))
    bench.mender.told("main", OPEN)
    await bench.pass_time(2)
    bench.mender.told("main", STALLED)
    await bench.pass_time(5)
    assert bench.done == []
    await settle(bench, 3)
    assert bench.done == ["new host", "reset Webcam", "reboot"]
    assert ["usb_reset" in bench.told[0], "reboot" in bench.told[1]] == [True, True]
    await bench.stop()


async def test_a_camera_that_was_never_there_is_only_waited_for(sealed: SealedState) -> None:
    bench = Bench(sealed, Policy(reboots=1))
    bench.device = None
    bench.mender.told("main", UNAVAILABLE)
    await bench.pass_time(600)
    assert bench.done == []
    await bench.stop()


@pytest.mark.parametrize("report", [STALLED, UNAVAILABLE, HOST_LOST], ids=["stalled", "unavailable", "host lost"])
async def test_a_camera_that_is_plugged_in_and_hangs_from_the_start_is_reset(
    sealed: SealedState, report: CameraReport
) -> None:
    bench = Bench(sealed, Policy(reboots=1, again_after=20.0))
    bench.mender.told("main", report)
    await settle(bench, 3)
    assert bench.done == ["new host", "reset Webcam", "new host"], "the box stays up for it"
    await bench.stop()


async def test_a_camera_that_is_plugged_in_later_and_does_not_answer_is_reset(sealed: SealedState) -> None:
    bench = Bench(sealed, Policy())
    bench.device = None
    bench.mender.told("main", UNAVAILABLE)
    await bench.pass_time(60)
    bench.device = DEVICE
    await settle(bench, 2)
    assert bench.done == ["new host", "reset Webcam"]
    await bench.stop()


async def test_a_camera_that_others_hold_from_the_start_is_left_alone(sealed: SealedState) -> None:
    bench = Bench(sealed, Policy())
    bench.mender.told("main", BUSY)
    await bench.pass_time(600)
    assert bench.done == []
    await bench.stop()


async def test_a_new_host_that_begins_with_a_closed_camera_is_no_cure(sealed: SealedState) -> None:
    bench = Bench(sealed, Policy())
    bench.mender.told("main", OPEN)
    await bench.pass_time(2)
    bench.mender.told("main", STALLED)
    await settle(bench, 1)
    for report in (HOST_LOST, CLOSED, OPENING):
        bench.mender.told("main", report)
        await bench.pass_time(1)
    bench.mender.told("main", STALLED)
    await settle(bench, 2)
    assert bench.done == ["new host", "reset Webcam"]
    await bench.stop()


async def test_a_camera_that_comes_back_ends_the_climb_and_one_that_flaps_does_not(sealed: SealedState) -> None:
    bench = Bench(sealed, Policy())
    bench.mender.told("main", OPEN)
    await bench.pass_time(2)
    for _ in range(8):  # a frame every five seconds is no recovery
        bench.mender.told("main", STALLED)
        await bench.pass_time(4)
        bench.mender.told("main", OPEN)
        await bench.pass_time(1)
        bench.mender.told("main", STALLED)
    assert bench.done[0] == "new host"
    bench.mender.told("main", OPEN)
    await bench.pass_time(12)
    before = list(bench.done)
    bench.mender.told("main", STALLED)
    await bench.pass_time(9)
    assert bench.done == before, "a new trouble begins at the lowest step"
    await bench.stop()


async def test_a_camera_that_nobody_wants_any_more_is_left_alone(sealed: SealedState) -> None:
    bench = Bench(sealed, Policy(reboots=1))
    bench.mender.told("main", OPEN)
    await bench.pass_time(2)
    bench.mender.told("main", STALLED)
    await bench.pass_time(5)
    bench.in_use = False
    await bench.pass_time(600)
    assert bench.done == []
    bench.in_use = True
    await bench.pass_time(5)
    assert bench.done == [], "the next one who wants it finds it by opening it"
    await bench.stop()


async def test_an_unplugged_camera_is_not_reset(sealed: SealedState) -> None:
    bench = Bench(sealed, Policy(reboots=1))
    bench.mender.told("main", OPEN)
    await bench.pass_time(2)
    bench.connected = False
    bench.mender.told("main", STALLED)
    await bench.pass_time(600)
    assert bench.done == []
    await bench.stop()


async def test_the_budget_outlasts_the_process_and_a_failed_reset_is_told(sealed: SealedState) -> None:
    for _ in range(3):
        bench = Bench(sealed, Policy(usb_resets=2))
        bench.failing = True
        bench.mender.told("main", OPEN)
        await bench.pass_time(2)
        bench.mender.told("main", STALLED)
        await settle(bench, 2)
        await bench.stop()
    assert bench.done[:2] == ["new host", "new host"], "both resets were spent in the processes before"
    document = sealed.document("mending.budget")
    assert document is not None
    assert document["spent"] == {"usb_reset": 2}


async def test_a_reset_without_permission_says_so(sealed: SealedState) -> None:
    bench = Bench(sealed, Policy())
    bench.failing = True
    bench.mender.told("main", OPEN)
    await bench.pass_time(2)
    bench.mender.told("main", STALLED)
    await settle(bench, 2)
    assert any("no permission" in told for told in bench.told)
    await bench.stop()


async def test_a_full_disk_keeps_no_camera_from_being_mended(sealed: SealedState) -> None:
    bench = Bench(sealed, Policy())
    bench.forgetful = True
    bench.failing = True
    bench.mender.told("main", OPEN)
    await bench.pass_time(2)
    bench.mender.told("main", STALLED)
    await settle(bench, 3)
    assert bench.done == ["new host", "reset Webcam", "new host"]
    await bench.stop()


async def test_a_camera_that_was_plugged_in_elsewhere_is_mended_there(sealed: SealedState) -> None:
    bench = Bench(sealed, Policy())
    bench.mender.told("main", OPEN)
    await bench.pass_time(2)
    bench.mender.told("main", STALLED)
    bench.device = UsbDevice("Webcam elsewhere", Path("/sys/bus/usb/1-3"), Path("/dev/bus/usb/001/005"))
    bench.mender.told("main", OPEN)
    await bench.pass_time(12)
    bench.mender.told("main", STALLED)
    await settle(bench, 2)
    assert bench.done == ["new host", "reset Webcam elsewhere"]
    await bench.stop()


async def test_a_camera_that_others_stand_in_for_is_left_alone(sealed: SealedState) -> None:
    bench = Bench(sealed, Policy())
    bench.mender.told("main", OPEN)
    await bench.pass_time(2)
    bench.mender.told("main", STALLED)
    bars = CameraInfo(name="Webcam", backend="bars", address="", live=False, formats=())
    bench.mender.told("main", CameraReport(state="open", info=bars))
    await bench.pass_time(60)
    assert bench.done == []
    await bench.stop()


async def test_a_camera_that_stops_at_its_first_frame_is_known_all_the_same(sealed: SealedState) -> None:
    bench = Bench(sealed, Policy())
    bench.mender.told("main", OPEN)
    bench.mender.told("main", STALLED)
    await settle(bench, 2)
    assert bench.done == ["new host", "reset Webcam"]
    await bench.stop()


async def test_a_box_that_can_start_no_process_is_told_and_goes_on(sealed: SealedState) -> None:
    bench = Bench(sealed, Policy())
    bench.starved = True
    bench.mender.told("main", OPEN)
    await bench.pass_time(2)
    bench.mender.told("main", STALLED)
    await settle(bench, 3)
    assert bench.done == ["new host", "reset Webcam", "new host"]
    assert any("no process can be started" in told for told in bench.told)
    await bench.stop()


async def test_a_reset_that_the_kernel_does_not_end_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("busnum", "1"), ("devnum", "7"), ("product", "Webcam")):
        (tmp_path / name).write_text(text)

    async def stuck(*_: object, **__: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.Event().wait()  # a killed process in the kernel ends no sooner

    monkeypatch.setattr(building, "run_job", stuck)
    monkeypatch.setattr(building, "RESET_WITHIN", 0.05)
    with pytest.raises(UsbResetFailed, match="longer than"):
        await asyncio.wait_for(building.reset_usb(UsbDevice("Webcam", tmp_path, Path("/dev/bus/usb/001/004"))), 2)
