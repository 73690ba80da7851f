"""A file of sound that grows: what is older than a second outlives a kill, and a sidecar tells of it. Loads av."""

from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.audio.stream import AudioStream

from hardware.audio.formats import SOUND_FORMATS
from hardware.audio.holding import hold
from hardware.audio.sound import RATE, SAMPLE_BYTES
from hardware.durable import write_durably
from hardware.errors import StorageFailed
from hardware.models import SoundFile
from hardware.sinks.mediafile import MediaFile, storage_error
from hardware.sinks.segment import sidecar_path
from hardware.sinks.syncing import Syncer


class GrowingSound:
    """Takes samples as the microphone gives them and encodes them. Raises StorageFull, StorageFailed."""

    def __init__(self, path: Path, described: SoundFile) -> None:
        """Creates sidecar and file, the sidecar first: a kill leaves no sound that nobody knows."""
        self._path = path
        self._described = described
        self._syncer = Syncer()
        self._synced_size = 0
        self.count = 0
        try:
            write_durably(sidecar_path(path), described.model_dump_json().encode())
            self._file = MediaFile(path)
            self._held = hold(path)  # until this process ends
            self._synced = self._syncer.add(path)
        except OSError as error:
            raise storage_error(path, error) from error
        kind = SOUND_FORMATS[described.encoding]
        self._container = av.open(self._file, "w", format=kind.muxer, options=dict(kind.options))
        stream = self._container.add_stream(kind.encoder, rate=described.sample_rate, layout="mono")
        self._stream = cast("AudioStream", stream)
        if described.bitrate and not kind.lossless:
            self._stream.bit_rate = described.bitrate

    @property
    def seconds(self) -> float:
        """How much it took."""
        return self.count / RATE

    def add(self, samples: bytes) -> None:
        """The next samples."""
        count = len(samples) // SAMPLE_BYTES
        if not count:
            return
        frame = av.AudioFrame(format="s16", layout="mono", samples=count)
        frame.planes[0].update(samples[: count * SAMPLE_BYTES])
        frame.sample_rate = RATE
        frame.pts, frame.time_base = self.count, Fraction(1, RATE)
        self.count += count
        self._mux(frame)
        self._check()
        if self._file.size != self._synced_size:
            self._synced_size = self._file.size
            self._syncer.grew(self._synced)

    def close(self, note: str) -> SoundFile:
        """Ends the file; it and its sidecar are on the disk when it returns."""
        self._mux(None)
        self._container.close()
        self._check()
        known = {"seconds": self.seconds, "size": self._file.size, "sha256": self._file.sha256}
        closed = self._described.model_copy(update={**known, "note": note, "closed": True})
        try:
            self._file.sync()
            write_durably(sidecar_path(self._path), closed.model_dump_json().encode())
        except OSError as error:
            raise storage_error(self._path, error) from error
        return closed

    def _mux(self, frame: av.AudioFrame | None) -> None:
        try:
            for packet in self._stream.encode(frame):
                self._container.mux_one(packet)
        except av.FFmpegError as error:
            raise StorageFailed(path=str(self._path), reason=f"the sound was refused: {error}") from error

    def _check(self) -> None:
        failure = self._file.failure or self._synced.failure
        if failure is not None:
            raise storage_error(self._path, failure)
