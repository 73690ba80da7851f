"""TLS in front of a server that has none: `rtsps` and `rtmps` cameras."""

import contextlib
import socket
import ssl
import subprocess
import threading
from pathlib import Path
from typing import Self


def make_certificate(folder: Path) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, in one file; `cert.pem` beside it is without the key."""
    path, certificate = folder / "camera.pem", folder / "cert.pem"
    subject = ("-subj", "/CN=camera", "-addext", "subjectAltName=IP:127.0.0.1")
    made = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    command = ("openssl", "req", "-x509", *made, *subject, "-keyout", str(path), "-out", str(certificate))
    subprocess.run(command, check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + certificate.read_bytes())
    return path


class TlsFront:
    """`with TlsFront(certificate, port) as front`: connections to `.port` are decrypted and passed on to `port`."""

    def __init__(self, certificate: Path, port: int) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._behind = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                raw, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(raw,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        try:
            near = self._context.wrap_socket(raw, server_side=True)
        except OSError:  # the player does not trust the certificate
            raw.close()
            return
        far = socket.create_connection(("127.0.0.1", self._behind))
        self._open += [near, far]
        threading.Thread(target=_pump, args=(far, near), daemon=True).start()
        _pump(near, far)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_RDWR)
