"""HTTP cameras on loopback: pictures of a multipart stream, and a folder with an HLS stream that ffmpeg writes."""

import base64
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path
from typing import Self

from fakes.footage import mjpeg_footage
from fakes.programs import Program, free_port

from hardware.sources.elementary import LoopedFile
from hardware.sources.file import FOOTAGE

BOUNDARY = "cuelightframe"


def mjpeg_pictures(count: int = 20) -> list[bytes]:
    """JPEGs of 768x576."""
    file = LoopedFile(mjpeg_footage(), "pictures")
    try:
        return [file.next().data for _ in range(count)]
    finally:
        file.close()


class MjpegServer:
    """`with MjpegServer() as server`: pictures at `.url`, `rate` a second, as multipart/x-mixed-replace.

    With `user` it asks for that and `password` (basic). `certificate` (a PEM file with its key): over TLS. `stalled`:
    set it and connections stay silent. `kill` and `start` (same port) as of a program.
    """

    def __init__(
        self,
        rate: float = 25.0,
        *,
        user: str = "",
        password: str = "",
        lengths: bool = True,
        certificate: Path | None = None,
        pictures: list[bytes] | None = None,
    ) -> None:
        self.pictures = pictures or mjpeg_pictures()
        self.stalled = threading.Event()
        self.port = free_port()
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}/video"
        self.requests: list[str] = []
        self._rate = rate
        self._expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode() if user else ""
        self._lengths = lengths
        self._certificate = certificate
        self._server: ThreadingHTTPServer | None = None
        self._connections: list[socket.socket] = []

    def start(self) -> Self:
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                camera._serve(self)

            def log_message(self, *_: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a player that refuses the certificate
        if self._certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        self._server = server
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def kill(self) -> None:
        """Nobody listens any more, and all connections are cut."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._connections.clear()

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        self.requests.append(request.path)
        if self._expected and request.headers.get("Authorization") != self._expected:
            request.send_response(401)
            request.send_header("WWW-Authenticate", 'Basic realm="camera"')
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        self._connections.append(request.connection)
        request.send_response(200)
        request.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        request.end_headers()
        try:
            self._send(request)
        except (OSError, ValueError):
            return

    def _send(self, request: BaseHTTPRequestHandler) -> None:
        due = time.monotonic()
        for picture in cycle(self.pictures):
            while self.stalled.is_set():
                time.sleep(0.02)
            length = f"Content-Length: {len(picture)}\r\n" if self._lengths else ""
            head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\n{length}\r\n"
            request.wfile.write(head.encode() + picture + b"\r\n")
            due += 1 / self._rate
            time.sleep(max(0.0, due - time.monotonic()))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()


@contextlib.contextmanager
def endless_picture(pictures: list[bytes], length: bytes) -> Iterator[str]:
    """The address of a camera that sends `pictures`, then one that never ends, as fast as it is read.

    `length`: a header line in front of that one.
    """
    head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\n".encode()

    def serve(server: socket.socket) -> None:
        with contextlib.suppress(OSError), server.accept()[0] as player:
            player.recv(4096)
            kind = f"Content-Type: multipart/x-mixed-replace; boundary={BOUNDARY}"
            player.sendall(f"HTTP/1.1 200 OK\r\n{kind}\r\n\r\n".encode())
            for picture in pictures:
                player.sendall(head + b"\r\n" + picture + b"\r\n")
                time.sleep(0.04)
            player.sendall(head + length + b"\r\n\xff\xd8")
            while True:
                player.sendall(bytes(1 << 20))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/video"
        thread.join(10.0)


class HlsServer:
    """`with HlsServer(tmp_path) as server`: ffmpeg writes a live HLS stream of the footage, served at `.url`.

    `.writer` can be held, killed and started again.
    """

    def __init__(self, folder: Path, segment_seconds: int = 2, footage: Path = FOOTAGE, kind: str = "mpegts") -> None:
        self._folder = folder / "hls"
        self._folder.mkdir()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/live.m3u8"
        playlist = self._folder / "live.m3u8"
        source = ("-re", "-stream_loop", "-1", "-i", str(footage), "-an", "-c", "copy")
        shape = ("-f", "hls", "-hls_time", str(segment_seconds), "-hls_list_size", "4", "-hls_segment_type", kind)
        flags = ("-hls_flags", "delete_segments+append_list+discont_start", str(playlist))
        command = ("ffmpeg", "-nostdin", "-v", "error", *source, *shape, *flags)
        self.writer = Program(folder, "hls-writer", command, playlist.exists)
        self._server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        class Handler(SimpleHTTPRequestHandler):
            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), partial(Handler, directory=str(self._folder)))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.writer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.writer.kill()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
