"""Cameras behind a network, by real servers on loopback: played, held, cut off, there again."""

import contextlib
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import av
import numpy as np
import pytest
from fakes.http_camera import HlsServer, MjpegServer, endless_picture, mjpeg_pictures
from fakes.rtmp_server import Publisher, RtmpServer
from fakes.rtsp_server import H264, HEVC, MJPEG, RtspServer
from fakes.source import coded_pictures
from fakes.tls_front import TlsFront, make_certificate
from fakes.watching import check_whole, closing, open_again, spacing, take, timed, until_lost

from hardware.errors import CameraUnavailable, FormatUnsupported
from hardware.models import CameraSpec, Codec, Format
from hardware.sources.network import NetworkSource

PASSWORD = "p/w@ä:1?"

FILM_AND_MEASURE = """
import re, sys
from pathlib import Path
from hardware.errors import CameraUnavailable
from hardware.models import CameraSpec
from hardware.sources.network import NetworkSource
import hardware.sources.net.connection

def most():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) >> 10

before = most()
source = NetworkSource(CameraSpec(camera_id="gate", name="Gate", backend="network", address=sys.argv[1]))
try:
    source.open(None)
    while True:
        source.read(5.0)
except CameraUnavailable as error:
    print(error, most() - before)
"""


def camera(address: str, user: str = "", secret: str = "", **options: str) -> NetworkSource:
    return NetworkSource(
        CameraSpec(
            camera_id="gate",
            name="Gate",
            backend="network",
            address=address,
            user=user,
            secret=secret,
            options=options,
        )
    )


@pytest.mark.parametrize(
    ("launch", "codec", "transport"),
    [(H264, Codec.H264, "tcp"), (H264, Codec.H264, "udp"), (HEVC, Codec.HEVC, "tcp"), (MJPEG, Codec.MJPEG, "tcp")],
)
def test_rtsp(tmp_path: Path, launch: str, codec: Codec, transport: str) -> None:
    with RtspServer(tmp_path, launch) as server, closing(camera(server.url, transport=transport)) as source:
        assert source.probe().formats == ()
        granted = source.open(Format(codec=Codec.H264, width=1920, height=1080, rate=60))
        assert granted == Format(codec=codec, width=320, height=240, rate=25)
        packets = take(source, 30)
        assert source.probe().formats == (granted,)
    check_whole(packets, granted)
    assert spacing(packets) == pytest.approx([40.0] * 29, abs=1.5)
    assert [packet.sequence for packet in packets] == list(range(30))


def test_rtsp_cut_off_and_there_again(tmp_path: Path) -> None:
    with RtspServer(tmp_path) as server, closing(camera(server.url)) as source:
        source.open(None)
        take(source, 5)
        server.kill()
        assert isinstance(until_lost(source, 5.0), CameraUnavailable)
        with pytest.raises(CameraUnavailable, match="refused"):
            timed(lambda: source.open(None), 1.0)
        server.restart()
        granted = open_again(source)
        check_whole(take(source, 12), granted)


def test_rtsp_that_falls_silent(tmp_path: Path) -> None:
    with RtspServer(tmp_path) as server, closing(camera(server.url)) as source:
        source.open(None)
        take(source, 5)
        server.pause()
        assert "stopped sending" in str(until_lost(source, 6.0))
        server.resume()
        take_again = open_again(source)
        check_whole(take(source, 5), take_again)
        server.pause()
        timed(source.close, 0.5)  # also while nothing comes


def test_rtsp_with_a_password(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    with RtspServer(tmp_path, user="joe", password=PASSWORD) as server:
        with closing(camera(server.url, "joe", PASSWORD)) as source:
            source.open(None)
            take(source, 3)
            told = source.probe().model_dump_json()
        wrong = camera(server.url, "joe", "sesame-" + PASSWORD)
        with pytest.raises(CameraUnavailable, match="cuelight camera secret") as refused:
            wrong.open(None)
    for text in (told, str(refused.value), repr(refused.value.__cause__), caplog.text, *capfd.readouterr()):
        assert "p/w" not in text
        assert "p%2Fw" not in text


def test_rtmp(tmp_path: Path) -> None:
    with (
        RtmpServer(tmp_path) as server,
        Publisher(tmp_path, f"{server.url}/streamkey") as publisher,
        closing(camera(f"{server.url}/{{secret}}", secret="streamkey")) as source,
    ):
        granted = source.open(None)
        assert granted == Format(codec=Codec.H264, width=768, height=576, rate=10)
        packets = take(source, 25)
        check_whole(packets, granted)
        assert spacing(packets) == pytest.approx([100.0] * 24, abs=40)
        assert sum(spacing(packets)) == pytest.approx(2400.0, abs=60)
        publisher.kill()
        assert isinstance(until_lost(source, 6.0), CameraUnavailable)
        publisher.restart()
        assert open_again(source) == granted
        check_whole(take(source, 3), granted)
        server.kill()
        gone = until_lost(source, 6.0)
        with pytest.raises(CameraUnavailable, match="refused") as refused:
            source.open(None)
    assert "streamkey" not in f"{gone} {refused.value} {source.probe()}"


def test_http_mjpeg(tmp_path: Path) -> None:
    with MjpegServer(user="joe", password=PASSWORD) as server, closing(camera(server.url, "joe", PASSWORD)) as source:
        granted = source.open(None)
        assert granted == Format(codec=Codec.MJPEG, width=768, height=576, rate=25)
        packets = take(source, 10)
        assert [packet.data for packet in packets] == server.pictures[:10]
        server.stalled.set()
        assert isinstance(until_lost(source, 6.0), CameraUnavailable)
        server.stalled.clear()
        assert open_again(source) == granted
        server.kill()
        assert isinstance(until_lost(source, 6.0), CameraUnavailable)
        server.start()
        assert open_again(source) == granted
        check_whole(take(source, 3), granted)


def test_broken_pictures_are_gaps_and_another_size_is_another_open() -> None:
    good = MjpegServer().pictures[0]
    (small, _), *_ = coded_pictures(Codec.MJPEG, 64, 48, count=1)
    pictures = [good] * 45 + [good[: len(good) // 2]] + [good] * 3 + [small] * 5
    with MjpegServer(pictures=pictures, rate=50) as server, closing(camera(server.url)) as source:
        source.open(None)
        packets = take(source, 48)
        assert [packet.sequence for packet in packets] == [*range(45), 46, 47, 48]
        assert "64x48" in str(until_lost(source, 2.0))


@pytest.mark.parametrize("side", [b"\xff\xff", b"\x40\x00"])
def test_pictures_that_would_take_the_memory_are_refused(side: bytes) -> None:
    picture = mjpeg_pictures(1)[0]
    size = picture.index(b"\xff\xc0") + 5
    giant = picture[:size] + side + side + picture[size + 4 :]
    with (
        MjpegServer(pictures=[giant]) as server,
        closing(camera(server.url)) as source,
        pytest.raises(CameraUnavailable, match="are too large"),
    ):
        source.open(None)


def test_a_camera_that_hangs_up_is_not_said_to_have_a_bad_certificate() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with server.accept()[0] as player:
                player.recv(4096)
                kind = b"Content-Type: multipart/x-mixed-replace; boundary=a"
                player.sendall(
                    b"HTTP/1.1 200 OK\r\n" + kind + b"\r\n\r\n--a\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8"
                )

        threading.Thread(target=serve, daemon=True).start()
        with closing(camera(f"http://127.0.0.1:{server.getsockname()[1]}/video")) as source:
            with pytest.raises(CameraUnavailable) as refused:
                source.open(None)
            assert "certificate" not in str(refused.value)


def test_a_camera_may_tell_its_name_in_any_encoding(tmp_path: Path) -> None:
    """In the description of an RTSP stream."""
    with RtspServer(tmp_path) as server, socket.create_server(("127.0.0.1", 0)) as front:
        behind = urlsplit(server.url).port
        assert behind

        def serve() -> None:
            near, far = front.accept()[0], socket.create_connection(("127.0.0.1", behind))
            threading.Thread(target=pass_on, args=(near, far), daemon=True).start()
            pass_on(far, near)

        threading.Thread(target=serve, daemon=True).start()
        with closing(camera(server.url.replace(str(behind), str(front.getsockname()[1])))) as source:
            source.open(None)
            take(source, 3)


def pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError), source, target:
        while data := source.recv(1 << 16):
            target.sendall(data.replace(b"Session streamed", "Kaméra Haustüre ".encode("latin-1")))


def test_https_is_checked(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    with MjpegServer(certificate=certificate) as server:
        with pytest.raises(CameraUnavailable, match="ca_file"):
            camera(server.url).open(None)
        other_name = server.url.replace("127.0.0.1", "localhost")
        with pytest.raises(CameraUnavailable, match="certificate"):
            camera(other_name, ca_file=str(tmp_path / "cert.pem")).open(None)
        for options in ({"ca_file": str(tmp_path / "cert.pem")}, {"verify": "no"}):
            with closing(camera(server.url, **options)) as source:
                assert source.open(None).codec is Codec.MJPEG


@pytest.mark.parametrize("scheme", ["rtsps", "rtmps"])
def test_streams_under_tls(tmp_path: Path, scheme: str) -> None:
    certificate = make_certificate(tmp_path)
    with ExitStack() as stack:
        if scheme == "rtsps":
            server: RtspServer | RtmpServer = stack.enter_context(RtspServer(tmp_path))
            path = "cam"
        else:
            server = stack.enter_context(RtmpServer(tmp_path))
            path = "live/gate"
            stack.enter_context(Publisher(tmp_path, f"{server.url}/gate"))
        front = stack.enter_context(TlsFront(certificate, server.port))
        address = f"{scheme}://127.0.0.1:{front.port}/{path}"
        with pytest.raises(CameraUnavailable, match="certificate"):
            camera(address).open(None)
        source = stack.enter_context(closing(camera(address, ca_file=str(tmp_path / "cert.pem"))))
        granted = source.open(None)
        check_whole(take(source, 5), granted)


@pytest.mark.parametrize("kind", ["mpegts", "fmp4"])
def test_hls(tmp_path: Path, kind: str) -> None:
    with HlsServer(tmp_path, kind=kind) as server, closing(camera(server.url)) as source:
        granted = open_again(source)
        assert granted == Format(codec=Codec.H264, width=768, height=576, rate=10)
        packets = take(source, 30)
        server.writer.kill()
        for _ in range(3):
            timed(lambda: source.read(0.5), 0.5)
        check_whole(packets, granted)
        late = [apart for apart in spacing(packets) if apart != pytest.approx(100.0, abs=30)]
        assert len(late) <= 3  # only where the next piece came later than the one before
        assert max(spacing(packets)) < 1500


def test_b_frames_are_refused(tmp_path: Path) -> None:
    film = tmp_path / "b.mp4"
    with av.open(str(film), "w") as target:
        stream = target.add_stream("libx264", rate=10, options={"bf": "2", "x264-params": "b-adapt=0:keyint=10"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for shade in range(40):
            target.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((96, 64), shade * 6, np.uint8), "yuv420p")))
        target.mux(stream.encode(None))
    with (
        RtmpServer(tmp_path) as server,
        Publisher(tmp_path, f"{server.url}/b", footage=film),
        pytest.raises(FormatUnsupported, match="B-frames"),
    ):
        camera(f"{server.url}/b").open(None)


@pytest.mark.parametrize("scheme", ["rtsp", "rtmp", "http"])
def test_a_server_of_another_kind(scheme: str) -> None:
    with MjpegServer(user="joe") as server, pytest.raises(CameraUnavailable):
        timed(lambda: camera(f"{scheme}://127.0.0.1:{server.port}/x").open(None), 9.0)


def test_a_playlist_reads_no_files(tmp_path: Path) -> None:
    with HlsServer(tmp_path) as server:
        server.writer.kill()
        (tmp_path / "hls" / "live.m3u8").write_text(
            "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
        )
        with pytest.raises(CameraUnavailable):
            timed(lambda: camera(server.url).open(None), 9.0)


@pytest.mark.parametrize("good", [0, 40], ids=["first", "later"])
@pytest.mark.parametrize("length", [b"", b"Content-Length: 2000000000\r\n"], ids=["no length", "a length"])
def test_a_picture_without_end_is_given_up(good: int, length: bytes) -> None:
    with endless_picture(mjpeg_pictures(1) * good, length) as url:
        told = subprocess.run(
            [sys.executable, "-c", FILM_AND_MEASURE, url], check=True, capture_output=True, text=True, timeout=30
        ).stdout
    reason, grown = told.strip().rsplit(" ", 1)
    assert "more than 16 MiB" in reason
    assert int(grown) < 200, "MiB"
