"""Streams that would go wrong over and over: names that there are not, cameras that change, hosts that are gone."""

import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fakes.filming import Film, stations
from fakes.programs import free_port
from fakes.recording import H264, Reports
from fakes.source import FakeSource, coded_pictures
from fakes.streaming import make_stream_order, silent_server

from hardware.launch import child_environment, module_command
from hardware.models import Packet, StreamReport
from hardware.sinks.streams.datagrams import DATAGRAM
from hardware.sinks.streams.publish import HEADER, MODULE, Target
from hardware.sinks.streams.whip import Forwarder


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def film(tmp_path: Path, reports: Reports) -> Iterator[Film]:
    with stations(tmp_path, reports) as begin:
        yield begin


def report(reports: Reports, state: str) -> StreamReport:
    told: StreamReport = reports.wait_for(StreamReport, state=state)
    return told


class FickleSource(FakeSource):
    """Every second key frame has one parameter set more."""

    def read(self, timeout: float) -> Packet | None:
        packet = super().read(timeout)
        more = packet is not None and packet.key and packet.sequence // 10 % 2
        return replace(packet, data=b"\0\0\1\x68more" + packet.data) if packet is not None and more else packet


def test_a_camera_whose_stream_changes_with_each_key_frame_is_no_storm_of_connections(
    film: Film, reports: Reports
) -> None:
    station = film(FickleSource(H264))
    station.start_sink(make_stream_order("udp", f"udp://127.0.0.1:{free_port()}"))
    report(reports, "live")
    assert "another form" in report(reports, "waiting").reason
    again = report(reports, "live")
    assert again.attempts == 3, "the first change is followed at once"
    station.stop_sink("stream")


def test_a_name_that_no_network_can_have_is_no_mistake_of_the_host(film: Film, reports: Reports) -> None:
    station = film(FakeSource(H264))
    station.start_sink(make_stream_order("udp", f"udp://{'a' * 64}:5004"))
    assert report(reports, "waiting").reason.startswith("no way to the receiver")
    station.stop_sink("stream")
    assert reports.ended("stream").outcome == "stopped"
    forwarder = Forwarder("https://a..b/whip", "")
    status, _, _ = forwarder.forward("POST", urlsplit(forwarder.url).path, b"offer")
    forwarder.close()
    assert (status, forwarder.failure.partition(":")[0]) == (502, "no answer from the server")


def test_a_name_server_that_does_not_answer_keeps_no_stream_from_its_end(
    film: Film, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, ask = threading.Event(), socket.getaddrinfo

    def slow(host: str, port: int, **wanted: Any) -> Any:
        if wanted["flags"] != socket.AI_NUMERICHOST:
            answers.wait(10.0)
            host = "127.0.0.1"
        return ask(host, port, **wanted)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5.0)
        order = make_stream_order("udp", f"udp://receiver.example:{receiver.getsockname()[1]}")
        station = film(FakeSource(H264))
        station.start_sink(order)
        time.sleep(0.5)
        began = time.monotonic()
        station.stop_sink("stream")
        ended = reports.ended("stream")
        assert time.monotonic() - began < 1.0
        assert (ended.outcome, ended.frames) == ("stopped", 0)
        station.start_sink(order)
        time.sleep(0.3)
        answers.set()
        report(reports, "live")
        assert len(receiver.recv(2048)) == DATAGRAM
        station.stop_sink("stream")


def test_a_publisher_whose_host_ended_before_it_had_begun_ends_too() -> None:
    (data, _), *_ = coded_pictures(H264.codec, 320, 240, count=2)
    reading, writing = os.pipe()
    os.close(reading)
    with silent_server() as port:
        target = Target("rtmp", f"rtmp://127.0.0.1:{port}/live/key", "h264", 30.0, "")
        publisher = subprocess.Popen(
            module_command(MODULE), stdin=subprocess.PIPE, stdout=writing, env=child_environment()
        )
        with publisher:
            os.close(writing)
            assert publisher.stdin is not None
            publisher.stdin.write(target.line() + HEADER.pack(True, 0, len(data)) + data)
            publisher.stdin.flush()
            try:
                assert publisher.wait(5.0) == 0
            finally:
                publisher.kill()
