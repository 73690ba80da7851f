"""The same source on the cameras of this machine (real ones, or the `vivid` driver); skipped where there is none."""

import time
from itertools import pairwise

import pytest

from hardware.errors import CameraBusy
from hardware.models import CameraSpec
from hardware.sources.v4l2 import V4l2Source
from hardware.v4l2.device import Node
from hardware.v4l2.looking import Looker
from hardware.v4l2.system import LinuxSystem

CAMERAS = [node for node in Looker(LinuxSystem()).survey().cameras if node.modes]

pytestmark = pytest.mark.skipif(not CAMERAS, reason="no camera on this machine")


def source_of(node: Node) -> V4l2Source:
    return V4l2Source(CameraSpec(camera_id="device", name=node.name, backend="v4l2", address=node.address))


@pytest.mark.parametrize("node", CAMERAS, ids=lambda node: node.path)
def test_it_films_with_rising_numbers_and_current_time_stamps(node: Node) -> None:
    source = source_of(node)
    granted = source.open(None)
    try:
        packets = [source.read(3.0) for _ in range(30)]
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    finally:
        source.close()
    whole = [packet for packet in packets if packet is not None]
    assert len(whole) == 30
    assert {(packet.codec, packet.width, packet.height) for packet in whole} == {
        (granted.codec, granted.width, granted.height)
    }
    pairs = list(pairwise(whole))
    assert all(earlier.sequence < later.sequence for earlier, later in pairs)
    assert all(earlier.mono_ns < later.mono_ns for earlier, later in pairs)
    ahead = 1e9 / granted.rate  # a driver may hand a frame over when it begins, and stamp it with its end (vivid)
    assert -ahead <= now - whole[-1].mono_ns < 2_000_000_000


@pytest.mark.parametrize("node", CAMERAS, ids=lambda node: node.path)
def test_it_is_busy_while_it_is_open_and_free_again_afterwards(node: Node) -> None:
    first, second = source_of(node), source_of(node)
    first.open(None)
    try:
        with pytest.raises(CameraBusy):
            second.open(None)
    finally:
        first.close()
    second.open(None)
    second.close()
