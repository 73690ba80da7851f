"""Media files for tests, made from the bundled footage once per session, and a clock that sources can be driven by."""

import atexit
import functools
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av

from hardware.sources.file import FOOTAGE

_FOLDER = Path(tempfile.mkdtemp(prefix="cuelight-footage-"))
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)


class FakeClock:
    """Monotonic nanoseconds that only `sleep` moves; `slept` are the waits in seconds."""

    def __init__(self, start_ns: int = 5_000_000_000) -> None:
        self.now_ns = start_ns
        self.slept: list[float] = []

    def monotonic_ns(self) -> int:
        return self.now_ns

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_ns += round(seconds * 1e9)


@functools.cache
def mjpeg_footage(frames: int = 30) -> Path:
    """The first `frames` frames of the footage as MJPG in MP4, 768x576 at 10 per second; not to be changed."""
    path = _FOLDER / f"street-mjpeg-{frames}.mp4"
    with av.open(str(FOOTAGE)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = 768, 576, "yuvj420p"
        for number, frame in enumerate(source.decode(video=0)):
            if number == frames:
                break
            picture = frame.reformat(format="yuvj420p")
            picture.pict_type = 0
            target.mux(stream.encode(picture))
        target.mux(stream.encode(None))
    return path


@functools.cache
def short_footage(frames: int = 20) -> Path:
    """The first `frames` frames of the footage, not coded again: H.264 in MP4; the caller must not change it."""
    path = _FOLDER / f"street-{frames}.mp4"
    with av.open(str(path), "w") as target, _footage_packets(target) as packets:
        for packet, _ in zip(packets, range(frames), strict=False):
            target.mux(packet)
    return path


def make_fragmented(path: Path, frames: int = 50) -> Path:
    """The first `frames` frames as a fragmented MP4 with a fragment a second, as the recorder writes them."""
    options = {"movflags": "empty_moov+default_base_moof", "frag_duration": "1000000", "flush_packets": "1"}
    with av.open(str(path), "w", options=options) as target, _footage_packets(target) as packets:
        for packet, _ in zip(packets, range(frames), strict=False):
            target.mux(packet)
    return path


@contextmanager
def _footage_packets(target: av.container.OutputContainer) -> Iterator[Iterator["av.Packet[Any]"]]:
    with av.open(str(FOOTAGE)) as source:
        stream = target.add_stream_from_template(source.streams.video[0])

        def packets() -> Iterator["av.Packet[Any]"]:
            for packet in source.demux(video=0):
                if packet.size:
                    packet.stream = stream
                    yield packet

        yield packets()
