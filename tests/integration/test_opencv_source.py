"""What OpenCV opens: a real file, one that stalls, things that are none."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from fakes.footage import short_footage
from fakes.watching import check_whole, closing, spacing, take, timed, until_lost

from hardware.errors import CameraUnavailable
from hardware.models import CameraSpec, Codec, Format
from hardware.sources import opencv
from hardware.sources.opencv import OpencvSource


def camera(address: str | Path) -> OpencvSource:
    return OpencvSource(CameraSpec(camera_id="odd", name="Odd", backend="opencv", address=str(address)))


@contextmanager
def trickle(pipe: Path) -> Iterator[threading.Event]:
    """A pipe into which ffmpeg's MPEG-TS flows in real time; set the event and nothing flows any more."""
    os.mkfifo(pipe)
    stall = threading.Event()
    source = ("-re", "-stream_loop", "-1", "-i", str(short_footage(20)), "-an", "-c:v", "mpeg2video", "-g", "5")
    command = ("ffmpeg", "-nostdin", "-v", "error", *source, "-f", "mpegts", "-")
    ffmpeg = subprocess.Popen(command, stdout=subprocess.PIPE)

    def pump() -> None:
        assert ffmpeg.stdout is not None
        with pipe.open("wb", buffering=0) as into:
            while data := ffmpeg.stdout.read1(4096):  # type: ignore[attr-defined]
                while stall.is_set() and ffmpeg.poll() is None:
                    time.sleep(0.02)
                try:
                    into.write(data)
                except OSError:
                    return

    thread = threading.Thread(target=pump, daemon=True)
    thread.start()
    try:
        yield stall
    finally:
        ffmpeg.kill()
        thread.join(5)
        ffmpeg.communicate()


def test_a_file_plays_once_in_real_time() -> None:
    with closing(camera(short_footage(20))) as source:
        assert source.probe().formats == ()
        granted = source.open(Format(codec=Codec.H264, width=1920, height=1080, rate=60))
        assert granted == Format(codec=Codec.YUYV, width=768, height=576, rate=10)
        packets = take(source, 10)
        check_whole(packets, granted)
        assert spacing(packets)[1:] == pytest.approx([100.0] * 8, abs=40)
        assert "no more frames" in str(until_lost(source, 5.0))
        assert source.probe().formats == (granted,)


def test_the_picture_is_the_files() -> None:
    with closing(camera(short_footage(20))) as source:
        source.open(None)
        (packet,) = take(source, 1)
    rows = np.frombuffer(packet.data, np.uint8).reshape(packet.height, packet.width, 2)
    shown = cv2.cvtColor(rows, cv2.COLOR_YUV2BGR_YUY2).astype(int)
    capture = cv2.VideoCapture(str(short_footage(20)))
    frames = [capture.read()[1].astype(int) for _ in range(2)]
    capture.release()
    assert abs(shown - frames[1]).mean() < 4 < abs(shown.mean() - 250)


def test_a_stall_is_no_hang_and_the_stuck_call_is_waited_for_by_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opencv, "HANG_SECONDS", 0.2)
    with trickle(tmp_path / "pipe.ts") as stall:
        source = camera(tmp_path / "pipe.ts")
        source.open(None)
        take(source, 3)
        stall.set()
        deadline = time.monotonic() + 10
        while timed(lambda: source.read(0.3), 0.3) is not None:  # what was under way
            assert time.monotonic() < deadline
        timed(source.close, 0.5)
        with pytest.raises(CameraUnavailable, match="hangs"):
            timed(lambda: source.open(None), 0.5)
    deadline = time.monotonic() + 5
    while source._ending is not None and source._ending.alive:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_frames_that_do_not_advance_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stuck:
        """As some drivers are after an unplug: open, and always the same frame at the same time."""

        def __init__(self, _: object) -> None:
            self.frames = 0

        def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
            return True

        def set(self, *_: object) -> bool:
            return False

        def get(self, what: int) -> float:
            return {cv2.CAP_PROP_FPS: 30.0, cv2.CAP_PROP_POS_MSEC: 40.0 * min(self.frames, 5)}.get(what, 0.0)

        def read(self) -> tuple[bool, "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]"]:
            time.sleep(0.01)
            self.frames += 1
            return True, np.zeros((48, 64, 3), np.uint8)

        def release(self) -> None: ...

    monkeypatch.setattr(cv2, "VideoCapture", Stuck)
    with closing(camera("7")) as source:
        source.open(None)
        assert [packet.sequence for packet in take(source, 4)] == [0, 1, 2, 3]
        assert timed(lambda: source.read(0.3), 0.3) is None


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("", "a number, a path or a pipeline"),
        ("rtsp://joe:hunter2@h/x", "'network'"),
        ("/no/such/file.avi", "does not open"),
        ("97", "does not open"),
    ],
)
def test_what_cannot_be_opened(address: str, problem: str) -> None:
    with pytest.raises(CameraUnavailable, match=problem) as refused:
        camera(address).open(None)
    assert "hunter2" not in str(refused.value)
