"""A link by HLS: segments and a playlist in a folder, from which others serve them."""

import contextlib
import shutil
from pathlib import Path

from hardware.errors import StreamUnsupported
from hardware.models import StreamOrder
from hardware.sinks.streams.link import LinkLost, Shape, Unit
from hardware.sinks.streams.muxing import add_stream, mux

PLAYLIST = "index.m3u8"
SEGMENT_SECONDS = 2
SEGMENTS = 6
"""In the playlist; what has left it is deleted soon after."""

_FLAGS = "delete_segments+temp_file+append_list+independent_segments+omit_endlist"


class PlaylistLink:
    """See `Link`. The playlist is always whole; a stream that connects again goes on in it, with a discontinuity."""

    def __init__(self, order: StreamOrder, shape: Shape) -> None:
        """Opens the playlist; the folder is made when it is not there. Raises LinkLost."""
        import av

        folder = Path(order.url)
        options = {
            "hls_time": str(SEGMENT_SECONDS),
            "hls_list_size": str(SEGMENTS),
            "hls_flags": _FLAGS,
            "hls_segment_filename": str(folder / "%d.ts"),
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._container = av.open(str(folder / PLAYLIST), "w", format="hls", options=options)
        except (av.FFmpegError, OSError) as error:
            raise LinkLost(f"no playlist can be written: {error.strerror}") from error
        self._stream = add_stream(self._container, shape.codec.value, shape.rate, shape.width, shape.height)
        self._sent = 0

    @property
    def has_room(self) -> bool:
        return True

    def send(self, unit: Unit) -> None:
        import av

        try:
            mux(self._container, self._stream, unit.data, unit.tick, key=unit.key)
        except (av.FFmpegError, OSError) as error:
            raise LinkLost(f"a segment cannot be written: {error.strerror}") from error
        self._sent += 1

    def sent(self) -> int:
        return self._sent

    def wait(self, seconds: float) -> None:
        """There is always room."""

    def close(self, seconds: float) -> int:  # noqa: ARG002 - a file is closed at once
        import av

        with contextlib.suppress(av.FFmpegError, OSError):
            self._container.close()
        return self._sent


def check_folder(order: StreamOrder) -> None:
    """Raises StreamUnsupported for a folder whose name FFmpeg would take for a pattern."""
    if "%" in order.url:
        raise StreamUnsupported(kind="hls", reason=f"no folder of its path may be named with a %: {order.url}")


def remove_playlist(order: StreamOrder) -> None:
    """The stream is over: whoever still watches is told so by its absence."""
    shutil.rmtree(order.url, ignore_errors=True)
