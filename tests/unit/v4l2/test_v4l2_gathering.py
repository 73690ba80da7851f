"""Frames that are read together: none waits in the driver, none is lost, and none is held back for long."""

import pytest
from fakes.v4l2 import FakeCamera
from fakes.v4l2_opened import opened, take

from hardware.errors import CameraUnavailable


def test_frames_that_were_gathered_outlive_the_camera() -> None:
    source, system = opened(FakeCamera(unplugged_after=5))
    source.gathering = 0.1
    began = system.now_ns
    first = take(source, 1)
    assert system.now_ns - began == pytest.approx(3 * 10**9 / 30, rel=0.01), "three were read before one was answered"
    assert [packet.sequence for packet in first + take(source, 4)] == list(range(5))
    for _ in range(2):
        with pytest.raises(CameraUnavailable):
            source.read(1.0)


def test_what_was_gathered_is_not_held_back_when_no_more_comes() -> None:
    source, system = opened(FakeCamera(silent_after=4))
    source.gathering = 0.1
    take(source, 3)
    before = system.now_ns
    assert [packet.sequence for packet in take(source, 1)] == [3]
    assert system.now_ns - before == pytest.approx(2.5 * 10**9 / 30, rel=0.01), "an interval, and one and a half more"


def test_each_frame_comes_at_once_again_when_somebody_looks() -> None:
    source, system = opened(FakeCamera())
    source.gathering = 0.1
    take(source, 3)
    source.gathering = 0.0
    before = system.now_ns
    take(source, 1)
    assert system.now_ns - before == pytest.approx(10**9 / 30, rel=0.01)
