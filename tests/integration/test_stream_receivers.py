"""Streams to real receivers on loopback: played, interrupted, resumed; and what they must not do to a recording."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import av
import pytest
from fakes.filming import Film, stations
from fakes.programs import Program, free_port
from fakes.recording import H264, MJPG, Reports, check_clip, make_order
from fakes.rtmp_server import RtmpServer
from fakes.source import FakeSource
from fakes.streaming import make_stream_order, silent_server
from fakes.tls_front import TlsFront, make_certificate
from fakes.whip_server import Redirecting, WhipServer

from hardware.models import Codec, Format, Packet, SinkEnded, SinkProgress, StreamReport
from hardware.sinks.streams import srt, supervision
from hardware.sinks.streams.whip import Forwarder
from hardware.station import Station

KEY = "k3y-nobody-may-see"


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def film(tmp_path: Path, reports: Reports) -> Iterator[Film]:
    with stations(tmp_path, reports) as begin:
        yield begin


def live(reports: Reports) -> StreamReport:
    report: StreamReport = reports.wait_for(StreamReport, state="live")
    return report


def waiting(reports: Reports) -> StreamReport:
    report: StreamReport = reports.wait_for(StreamReport, state="waiting", timeout=15.0)
    return report


def ended(station: Station, reports: Reports) -> SinkEnded:
    station.stop_sink("stream")
    return reports.ended("stream")


def listening_ffmpeg(folder: Path, *source: str) -> Program:
    """ffmpeg as the far end: it takes one publisher, tells what it gets, and ends with it."""
    quick = ("-probesize", "32768", "-analyzeduration", "100000")
    command = (
        "ffmpeg",
        "-nostdin",
        "-hide_banner",
        "-v",
        "info",
        "-stats_period",
        "0.1",
        *quick,
        *source,
        "-c",
        "copy",
        "-f",
        "null",
        "-",
    )
    return Program(folder, "receiver", command, lambda: True)


def got(receiver: Program, seconds: float = 10.0) -> bool:
    """Whether the receiver has got pictures since it was started."""
    deadline = time.monotonic() + seconds
    before = receiver.log().count("frame=")
    while receiver.log().count("frame=") < before + 2:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_rtmp_is_played_interrupted_and_resumed(
    film: Film, reports: Reports, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with RtmpServer(tmp_path) as server:
        station = film(FakeSource(H264))
        station.start_sink(make_stream_order("rtmp", f"{server.url}/{KEY}"))
        assert not reports.started("stream").granted.encoded
        assert server.streams(KEY)
        server.kill()
        lost = waiting(reports)
        server.restart()
        again = live(reports)
        assert again.attempts > lost.attempts == 1
        assert again.dropped > 0
        assert server.streams(KEY)
        end = ended(station, reports)
    assert end.outcome == "stopped"
    assert end.frames > 0
    assert KEY not in caplog.text + "".join(report.model_dump_json() for report in reports.seen)
    assert sum("it is tried again" in record.message for record in caplog.records if record.levelname == "WARNING") == 1


def test_a_name_that_somebody_else_publishes_is_expected_and_retried(
    film: Film, reports: Reports, tmp_path: Path
) -> None:
    with RtmpServer(tmp_path) as server:
        first = film(FakeSource(H264))
        first.start_sink(make_stream_order("rtmp", f"{server.url}/{KEY}", sink_id="first"))
        reports.started("first")
        first.start_sink(make_stream_order("rtmp", f"{server.url}/{KEY}"))
        refused = reports.wait_for(StreamReport, sink_id="stream", state="waiting")
        assert refused.reason == "the server still holds the name for an earlier connection; it is tried again"
        first.stop_sink("first")
        reports.ended("first")
        reports.wait_for(StreamReport, sink_id="stream", state="live")


def test_rtsp_is_recorded_interrupted_and_resumed(film: Film, reports: Reports, tmp_path: Path) -> None:
    url = f"rtsp://127.0.0.1:{free_port()}/{KEY}"
    with listening_ffmpeg(tmp_path, "-rtsp_flags", "listen", "-i", url) as receiver:
        station = film(FakeSource(H264))
        station.start_sink(make_stream_order("rtsp", url))
        reports.started("stream")
        assert got(receiver)
        receiver.kill()
        assert KEY not in waiting(reports).reason
        receiver.restart()
        live(reports)
        assert got(receiver)
        assert ended(station, reports).outcome == "stopped"


def test_srt_is_played_interrupted_and_resumed_and_shows_no_secret(
    film: Film, reports: Reports, tmp_path: Path
) -> None:
    port, passphrase = free_port(), "passphrase-nobody-may-see"
    listener = f"srt://127.0.0.1:{port}?mode=listener&passphrase={passphrase}"
    with listening_ffmpeg(tmp_path, "-i", listener) as receiver:
        station = film(FakeSource(H264))
        url = f"srt://127.0.0.1:{port}?streamid=publish:cam:me:{KEY}&passphrase={passphrase}"
        station.start_sink(make_stream_order("srt", url))
        reports.started("stream")
        assert got(receiver)
        (sender,) = (line for line in command_lines() if "pipe:0" in line and str(port) in line)
        assert f"srt://127.0.0.1:{port}" in sender
        assert KEY not in sender
        assert passphrase not in sender
        receiver.kill()
        waiting(reports)
        receiver.restart()
        live(reports)
        assert got(receiver)
        assert ended(station, reports).outcome == "stopped"


def test_srt_without_the_program_is_a_clear_error(
    film: Film, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(srt, "PROGRAM", "ffmpeg-that-is-not-there")
    film(FakeSource(H264)).start_sink(make_stream_order("srt", "srt://127.0.0.1:9"))
    end = reports.ended("stream")
    assert (end.outcome, end.error) == ("failed", "stream_unsupported")
    assert "install the Debian package `ffmpeg`" in end.message


def test_whip_is_decoded_interrupted_and_resumed(film: Film, reports: Reports, tmp_path: Path) -> None:
    with WhipServer(tmp_path, KEY) as server:
        station = film(FakeSource(H264))
        station.start_sink(make_stream_order("whip", server.url, token=KEY))
        reports.started("stream")
        assert server.saw(20)
        server.kill()
        assert KEY not in waiting(reports).reason
        server.restart()
        live(reports)
        assert server.saw(20)
        assert ended(station, reports).outcome == "stopped"
        assert server.goodbyes == 1, "the session is deleted at the end"
        assert set(server.offers) == {f"Bearer {KEY}"}


def test_whip_with_a_wrong_token_says_what_the_server_said(film: Film, reports: Reports, tmp_path: Path) -> None:
    with WhipServer(tmp_path, KEY) as server:
        film(FakeSource(H264)).start_sink(make_stream_order("whip", server.url, token="wrong-t0ken"))
        assert waiting(reports).reason == "the server answered 401 Unauthorized"


@pytest.mark.parametrize("same", [True, False])
def test_a_whip_token_goes_to_no_other_server(same: bool, tmp_path: Path) -> None:
    with WhipServer(tmp_path, KEY) as elsewhere, Redirecting(elsewhere.url, same=same) as first:
        forwarder = Forwarder(first.url, KEY)
        try:
            status, _, _ = forwarder.forward("POST", urlsplit(forwarder.url).path, b"v=0")
        finally:
            forwarder.close()
        assert status == 502
        assert elsewhere.offers == []
        assert first.seen == ([f"Bearer {KEY}"] * 3 if same else [f"Bearer {KEY}"])
        assert forwarder.failure == "the server answered 307 Temporary Redirect"


def test_udp_is_played_by_whoever_comes_and_goes(film: Film, reports: Reports) -> None:
    port = free_port()
    station = film(FakeSource(H264))
    station.start_sink(make_stream_order("udp", f"udp://127.0.0.1:{port}"))
    reports.started("stream")
    for _ in range(2):
        with av.open(f"udp://127.0.0.1:{port}?timeout=5000000", format="mpegts", timeout=8.0) as receiver:
            pictures = [frame for frame, _ in zip(receiver.decode(video=0), range(15), strict=False)]
        assert (pictures[-1].width, pictures[-1].height) == (320, 240)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bare:
        bare.bind(("127.0.0.1", port))
        bare.settimeout(5.0)
        assert max(len(bare.recv(65536)) for _ in range(20)) <= 1316
    assert ended(station, reports).dropped == 0


class SparingSource(FakeSource):
    """Sends its parameter sets `times` times, and never again."""

    def __init__(self, times: int) -> None:
        super().__init__(H264)
        self._times = times

    def read(self, timeout: float) -> Packet | None:
        packet = super().read(timeout)
        if packet is None or not packet.key:
            return packet
        self._times -= 1
        return packet if self._times >= 0 else replace(packet, data=packet.data[packet.data.index(b"\0\0\1\x65") :])


def test_parameter_sets_that_came_once_are_sent_with_each_key_frame(film: Film, reports: Reports) -> None:
    port = free_port()
    film(SparingSource(1)).start_sink(make_stream_order("udp", f"udp://127.0.0.1:{port}"))
    reports.started("stream")
    time.sleep(0.5)
    with av.open(f"udp://127.0.0.1:{port}?timeout=5000000", format="mpegts", timeout=8.0) as receiver:
        assert next(receiver.decode(video=0)).width == 320


def test_a_camera_that_never_sends_parameter_sets_is_told(film: Film, reports: Reports) -> None:
    film(SparingSource(0)).start_sink(make_stream_order("udp", f"udp://127.0.0.1:{free_port()}"))
    assert "without parameter sets" in waiting(reports).reason


def test_hls_is_a_whole_playlist_at_any_time_and_gone_at_the_end(film: Film, reports: Reports, tmp_path: Path) -> None:
    folder = tmp_path / "hls" / "main" / "door"
    source = FakeSource(H264, Format(codec=H264.codec, width=640, height=480, rate=50))
    station = film(source)
    station.start_sink(make_stream_order("hls", str(folder)))
    reports.started("stream")
    playlist = folder / "index.m3u8"
    until(playlist.exists)
    assert playlist.read_text().startswith("#EXTM3U")
    first = (folder / "0.ts").read_bytes()
    assert len(decoded(folder / "0.ts")) == pytest.approx(100, abs=10)  # 2 s of 50 a second
    source.lost = True
    time.sleep(0.3)
    source.lost = False
    until(lambda: (folder / "1.ts").exists() and playlist.read_text().count("#EXTINF") > 1)
    until(
        lambda: any(decoded(path)[0].width == 640 for path in folder.glob("*.ts") if path.stem in playlist.read_text())
    )
    assert (folder / "0.ts").read_bytes() == first
    assert "#EXT-X-DISCONTINUITY" in playlist.read_text()
    ended(station, reports)
    assert not folder.exists()


def test_a_receiver_that_takes_nothing_more_is_left_and_the_recording_beside_it_loses_nothing(
    film: Film, reports: Reports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "CONNECT_TIMEOUT", 1.0)
    with silent_server() as port:
        station = film(FakeSource(H264))
        station.start_sink(make_order(tmp_path, duration_seconds=4.0))
        reports.started("one")
        station.start_sink(make_stream_order("rtmp", f"rtmp://127.0.0.1:{port}/live/{KEY}"))
        assert waiting(reports).reason == "no connection within 1 s"
        end = reports.ended("one")
    (clip,) = reports.clips("one")
    assert (end.dropped, clip.frames) == (0, 200)
    check_clip(tmp_path, clip)


class FatSource(FakeSource):
    """Its pictures carry 100 kB that decoders pass over: no network takes that for long without a reader."""

    def read(self, timeout: float) -> Packet | None:
        packet = super().read(timeout)
        return replace(packet, data=packet.data + b"\0\0\1\x0c" + b"\xff" * 100_000) if packet else None


def test_a_receiver_that_stops_reading_is_noticed_and_left(
    film: Film, reports: Reports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "STALL_TIMEOUT", 1.0)
    with RtmpServer(tmp_path) as server:
        station = film(FatSource(H264))
        station.start_sink(make_stream_order("rtmp", f"{server.url}/{KEY}"))
        reports.started("stream")
        station.start_sink(make_order(tmp_path, duration_seconds=4.0))
        server.pause()
        try:
            stalled = waiting(reports)
        finally:
            server.resume()
        assert stalled.reason == "nothing went through for 1 s"
        again = live(reports)
        assert again.dropped > 0
        assert reports.ended("one").dropped == 0


@pytest.mark.parametrize("kind", ["rtmp", "whip"])
def test_a_certificate_that_nobody_vouches_for_gets_nothing(
    kind: str, film: Film, reports: Reports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        RtmpServer(tmp_path) as rtmp,
        WhipServer(tmp_path, KEY) as whip,
        TlsFront(make_certificate(tmp_path), rtmp.port if kind == "rtmp" else whip.port) as front,
    ):
        station = film(FakeSource(H264))
        place = f"127.0.0.1:{front.port}"
        url = f"rtmps://{place}/live/{KEY}" if kind == "rtmp" else f"https://{place}/whip/cam"
        station.start_sink(make_stream_order(kind, url, token=KEY if kind == "whip" else ""))
        refused = waiting(reports).reason
        assert whip.offers == []
        assert rtmp.streams(KEY, seconds=0.5) is False
        assert kind == "rtmp" or "certificate verify failed" in refused
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        live(reports)
        ended(station, reports)


def test_a_duration_counts_from_the_first_picture_that_went_through(
    film: Film, reports: Reports, tmp_path: Path
) -> None:
    with RtmpServer(tmp_path) as server:
        film(FakeSource(MJPG)).start_sink(make_stream_order("rtmp", f"{server.url}/cam", duration_seconds=1.0))
        granted = reports.started("stream").granted
        assert (granted.codec, granted.encoded) == (Codec.H264, True)
        end = reports.ended("stream")
    assert (end.outcome, end.dropped) == ("duration", 0)
    assert end.seconds == pytest.approx(0.98, abs=0.03)
    assert end.frames == pytest.approx(50, abs=1)


def test_a_stream_tells_its_figures_each_second(film: Film, reports: Reports) -> None:
    station = film(FakeSource(H264))
    station.start_sink(make_stream_order("udp", f"udp://127.0.0.1:{free_port()}"))
    live(reports)
    told = live(reports)
    progress: Any = reports.wait_for(SinkProgress, sink_id="stream")
    assert progress.frames == pytest.approx(50, abs=15)
    assert told.bitrate == pytest.approx(8 * progress.size, rel=0.3)
    assert ended(station, reports).frames >= progress.frames


def decoded(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def until(look: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def command_lines() -> list[str]:
    shown = subprocess.run(["ps", "-eo", "args", "-ww"], capture_output=True, text=True, check=True)
    return shown.stdout.splitlines()
