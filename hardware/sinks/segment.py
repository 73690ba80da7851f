"""One segment of a recording: a fragmented MP4 and its sidecar."""

import contextlib
import math
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from hardware.durable import sync_folder, write_durably
from hardware.errors import JobFailed, StorageFailed
from hardware.models import ClipFile, Packet
from hardware.sinks.mediafile import MediaFile, storage_error
from hardware.sinks.salvage import salvage
from hardware.sinks.syncing import Syncer

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.stream import Stream as MediaStream

_CLOCK = 90_000
"""Ticks per second of the media time: fine enough for true capture times (11 us), usual for video."""

_NS = 1_000_000_000
_FRAGMENTS = {"movflags": "empty_moov+default_base_moof", "frag_duration": "1000000", "flush_packets": "1"}


def sidecar_path(media: Path) -> Path:
    """`<file>.json` beside the media file."""
    return media.with_name(f"{media.name}.json")


class Segment:
    """Writes packets to `path` with their true capture times and keeps the sidecar.

    A packet is written when the next one tells how long it lasted. All methods may raise StorageFull or StorageFailed;
    then `rescue` makes a clip of what was written. The first packet must be a key frame.
    """

    def __init__(self, path: Path, clip: ClipFile, syncer: Syncer) -> None:
        """Creates file and sidecar, durably. `clip` describes the segment as far as it is known.

        Raises FileExistsError when there is such a file: nothing is overwritten.
        """
        self._path = path
        self._clip = clip
        self._syncer = syncer
        self._held: Packet | None = None
        self._last_tick = -1
        self.frames = 0
        self.seconds = 0.0
        self._file = MediaFile(path)
        with contextlib.ExitStack() as undo:
            undo.callback(path.unlink)
            undo.callback(self._file.release)
            try:
                self._synced = syncer.add(path)
                undo.callback(syncer.remove, self._synced)
                undo.callback(sidecar_path(path).unlink, missing_ok=True)
                write_durably(sidecar_path(path), clip.model_dump_json().encode())
            except OSError as error:
                raise storage_error(path, error) from error
            undo.pop_all()
        self._container, self._stream = self._create_container()

    @property
    def clip(self) -> ClipFile:
        """The sidecar's content."""
        return self._clip

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._file.size

    def age_ns(self, mono_ns: int) -> int:
        """Nanoseconds from the first frame to `mono_ns`."""
        return mono_ns - self._clip.first_mono_ns

    def add(self, packet: Packet) -> None:
        """Takes the next packet; its time stamp must be later than the one before."""
        if self._held is not None:
            self._mux(self._held, packet.mono_ns)
        self._held = packet

    def close(self, until_ns: int | None, dropped: int) -> ClipFile:
        """Ends the segment; file and sidecar are on disk when it returns.

        `until_ns`: when the last frame ends; None: after one frame time.
        """
        frame_ns = round(_NS / self._clip.rate)
        if self._held is not None:
            latest = self._held.mono_ns + frame_ns
            self._mux(self._held, latest if until_ns is None else max(self._held.mono_ns + 1, until_ns))
            self._held = None
        self._container.close()
        self._check()
        try:
            self._file.sync()
            return self._finish(self._file.size, self.frames, self.seconds, self._file.sha256, dropped)
        except OSError as error:
            raise storage_error(self._path, error) from error
        finally:
            self._release()

    def rescue(self, dropped: int) -> ClipFile | None:
        """After a failure: the clip up to the last whole fragment, on disk; None when nothing could be kept."""
        self._file.failure = self._file.failure or OSError("given up")
        self._container.close()
        self._release()
        try:
            left = salvage(self._path)
            if left is None:
                self._path.unlink()
                sidecar_path(self._path).unlink()
                sync_folder(self._path.parent)
                return None
            return self._finish(left.size, left.frames, left.seconds, left.sha256, dropped)
        except (OSError, JobFailed):
            return None  # the sidecar still says that the segment is open: recovery looks at it at the next start

    def _finish(self, size: int, frames: int, seconds: float, sha256: str, dropped: int) -> ClipFile:
        known = {"size": size, "frames": frames, "seconds": seconds, "sha256": sha256, "dropped": dropped}
        self._clip = self._clip.model_copy(update={**known, "closed": True})
        write_durably(sidecar_path(self._path), self._clip.model_dump_json().encode())
        return self._clip

    def _release(self) -> None:
        self._syncer.remove(self._synced)
        self._file.release()

    def _create_container(self) -> "tuple[OutputContainer, MediaStream]":
        import av

        container = av.open(self._file, "w", format="mp4", options=_FRAGMENTS)
        rate = Fraction(self._clip.rate).limit_denominator(1001)
        stream = container.add_mux_stream(
            self._clip.codec.value, rate=rate, width=self._clip.width, height=self._clip.height
        )
        stream.time_base = Fraction(1, _CLOCK)
        return container, stream

    def _mux(self, packet: Packet, until_ns: int) -> None:
        import av

        tick = max(self._last_tick + 1, self._tick(packet.mono_ns))
        end = max(tick + 1, self._tick(until_ns))
        coded = av.Packet(packet.data)
        coded.stream = self._stream
        coded.time_base = Fraction(1, _CLOCK)
        coded.pts = coded.dts = tick
        coded.duration = end - tick
        coded.is_keyframe = packet.key
        try:
            self._container.mux(coded)
        except av.FFmpegError as error:
            raise StorageFailed(path=str(self._path), reason=f"the muxer refused a packet: {error}") from error
        self._check()
        self._last_tick = tick
        self.frames += 1
        self.seconds = end / _CLOCK

    def _tick(self, mono_ns: int) -> int:
        return math.floor((mono_ns - self._clip.first_mono_ns) * _CLOCK / _NS + 0.5)

    def _check(self) -> None:
        failure = self._file.failure or self._synced.failure
        if failure is not None:
            raise storage_error(self._path, failure)
