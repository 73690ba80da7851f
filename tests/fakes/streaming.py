"""Orders for streams, and somebody who takes nothing."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

from hardware.models import StreamOrder


def make_stream_order(kind: str, url: str, sink_id: str = "stream", **changes: Any) -> StreamOrder:
    """An order of this moment; its label tells the kind only."""
    now = time.monotonic_ns()
    values: dict[str, Any] = {
        "sink_id": sink_id,
        "consumer": f"{sink_id}/1/0",
        "kind": kind,
        "url": url,
        "label": f"{kind} to somebody",
        "requested_mono_ns": now,
        "wall_offset_ns": time.time_ns() - now,
    }
    return StreamOrder(**values | changes)


@contextlib.contextmanager
def silent_server() -> Iterator[int]:
    """Takes connections and never says or reads anything."""
    kept = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            with contextlib.suppress(OSError):
                while True:
                    kept.append(server.accept()[0])

        threading.Thread(target=take, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    for connection in kept:
        connection.close()
