"""One segment of a recording: a media file that outlives a kill, and its sidecar."""

import contextlib
import errno
from pathlib import Path
from typing import TYPE_CHECKING

from hardware.audio.sound import SoundPacket
from hardware.containers.table import CONTAINERS
from hardware.durable import sync_folder, write_durably
from hardware.errors import JobFailed
from hardware.models import ClipFile, Packet
from hardware.sinks.mediafile import MediaFile, storage_error
from hardware.sinks.muxing import CLOCK, create_muxer, pace
from hardware.sinks.salvage import salvage
from hardware.sinks.syncing import Syncer

if TYPE_CHECKING:
    from av.audio.stream import AudioStream

_NS = 1_000_000_000

_HANDFUL = CLOCK * 2 // 5
"""Ticks of what is written together where the muxer hands over every picture: with those that it holds, and the one
that is held here, a kill costs a second."""


def sidecar_path(media: Path) -> Path:
    """`<file>.json` beside the media file."""
    return media.with_name(f"{media.name}.json")


def thumbnail_path(media: Path) -> Path:
    """`<file>.jpg` beside the media file."""
    return media.with_name(f"{media.name}.jpg")


class Segment:
    """Writes packets to `path` with their true capture times and keeps the sidecar.

    A packet is written when the next one tells how long it lasted. Of a time-lapse each picture lasts as long as the
    sidecar's `rate` says, and waits for none. All methods may raise StorageFull or StorageFailed; then `rescue` makes a
    clip of what was written. The first packet must be a key frame.
    """

    def __init__(self, path: Path, clip: ClipFile, syncer: Syncer, sound: "AudioStream | None" = None) -> None:
        """Creates file and sidecar, durably. `clip` describes the segment as far as it is known, `sound` its sound.

        Raises FileExistsError when there is such a file: nothing is overwritten.
        """
        self._path = path
        self._clip = clip
        self._syncer = syncer
        self._held: Packet | None = None
        self._last_tick = -1
        self._handful = round(_HANDFUL * pace(clip))
        self._flushed_tick = -_HANDFUL
        self._synced_size = 0
        self._has_sound = False
        self.frames = 0
        self.seconds = 0.0
        container = CONTAINERS[path.suffix[1:]]
        with contextlib.ExitStack() as undo:
            self._announce(undo)  # first: a kill leaves no media file that nobody knows
            self._file = MediaFile(path, gathers=clip.codec not in container.gathers)
            undo.callback(path.unlink)
            undo.callback(self._file.release)
            try:
                self._synced = syncer.add(path)
            except OSError as error:
                raise storage_error(path, error) from error
            undo.pop_all()
        self._muxer = create_muxer(self._file, clip, container, sound)

    def _announce(self, undo: contextlib.ExitStack) -> None:
        """Writes the sidecar. Raises FileExistsError when there is such a clip."""
        if self._path.exists():
            raise FileExistsError(errno.EEXIST, "there is such a clip", str(self._path))
        try:
            undo.callback(sidecar_path(self._path).unlink, missing_ok=True)
            write_durably(sidecar_path(self._path), self._clip.model_dump_json().encode())
        except OSError as error:
            raise storage_error(self._path, error) from error

    @property
    def clip(self) -> ClipFile:
        """The sidecar's content."""
        return self._clip

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._file.size

    def add(self, packet: Packet) -> None:
        """Takes the next packet; its time stamp must be later than the one before."""
        if self._clip.lapse_seconds:
            self._mux(packet, packet.mono_ns)
            return
        if self._held is not None:
            self._mux(self._held, packet.mono_ns)
        self._held = packet

    def add_sound(self, packet: SoundPacket) -> None:
        """Takes the next packet of sound; what begins before the first picture is left out."""
        start = packet.samples_after(self._clip.first_mono_ns)
        if start >= 0:
            self._muxer.add_sound(packet, start)
            self._has_sound = True

    def close(self, until_ns: int | None, dropped: int, thumbnail: str) -> ClipFile:
        """Ends the segment; file and sidecar are on disk when it returns.

        `until_ns`: when the last frame ends; None: after one frame time.
        """
        frame_ns = round(_NS / self._clip.rate)
        if self._held is not None:
            latest = self._held.mono_ns + frame_ns
            self._mux(self._held, latest if until_ns is None else max(self._held.mono_ns + 1, until_ns))
            self._held = None
        self._muxer.close()
        self._file.flush()
        self._check()
        try:
            self._file.sync()
            known = {"size": self._file.size, "frames": self.frames, "seconds": self.seconds}
            return self._finish({**known, "sha256": self._file.sha256}, dropped, thumbnail)
        except OSError as error:
            raise storage_error(self._path, error) from error
        finally:
            self._release()

    def rescue(self, dropped: int, thumbnail: str) -> ClipFile | None:
        """After a failure: the clip up to what is whole of it, on disk; None when nothing could be kept."""
        self._file.failure = self._file.failure or OSError("given up")
        self._muxer.close()
        self._release()
        try:
            left = salvage(self._path)
            if left.frames == 0:
                self._path.unlink()
                thumbnail_path(self._path).unlink(missing_ok=True)
                sidecar_path(self._path).unlink()
                sync_folder(self._path.parent)
                return None
            return self._finish(left.model_dump(exclude={"playable"}), dropped, thumbnail)
        except (OSError, JobFailed):
            return None  # the sidecar still says that the segment is open: recovery looks at it at the next start

    def _finish(self, known: dict[str, object], dropped: int, thumbnail: str) -> ClipFile:
        told = {"dropped": dropped, "thumbnail": thumbnail, "audio": self._has_sound, "closed": True}
        self._clip = self._clip.model_copy(update={**known, **told})
        write_durably(sidecar_path(self._path), self._clip.model_dump_json().encode())
        return self._clip

    def _release(self) -> None:
        self._syncer.remove(self._synced)
        self._file.release()

    def _mux(self, packet: Packet, until_ns: int) -> None:
        tick, end = self._place(packet.mono_ns, until_ns)
        self._muxer.add_picture(packet.data, key=packet.key, tick=tick, ticks=end - tick)
        if tick - self._flushed_tick >= self._handful:
            self._file.flush()
            self._flushed_tick = tick
        self._check()
        if self._file.size != self._synced_size:
            self._synced_size = self._file.size
            self._syncer.grew(self._synced)
        self._last_tick = tick
        self.frames += 1
        self.seconds = end / CLOCK

    def _place(self, mono_ns: int, until_ns: int) -> tuple[int, int]:
        """The ticks from and to which the picture is shown that was taken at `mono_ns`."""
        if self._clip.lapse_seconds:
            return round(self.frames * CLOCK / self._clip.rate), round((self.frames + 1) * CLOCK / self._clip.rate)
        tick = max(self._last_tick + 1, self._tick(mono_ns))
        return tick, max(tick + 1, self._tick(until_ns))

    def _tick(self, mono_ns: int) -> int:
        return ((mono_ns - self._clip.first_mono_ns) * CLOCK * 2 + _NS) // (2 * _NS)

    def _check(self) -> None:
        failure = self._file.failure or self._synced.failure
        if failure is not None:
            raise storage_error(self._path, failure)
