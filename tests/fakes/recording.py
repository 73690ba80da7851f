"""Orders for recordings, and what became of them."""

import hashlib
import json
import queue
import time
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from hardware.models import (
    CameraReport,
    ClipFile,
    Codec,
    Format,
    Packet,
    PhotoFile,
    PhotoOrder,
    PhotoTaken,
    RecordingOrder,
    Refusal,
    Report,
    SegmentClosed,
    SinkEnded,
    SinkStarted,
)

H264 = Format(codec=Codec.H264, width=320, height=240, rate=50)
MJPG = Format(codec=Codec.MJPEG, width=320, height=240, rate=50)
YUYV = Format(codec=Codec.YUYV, width=320, height=240, rate=50)

ORDER_BASICS = {
    "sink_id", "consumer", "folder", "stem", "requested_mono_ns", "wall_offset_ns", "clock_quality", "context",
}  # fmt: skip


def make_order(folder: Path, sink_id: str = "one", **changes: Any) -> RecordingOrder:
    """An order of this moment, with a stem named like the sink."""
    now = time.monotonic_ns()
    values: dict[str, Any] = {
        "sink_id": sink_id,
        "consumer": f"{sink_id}/1/0",
        "folder": str(folder),
        "stem": sink_id,
        "requested_mono_ns": now,
        "wall_offset_ns": time.time_ns() - now,
        "clock_quality": "synchronised",
        "context": {"event": "e1"},
    }
    return RecordingOrder(**values | changes)


def make_photo_order(folder: Path, sink_id: str = "photo", **changes: Any) -> PhotoOrder:
    """An order of this moment, with a stem named like the sink."""
    order = make_order(folder, sink_id)
    values = {name: getattr(order, name) for name in PhotoOrder.model_fields if name in ORDER_BASICS}
    return PhotoOrder(**values | changes)


def make_packet(number: int, *, key: bool = False, size: int = 100, rate: float = 10.0, at_ns: int = 0) -> Packet:
    """Packet `number` of a stream; its bytes are no picture."""
    return Packet(b"x" * size, Codec.H264, 320, 240, at_ns + round(number * 1e9 / rate), number, key)


def check_photo(folder: Path, photo: PhotoFile) -> "np.ndarray[Any, np.dtype[np.uint8]]":
    """The photo is what its sidecar says: size, hash, pixels. Answers the picture as BGR."""
    path = folder / photo.file
    assert PhotoFile.model_validate_json((folder / f"{photo.file}.json").read_bytes()) == photo
    data = path.read_bytes()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (photo.size, photo.sha256)
    assert data.startswith(b"\x89PNG" if photo.encoding == "png" else b"\xff\xd8")
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert decoded.shape == (photo.height, photo.width, 3)
    return np.asarray(decoded, np.uint8)


def decode(path: Path) -> list[av.VideoFrame]:
    """Every frame of a clip; fails when one does not decode."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    assert not any(frame.is_corrupt for frame in frames)
    return frames


def check_clip(folder: Path, clip: ClipFile) -> list[av.VideoFrame]:
    """The clip is what its sidecar says: size, hash, frames, length. Answers its decoded frames."""
    path = folder / clip.file
    sidecar = ClipFile.model_validate(json.loads((folder / f"{clip.file}.json").read_text()))
    assert sidecar == clip
    assert clip.closed
    assert path.stat().st_size == clip.size
    assert hashlib.sha256(path.read_bytes()).hexdigest() == clip.sha256
    frames = decode(path)
    assert len(frames) == clip.frames
    times = [frame.pts or 0 for frame in frames]
    assert times == sorted(set(times))
    return frames


class Reports:
    """Takes a host's reports in its threads; the test waits for the one it needs."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Report] = queue.Queue()
        self.seen: list[Report] = []
        self.pictures: queue.Queue[tuple[str, int, bytes]] = queue.Queue()

    def put(self, report: Report) -> None:
        self._queue.put(report)

    def put_picture(self, sink_id: str, mono_ns: int, jpeg: bytes) -> None:
        self.pictures.put((sink_id, mono_ns, jpeg))

    def wait_for(self, kind: type, timeout: float = 10.0, **fields: object) -> Any:
        deadline = time.monotonic() + timeout
        while True:
            report = self._queue.get(timeout=max(0.001, deadline - time.monotonic()))
            self.seen.append(report)
            if isinstance(report, kind) and all(getattr(report, name) == value for name, value in fields.items()):
                return report

    def camera(self, state: str, timeout: float = 10.0) -> CameraReport:
        report: CameraReport = self.wait_for(CameraReport, timeout, state=state)
        return report

    def started(self, sink_id: str = "one") -> SinkStarted:
        report: SinkStarted = self.wait_for(SinkStarted, sink_id=sink_id)
        return report

    def ended(self, sink_id: str = "one") -> SinkEnded:
        for seen in self.seen:
            if isinstance(seen, SinkEnded) and seen.sink_id == sink_id:
                return seen
        report: SinkEnded = self.wait_for(SinkEnded, sink_id=sink_id)
        return report

    def photo(self, sink_id: str = "photo") -> PhotoFile:
        """The next photo of that sink."""
        report: PhotoTaken = self.wait_for(PhotoTaken, sink_id=sink_id)
        return report.photo

    def photos(self, sink_id: str = "photo") -> list[PhotoFile]:
        return [seen.photo for seen in self.seen if isinstance(seen, PhotoTaken) and seen.sink_id == sink_id]

    def refused(self) -> Refusal:
        report: Refusal = self.wait_for(Refusal)
        return report

    def clips(self, sink_id: str = "one") -> list[ClipFile]:
        return [seen.clip for seen in self.seen if isinstance(seen, SegmentClosed) and seen.sink_id == sink_id]
