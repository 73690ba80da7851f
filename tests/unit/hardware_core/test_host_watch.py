"""The host's control thread, its watchdog, and its way to the agent, in this process."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.recording import H264, MJPG, YUYV
from fakes.source import FakeSource

from hardware import host as host_module
from hardware.host import Host
from hardware.models import (
    CameraReport,
    CameraSpec,
    Configure,
    Greeting,
    KeepWarm,
    Ping,
    Pong,
    Report,
    Shutdown,
    SinkEnded,
    SinkProgress,
)
from hardware.reporter import LONGEST_QUEUE, Reporter
from hardware.watchdog import Patience
from hardware.wire import FrameBuffer, pack_message, parse_report


class Ear:
    """The agent's end of the socket."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end
        self.end.settimeout(10.0)
        self._frames = FrameBuffer()

    def reports(self) -> Iterator[Report]:
        while data := self.end.recv(65536):
            yield from map(parse_report, self._frames.feed(data))


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_driver_that_does_not_return_is_told_and_ends_the_host(
    ends: tuple[socket.socket, socket.socket], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = FakeSource(H264)
    monkeypatch.setattr(host_module, "create_source", lambda _: source)
    host = Host(ends[1], Patience(reading=3.0))
    status: list[int] = []
    thread = threading.Thread(target=lambda: status.append(host.run()), daemon=True)
    thread.start()
    ear = Ear(ends[0])
    spec = CameraSpec(camera_id="fake", name="Fake", backend="null")
    ear.end.sendall(pack_message(Configure(spec=spec, run_folder=str(tmp_path))) + pack_message(KeepWarm(on=True)))
    reports = ear.reports()
    assert isinstance(next(reports), Greeting)
    next(report for report in reports if isinstance(report, CameraReport) and report.state == "open")
    source.hang = 6.0
    stalled = next(report for report in reports if isinstance(report, CameraReport))
    assert stalled.state == "stalled"
    assert "does not return" in stalled.reason
    ear.end.sendall(pack_message(Ping(number=3)))
    pong = next(report for report in reports if isinstance(report, Pong))
    assert pong.resident_bytes > 10_000_000
    thread.join(5.0)
    assert status == [75]


def test_a_shutdown_ends_an_unconfigured_host(ends: tuple[socket.socket, socket.socket]) -> None:
    ends[0].sendall(pack_message(Shutdown()))
    assert Host(ends[1]).run() == 0


def progress(sink_id: str, frames: int) -> SinkProgress:
    return SinkProgress(sink_id=sink_id, seconds=0, frames=frames, size=0, dropped=0)


def ended(number: int) -> SinkEnded:
    return SinkEnded(sink_id=str(number), outcome="stopped", seconds=0, frames=0, dropped=0, message="x" * 1000)


def test_nothing_but_progress_is_dropped_for_a_slow_reader(ends: tuple[socket.socket, socket.socket]) -> None:
    reporter = Reporter(ends[1], lambda: None)
    for number in range(LONGEST_QUEUE // 2):
        reporter.put(ended(number))
        reporter.put(progress("a", number))
    assert not reporter.flush(0.05)
    taken: list[Report] = []
    for report in Ear(ends[0]).reports():
        taken.append(report)
        if report == progress("a", LONGEST_QUEUE // 2 - 1):
            break
    assert [report for report in taken if isinstance(report, SinkEnded)] == [
        ended(n) for n in range(LONGEST_QUEUE // 2)
    ]
    assert sum(isinstance(report, SinkProgress) for report in taken) < LONGEST_QUEUE // 2
    assert reporter.flush(1.0)


def test_an_agent_that_never_reads_is_given_up(ends: tuple[socket.socket, socket.socket]) -> None:
    lost = threading.Event()
    reporter = Reporter(ends[1], lost.set)
    for number in range(LONGEST_QUEUE * 2):
        reporter.put(ended(number))
    assert lost.wait(1.0)


def test_an_agent_that_is_gone_is_noticed(ends: tuple[socket.socket, socket.socket]) -> None:
    lost = threading.Event()
    reporter = Reporter(ends[1], lost.set)
    ends[0].close()
    reporter.put(ended(1))
    assert lost.wait(1.0)
    reporter.put(ended(2))
    assert reporter.flush(1.0)


@pytest.mark.parametrize("granted", [H264, MJPG, YUYV])
def test_the_scripted_camera_keeps_time(granted: object) -> None:
    source = FakeSource(granted)  # type: ignore[arg-type]
    source.open(None)
    began = time.monotonic_ns()
    packets = [source.read(1.0) for _ in range(10)]
    assert 0.1 < (time.monotonic_ns() - began) / 1e9 < 1.0
    assert [packet.sequence for packet in packets if packet] == list(range(10))
