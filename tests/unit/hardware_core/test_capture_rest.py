"""When nobody needs packets at once, the camera's thread takes several frames at a time, and loses none."""

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
from hardware.pipeline.haste import Haste
from hardware.pipeline.plan import Ask, Wish
from hardware.pipeline.router import Router
from hardware.pipeline.stream import Stream
from hardware.sources.v4l2 import V4l2Source


class Nobody:
    """A sink that throws everything away."""

    def renew(self, stream: Stream) -> None: ...

    def offer(self, packet: Packet) -> None: ...


def test_the_haste_of_a_router_is_that_of_the_sink_in_the_greatest() -> None:
    router, sink = Router(2.0), Nobody()

    def add(name: str, *, patient: bool) -> None:
        wish = Wish(takes=frozenset(Codec), patient=patient)
        router.add(name, wish, sink, lambda _: None, None, at_next_open=False)

    assert haste_of(router) is Haste.RESTING
    add("recording", patient=True)
    assert haste_of(router) is Haste.RECORDING
    add("stream", patient=False)
    assert haste_of(router) is Haste.LIVE
    router.remove("stream")
    assert haste_of(router) is Haste.RECORDING
    router.tap(sink, 0)
    assert haste_of(router) is Haste.LIVE
    router.remove("recording")
    router.untap(sink)
    assert haste_of(router) is Haste.RESTING


def haste_of(router: Router) -> Haste:
    return router.haste


@pytest.mark.parametrize("haste", Haste)
def test_frames_gather_only_when_nobody_is_in_a_hurry(tmp_path: Path, haste: Haste) -> None:
    arrivals: list[tuple[float, int]] = []

    def offer(packet: Packet) -> None:
        arrivals.append((time.monotonic(), packet.sequence))

    outlets = Outlets(lambda *_: None, offer, lambda: None, lambda _: None, lambda: haste)
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
    live = haste is Haste.LIVE
    assert bursts < len(arrivals) * (1.1 if live else 0.5)
    assert bursts > len(arrivals) * (0.8 if live else 0.2)


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
