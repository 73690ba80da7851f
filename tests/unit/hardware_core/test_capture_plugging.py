"""A camera that is plugged in ends the wait for the next try, and takes the place of footage."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.source import FakeSource

from hardware.lock import CameraLock
from hardware.models import CameraInfo, CameraReport, CameraSpec, Codec, Format, Packet
from hardware.pipeline.capture import Capture, CaptureTiming, Outlets
from hardware.pipeline.plan import Ask

VGA = Format(codec=Codec.MJPEG, width=64, height=48, rate=50)


class Footage(FakeSource):
    def probe(self) -> CameraInfo:
        return super().probe().model_copy(update={"live": False})


class Filming:
    """A capture thread whose next try would come in half a minute."""

    def __init__(self, source: FakeSource, folder: Path, backend: str = "v4l2") -> None:
        self.states: list[str] = []
        self.frames = threading.Event()
        spec = CameraSpec.model_validate({"camera_id": "front", "name": "Front", "backend": backend})
        outlets = Outlets(lambda *_: None, self._offer, lambda: None, self._report)
        timing = CaptureTiming(first_delay=30.0, longest_delay=30.0)
        self.capture = Capture(spec, lambda _: source, CameraLock(folder, "front"), outlets, timing)
        self.capture.start()
        self.capture.want(Ask())

    def _offer(self, _: Packet) -> None:
        self.frames.set()

    def _report(self, report: CameraReport) -> None:
        self.states.append(report.state)

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.005)


def test_a_camera_that_comes_back_is_opened_at_once(tmp_path: Path) -> None:
    source = FakeSource(VGA)
    source.lost = True
    filming = Filming(source, tmp_path)
    filming.until(lambda: "unavailable" in filming.states)
    source.lost = False
    began = time.monotonic()
    filming.capture.hurry()
    assert filming.frames.wait(5)
    assert time.monotonic() - began < 2
    assert filming.capture.stop(5)


def test_one_that_still_does_not_answer_is_waited_for_again(tmp_path: Path) -> None:
    source = FakeSource(VGA)
    source.lost = True
    filming = Filming(source, tmp_path)
    for tries in (1, 2, 3):
        filming.until(lambda tries=tries: filming.states.count("unavailable") == tries)  # type: ignore[misc]
        time.sleep(0.05)
        assert filming.states.count("opening") == tries
        filming.capture.hurry()
    assert filming.capture.stop(5)


@pytest.mark.parametrize(
    ("made", "backend", "opened"), [(Footage, "auto", 2), (Footage, "v4l2", 1), (FakeSource, "auto", 1)]
)
def test_only_footage_in_a_cameras_place_gives_way(
    made: type[FakeSource], backend: str, opened: int, tmp_path: Path
) -> None:
    source = made(VGA)
    filming = Filming(source, tmp_path, backend)
    filming.until(lambda: filming.states[-1:] == ["open"])
    filming.capture.hurry()
    filming.until(lambda: len(source.opened) >= opened)
    time.sleep(0.1)
    assert len(source.opened) == opened
    assert filming.capture.stop(5)
