"""The segments of a recording, one after another."""

import logging
from pathlib import Path

from hardware.audio.track import SoundTrack
from hardware.boot import boot_id
from hardware.models import ClipFile, Granted, Packet, RecordingOrder, SegmentClosed, SinkProgress
from hardware.pipeline.plan import SLOWEST_RATE
from hardware.sinks.base import NS, SinkPorts
from hardware.sinks.cutting import cut_ns, pre_roll_seconds
from hardware.sinks.segment import Segment, thumbnail_path
from hardware.sinks.thumbnail import Thumbnail
from hardware.sinks.wallclock import Dating

log = logging.getLogger(__name__)

LAPSE_RATE = 25.0
"""Frames per second at which a time-lapse is shown when nobody said."""

_THUMBNAIL_PATIENCE = 0.5
"""Seconds that a closing segment waits for its thumbnail, which was begun with the segment."""


class Reel:
    """Opens, cuts and closes segments, and reports each that is closed. Raises StorageFull, StorageFailed."""

    def __init__(self, order: RecordingOrder, ports: SinkPorts, sound: SoundTrack | None) -> None:
        self._order = order
        self._ports = ports
        self._sound = sound
        self._index = order.first_index
        self._segment: Segment | None = None
        self._thumbnail: Thumbnail | None = None
        self._cut_ns: int | None = None
        self._seconds = 0.0
        self._size = 0
        self._frames = 0
        self._dropped = 0
        self._closed_dropped = 0

    @property
    def is_open(self) -> bool:
        """Whether a segment is; else the next packet must be a key frame."""
        return self._segment is not None

    @property
    def frames(self) -> int:
        """How many are written."""
        return self._frames + (self._segment.frames if self._segment else 0)

    @property
    def seconds(self) -> float:
        """How long was filmed."""
        if self._order.lapse_seconds:
            return self.frames * self._order.lapse_seconds
        return self._seconds + (self._segment.seconds if self._segment else 0.0)

    @property
    def dropped(self) -> int:
        """Frames that were lost on the way."""
        return self._dropped

    def count_dropped(self, frames: int) -> None:
        """So many are missing before the next packet."""
        self._dropped += frames

    def add(self, packet: Packet, granted: Granted, note: str) -> None:
        """Takes the next packet, in a new segment when it is time; that one is described by `granted` and `note`."""
        self._add_sound(packet.mono_ns)
        if self._segment is not None and packet.key and self._cut_ns is not None and packet.mono_ns >= self._cut_ns:
            self._close(self._segment, packet.mono_ns)
        segment = self._segment or self._open(packet, granted, note)
        segment.add(packet)

    def close(self, until_ns: int | None) -> None:
        """Ends the open segment, if any; `until_ns` as in `Segment.close`."""
        if self._segment is not None:
            if until_ns is not None:
                self._add_sound(until_ns)
            self._close(self._segment, until_ns)

    def rescue(self) -> None:
        """After a failure: keeps what can be kept of the open segment."""
        if self._segment is None:
            return
        clip = self._segment.rescue(self._dropped - self._closed_dropped, self._thumbnail_name())
        self._segment = None
        if clip is not None:
            self._report(clip)

    def progress(self) -> SinkProgress:
        """What there is so far."""
        return SinkProgress(
            sink_id=self._order.sink_id,
            seconds=self.seconds,
            frames=self.frames,
            size=self._size + (self._segment.size if self._segment else 0),
            dropped=self._dropped,
        )

    def _add_sound(self, until_ns: int) -> None:
        """What was heard until then; without an open segment it belongs to none."""
        if self._sound is not None:
            for packet in self._sound.take(until_ns):
                if self._segment is not None:
                    self._segment.add_sound(packet)

    def _open(self, packet: Packet, granted: Granted, note: str) -> Segment:
        order = self._order
        clock = self._ports.clock.newest(order)
        segment = self._segment = self._create(self._describe(packet, granted, note, clock))
        segment_ns = round(order.segment_seconds * NS)
        self._cut_ns = cut_ns(packet.mono_ns, segment_ns, clock.wall_offset_ns, aligned=order.aligned)
        self._thumbnail = Thumbnail(packet, thumbnail_path(Path(order.folder) / segment.clip.file))
        return segment

    def _describe(self, packet: Packet, granted: Granted, note: str, clock: Dating) -> ClipFile:
        order = self._order
        return ClipFile(
            file="",
            index=0,
            codec=packet.codec,
            width=packet.width,
            height=packet.height,
            rate=max(order.rate or LAPSE_RATE, SLOWEST_RATE) if order.lapse_seconds else granted.rate,
            encoded=granted.encoded,
            first_mono_ns=packet.mono_ns,
            start_wall_ns=packet.mono_ns + clock.wall_offset_ns,
            clock_quality=clock.clock_quality,
            boot_id=boot_id(),
            note=note,
            pre_roll_seconds=pre_roll_seconds(packet.mono_ns, order.requested_mono_ns) if self._frames == 0 else 0.0,
            lapse_seconds=order.lapse_seconds,
            context=order.context,
        )

    def _create(self, clip: ClipFile) -> Segment:
        """Under the next index that is free."""
        sound = self._sound.stream if self._sound is not None else None
        while True:
            path = Path(self._order.folder) / f"{self._order.stem}-{self._index}.{self._order.container}"
            named = clip.model_copy(update={"file": path.name, "index": self._index, "audio": sound is not None})
            self._index += 1
            try:
                return Segment(path, named, self._ports.syncer, sound)
            except FileExistsError:
                log.warning("%s is there already: the next index is taken", path.name)

    def _close(self, segment: Segment, until_ns: int | None) -> None:
        clip = segment.close(until_ns, self._dropped - self._closed_dropped, self._thumbnail_name())
        self._segment = None
        self._report(clip)

    def _thumbnail_name(self) -> str:
        return self._thumbnail.name(_THUMBNAIL_PATIENCE) if self._thumbnail else ""

    def _report(self, clip: ClipFile) -> None:
        self._closed_dropped = self._dropped
        self._seconds += clip.seconds
        self._frames += clip.frames
        self._size += clip.size
        self._ports.report(SegmentClosed(sink_id=self._order.sink_id, clip=clip))
