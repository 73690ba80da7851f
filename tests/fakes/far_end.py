"""The far end of the network: takes reports of outcomes and keeps every one; may be rude on the way."""

import json
import random
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FarEnd:
    """An upstream on loopback. `rudeness` 0..1: how often it drops the connection before or after it took a report."""

    def __init__(self, seed: int, rudeness: float = 0.0) -> None:
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.rudeness = rudeness
        self.reports: dict[str, list[dict[str, Any]]] = defaultdict(list)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if outer.take(self.path, body):
                    answer = b'{"code": 0, "description": "1", "eventID": 1}'
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                else:
                    self.close_connection = True

            def do_GET(self) -> None:
                answer = b'{"Version": "1", "Product": "cuelight"}'
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *arguments: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, path: str, body: bytes) -> bool:
        """Keeps the report, or several; False when no answer is to be sent."""
        with self._lock:
            mood = self._random.random()
            if path not in ("/v1/event/record", "/v1/event/record/list") or mood < self.rudeness / 2:
                return False
            said = json.loads(body)
            for report in said if isinstance(said, list) else [said]:
                self.reports[report["eventUUID"]].append(report)
            return mood > self.rudeness

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
