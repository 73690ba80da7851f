"""While nobody takes packets the camera's thread sleeps over several frames, and loses none."""

import time
from itertools import pairwise
from pathlib import Path

import pytest
from fakes.emulator.camera import EmulatedCamera
from fakes.emulator.pictures import Mode
from fakes.emulator.system import EmulatedSystem

from hardware.lock import CameraLock
from hardware.models import CameraSpec, Codec, Format, Packet
from hardware.pipeline.capture import Capture, Outlets
from hardware.pipeline.plan import Ask, Wish
from hardware.pipeline.router import Router
from hardware.pipeline.stream import Stream
from hardware.sources.v4l2 import V4l2Source


class Nobody:
    """A sink that throws everything away."""

    def renew(self, stream: Stream) -> None: ...

    def offer(self, packet: Packet) -> None: ...


def test_only_who_looks_now_and_then_leaves_a_router_calm() -> None:
    router, sink = Router(2.0), Nobody()
    assert is_calm(router)
    router.add("one", Wish(takes=frozenset(Codec)), sink, lambda _: None, None, at_next_open=False)
    assert not is_calm(router)
    router.tap(sink, 0)
    router.remove("one")
    assert not is_calm(router)
    router.untap(sink)
    assert is_calm(router)


def is_calm(router: Router) -> bool:
    return router.calm


@pytest.mark.parametrize("calm", [True, False])
def test_frames_gather_only_when_nobody_is_in_a_hurry(tmp_path: Path, calm: bool) -> None:
    arrivals: list[tuple[float, int]] = []

    def offer(packet: Packet) -> None:
        arrivals.append((time.monotonic(), packet.sequence))

    outlets = Outlets(lambda *_: None, offer, lambda: None, lambda _: None, lambda: calm)
    spec = CameraSpec(camera_id="main", name="Main", backend="v4l2")
    with EmulatedCamera(tmp_path / "box", modes=[Mode("MJPG", 640, 480, (30,))]) as camera:
        source = V4l2Source(spec, EmulatedSystem(camera.folder))
        capture = Capture(spec, lambda _: source, CameraLock(tmp_path, "main"), outlets)
        capture.start()
        capture.want(Ask())
        deadline = time.monotonic() + 10
        while len(arrivals) < 31:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert capture.stop(2.0)
    assert [sequence for _, sequence in arrivals] == list(range(len(arrivals)))
    bursts = 1 + sum(later - earlier > 0.01 for (earlier, _), (later, _) in pairwise(arrivals))
    assert bursts < len(arrivals) * (0.5 if calm else 1.1)
    assert bursts > len(arrivals) * (0.2 if calm else 0.8)


def test_a_source_that_keeps_no_frames_is_never_left_alone() -> None:
    source = V4l2Source(CameraSpec(camera_id="main", name="Main", backend="v4l2"))
    assert source.patience == 0.0, "it is not open"


def test_patience_is_half_of_the_buffers(tmp_path: Path) -> None:
    with EmulatedCamera(tmp_path / "box", modes=[Mode("MJPG", 640, 480, (30,))]) as camera:
        spec = CameraSpec(camera_id="main", name="Main", backend="v4l2")
        source = V4l2Source(spec, EmulatedSystem(camera.folder))
        source.open(Format(codec=Codec.MJPEG, width=640, height=480, rate=30))
        assert source.patience == pytest.approx(0.1)
        source.close()
