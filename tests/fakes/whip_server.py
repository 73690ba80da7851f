"""A real WHIP server on loopback: aiortc, in a process of its own, takes and decodes what is published."""

import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

from fakes.programs import Program, free_port, listens

_RECEIVER = Path(__file__).with_name("whip_receiver.py")
_OFFER, _PICTURE, _GOODBYE = "offer ", "picture", "goodbye"


class WhipServer(Program):
    """`with WhipServer(tmp_path, token) as server`: publish to `.url`. `kill` and `restart` as of a program."""

    def __init__(self, folder: Path, token: str = "") -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/whip/cam"
        command = (sys.executable, str(_RECEIVER), str(self.port), token)
        super().__init__(folder, "whip", command, lambda: listens(self.port))

    def saw(self, count: int, seconds: float = 10.0) -> bool:
        """Waits until so many pictures were decoded since the call."""
        wanted = self._told(_PICTURE) + count
        deadline = time.monotonic() + seconds
        while self._told(_PICTURE) < wanted and time.monotonic() < deadline:
            time.sleep(0.05)
        return self._told(_PICTURE) >= wanted

    @property
    def offers(self) -> list[str]:
        """The authorizations that came."""
        return [line.removeprefix(_OFFER) for line in self.log().splitlines() if line.startswith(_OFFER)]

    @property
    def goodbyes(self) -> int:
        """How many sessions were ended by their publisher."""
        return self._told(_GOODBYE)

    def _told(self, what: str) -> int:
        return self.log().splitlines().count(what)


class Redirecting:
    """A web server that sends everybody elsewhere, or in a circle. `seen`: the authorizations that came."""

    def __init__(self, elsewhere: str, *, same: bool) -> None:
        self.seen: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.seen.append(self.headers["Authorization"])
                self.send_response(307)
                self.send_header("Location", "/again" if same else elsewhere)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/whip"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
