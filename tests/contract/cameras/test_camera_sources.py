"""What the pipeline may rely on of every camera source in BACKENDS, whatever is behind it."""

import os
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, cast

import av
import pytest
from fakes.camera_makers import FILMING, LOSABLE, MAKERS, Specimen

from hardware.camera import Source
from hardware.errors import CameraUnavailable, HardwareError
from hardware.models import BACKEND_NAMES, RAW_CODECS, Adjustment, Codec, Format, Packet
from hardware.registry import BACKENDS

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext

KEY_SECONDS = 4.0
"""The longest way from one key frame to the next."""

GONE_SECONDS = 3.0
"""How long a source may go on after its camera is gone: what was under way, and the end of a short film."""

_NAMES = {Codec.H264: "h264", Codec.HEVC: "hevc", Codec.MJPEG: "mjpeg"}


@pytest.fixture(name="specimen", params=FILMING)
def _specimen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Specimen]:
    with MAKERS[request.param](tmp_path) as specimen:
        specimen.backend = specimen.backend or request.param
        yield specimen
        specimen.source.close()


@pytest.fixture(name="camera")
def _camera(specimen: Specimen) -> Source:
    return specimen.source


def test_every_source_has_a_name_and_a_specimen() -> None:
    assert set(BACKENDS) == set(BACKEND_NAMES) == set(MAKERS)


def test_no_camera_says_so(tmp_path: Path) -> None:
    with MAKERS["null"](tmp_path) as specimen:
        assert not specimen.source.probe().formats
        for use in (lambda: specimen.source.open(None), lambda: specimen.source.read(0.1)):
            with pytest.raises(CameraUnavailable):
                use()
        specimen.source.close()


def read(source: Source, count: int = 1, seconds: float = 10.0) -> list[Packet]:
    packets: list[Packet] = []
    deadline = time.monotonic() + seconds
    while len(packets) < count:
        assert time.monotonic() < deadline, f"only {len(packets)} of {count} packets came"
        packet = source.read(0.5)
        packets += [packet] if packet else []
    return packets


def test_a_probe_declares_what_can_be_had(specimen: Specimen) -> None:
    source = specimen.source
    before = source.probe()
    assert before.backend == specimen.backend
    granted = source.open(None)
    read(source)
    after = source.probe()
    assert granted in after.formats
    assert not before.formats or set(before.formats) == set(after.formats)


def test_open_grants_a_declared_format_when_it_is_wanted(camera: Source) -> None:
    granted = camera.open(None)
    read(camera)
    declared = sorted(camera.probe().formats, key=lambda mode: mode.width * mode.height)
    for wanted in (declared[0], granted):
        assert camera.open(wanted) == wanted
        (packet,) = read(camera)
        assert (packet.codec, packet.width, packet.height) == (wanted.codec, wanted.width, wanted.height)
    assert granted in declared


def test_open_makes_the_best_of_what_cannot_be_had(camera: Source) -> None:
    wish = Format(codec=Codec.H264, width=1234, height=998, rate=58)
    granted = camera.open(wish)
    (packet,) = read(camera)
    assert (packet.codec, packet.width, packet.height) == (granted.codec, granted.width, granted.height)


def test_packets_decode_and_advance_in_time_and_number(camera: Source) -> None:
    granted = camera.open(None)
    packets = read(camera, 9)
    now_ns = time.monotonic_ns()
    assert packets[0].key
    ahead = 1e9 / granted.rate  # a driver may hand a frame over when it begins, and stamp it with its end (vivid)
    assert -ahead <= now_ns - packets[-1].mono_ns < 2_000_000_000, "CLOCK_MONOTONIC, of the capture"
    for earlier, later in pairwise(packets):
        assert later.mono_ns > earlier.mono_ns
        assert later.sequence > earlier.sequence
    seconds = (packets[-1].mono_ns - packets[0].mono_ns) / 1e9
    numbers = packets[-1].sequence - packets[0].sequence
    assert numbers / seconds == pytest.approx(granted.rate, rel=0.3)
    assert sizes_of(packets) == {(granted.width, granted.height)}


def sizes_of(packets: list[Packet]) -> set[tuple[int, int]]:
    """Of all pictures, decoded."""
    codec = packets[0].codec
    if codec in RAW_CODECS:
        assert {len(packet.data) for packet in packets} == {packets[0].width * packets[0].height * 2}
        return {(packet.width, packet.height) for packet in packets}
    decoder = cast("VideoCodecContext", av.CodecContext.create(_NAMES[codec], "r"))
    frames = [frame for packet in packets for frame in decoder.decode(av.Packet(packet.data))]
    frames += decoder.decode(None)
    assert len(frames) == len(packets)
    return {(frame.width, frame.height) for frame in frames}


def test_key_frames_come_again_and_decode_alone(camera: Source) -> None:
    granted = camera.open(None)
    read(camera)
    deadline = time.monotonic() + KEY_SECONDS
    while not (packet := read(camera)[0]).key:
        assert time.monotonic() < deadline
    assert sizes_of([packet]) == {(granted.width, granted.height)}


def test_a_read_answers_none_when_its_time_is_over(camera: Source) -> None:
    camera.open(None)
    read(camera, 2)
    empty = 0
    for _ in range(200):
        began = time.monotonic()
        empty += camera.read(0.002) is None
        assert time.monotonic() - began < 0.3
        if empty:
            return
    pytest.fail("a frame within every 2 ms")


def test_it_opens_again_with_fresh_pictures(camera: Source) -> None:
    camera.open(None)
    newest = read(camera, 3)[-1]
    camera.close()
    camera.open(None)
    asked_ns = time.monotonic_ns()
    fresh = read(camera, 2)[-1]
    assert fresh.mono_ns > newest.mono_ns
    assert fresh.mono_ns > asked_ns - 1_000_000_000
    camera.open(None)
    assert read(camera)[0].key, "an open source is opened anew"


def test_close_gives_everything_back(camera: Source) -> None:
    camera.open(None)  # what is loaded once, such as a codec, counts no more
    read(camera)
    camera.close()
    before = in_use(settle=True)
    camera.open(None)
    read(camera, 3)
    camera.close()
    camera.close()
    deadline = time.monotonic() + 3
    while in_use() != before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert in_use() == before
    with pytest.raises((HardwareError, RuntimeError)):
        camera.read(0.01)


def in_use(*, settle: bool = False) -> tuple[int, int, int]:
    """Descriptors, threads and child processes; `settle`: when they stay as they are for a while."""
    now = len(os.listdir("/proc/self/fd")), threading.active_count(), _children()  # noqa: PTH208
    while settle:
        time.sleep(0.3)
        before, now = now, in_use()
        settle = before != now
    return now


def _children() -> int:
    tasks = Path("/proc/self/task").glob("*/children")
    return sum(len(task.read_text().split()) for task in tasks)


@pytest.mark.parametrize("specimen", LOSABLE, indirect=True)
def test_a_camera_that_is_gone_is_said_to_be_unavailable(specimen: Specimen) -> None:
    source = specimen.source
    source.open(None)
    read(source)
    specimen.unplug()
    with pytest.raises(CameraUnavailable):
        _read_until_gone(source)
    source.close()
    with pytest.raises(CameraUnavailable):
        source.open(None)


def _read_until_gone(source: Source) -> None:
    deadline = time.monotonic() + GONE_SECONDS
    while time.monotonic() < deadline:
        source.read(0.1)
    source.open(None)  # an open file stays readable without its name


def test_what_it_cannot_adjust_it_names(camera: Source) -> None:
    camera.open(None)
    read(camera)
    wanted = Adjustment(controls={"no_such_control": 3}, gain=2.0)
    adjusted = camera.adjust(wanted)
    assert "no_such_control" in adjusted.unmet
    assert set(adjusted.met) | set(adjusted.unmet) == set(wanted.asked())


def test_a_note_changes_nothing(camera: Source) -> None:
    camera.open(None)
    camera.note("event/1/0", "start")
    assert read(camera)
    camera.note("event/1/0", "end")
