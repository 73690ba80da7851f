"""Takes photos: looks at the camera's stream only when one is due."""

import contextlib
import hashlib
import logging
import threading
import time
from pathlib import Path
from typing import Literal

from hardware.boot import boot_id
from hardware.durable import write_durably
from hardware.errors import HardwareError
from hardware.models import Adjusted, Packet, PhotoFile, PhotoOrder, PhotoTaken, SinkEnded
from hardware.pipeline.adjusting import Wanting
from hardware.pipeline.backlog import Backlog
from hardware.pipeline.stream import Stream
from hardware.sinks.base import SinkPorts
from hardware.sinks.mediafile import storage_error
from hardware.sinks.photoplan import next_place
from hardware.sinks.recorder import END_GRACE
from hardware.sinks.segment import sidecar_path
from hardware.sinks.viewfinder import Shot, Viewfinder

log = logging.getLogger(__name__)

_NS = 1_000_000_000

Outcome = Literal["stopped", "duration", "failed"]

_DEVELOPED = {"brightness": 0.0, "contrast": 1.0, "saturation": 1.0, "sharpness": 1.0}
"""What is done to the picture here when the camera does not do it, and the values that change nothing."""

_NEVER = 1 << 63


class Photographer:
    """A photo sink: one photo, or one on each place of a grid of intervals that begins with the first.

    A photo is the first whole picture captured at its due time or later; places that pass meanwhile are left out. It
    ends with its last photo. A failure of storage ends it; the photos before it stay.

    What the camera itself can set of the order's `adjustment` is set as long as this runs, and no photo is taken before
    pictures show it; the rest of it is developed here or noted.
    """

    def __init__(self, order: PhotoOrder, ports: SinkPorts) -> None:
        self._order = order
        self._ports = ports
        self._backlog = Backlog()
        self._stopped = threading.Event()
        self._stream: Stream | None = None
        self._finder: Viewfinder | None = None
        self._index = 0
        self._interval_ns = round(order.interval_seconds * _NS)
        self._duration_ns = round(order.duration_seconds * _NS)
        self._anchor_ns = 0
        self._end_ns: int | None = None
        self._first_ns = 0
        self._newest_ns = 0
        self._taken = 0
        self._left_out = 0
        self._notes: list[str] = []
        self._adjusts = bool(order.adjustment.asked())
        # What is left to be developed, and from when on pictures are as the camera was set.
        self._setting = (order, _NEVER if self._adjusts else 0)
        self._thread = threading.Thread(target=self._run, name="photos", daemon=True)

    def attach(self, *, at_next_open: bool) -> None:
        """See `Sink`."""
        if self._adjusts:
            wanting = Wanting(self._order.adjustment, self._adjusted, yields=True)
            self._ports.adjust(self._order.sink_id, wanting)
        self._ports.router.tap(self, self._order.requested_mono_ns, at_next_open=at_next_open)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def renew(self, stream: Stream) -> None:
        """See `PacketSink`."""
        self._backlog.put(stream)

    def offer(self, packet: Packet) -> None:
        """See `PacketSink`."""
        self._backlog.put(packet)

    def _adjusted(self, adjusted: Adjusted, settled_ns: int) -> None:
        """Called by the capture thread: what the camera does itself is not done again here."""
        done = {name: neutral for name, neutral in _DEVELOPED.items() if name in adjusted.met}
        self._setting = (self._order.model_copy(update=done), settled_ns)
        missing = {name: why for name, why in adjusted.unmet.items() if name not in _DEVELOPED}
        notes = Adjusted(unmet=missing).notes_on(self._order.adjustment)
        self._notes.extend(note for note in notes if note not in self._notes)

    def finish(self, end_ns: int, grace: float) -> None:  # noqa: ARG002 - a photo has no end to wait for
        """No further photo; one that is being written is finished."""
        self._stopped.set()
        self._backlog.nudge()

    def join(self, timeout: float) -> bool:
        """Waits for the thread; False when it still runs after `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        error: HardwareError | None = None
        outcome: Outcome = "failed"
        try:
            outcome = self._work()
        except HardwareError as failure:
            error = failure
            log.warning("photos %s: %s", self._order.sink_id, failure)
        finally:
            self._ports.router.untap(self)
            self._ports.adjust(self._order.sink_id, None)
        if self._first_ns:
            error = self._note_end() or error
        self._ports.report(self._ended(outcome, error))
        self._ports.done(self._order.sink_id)

    def _work(self) -> Outcome:
        due_ns = self._order.requested_mono_ns
        while True:
            shot = self._await_shot(due_ns)
            self._ports.router.untap(self)
            if shot is not None and not self._is_over(shot.mono_ns):
                self._keep(shot)
            elif self._stopped.is_set():
                return "stopped"
            next_ns = self._next_due(shot)
            if next_ns is None:
                return "duration"
            due_ns = next_ns
            if self._stopped.wait(max(0, due_ns - time.monotonic_ns()) / _NS):
                return "stopped"
            self._backlog.clear()
            self._ports.router.tap(self, due_ns)

    def _await_shot(self, due_ns: int) -> Shot | None:
        """The photo that is due; None when it was stopped before, or is over without one."""
        while not self._stopped.is_set():
            try:
                item = self._backlog.get(self._patience())
            except TimeoutError:
                if self._patience() == 0:
                    return None
                continue
            if isinstance(item, Stream):
                self._stream, self._finder = item, Viewfinder(self._order, item.format)
            elif item is not None and self._finder is not None:
                self._finder.order, settled_ns = self._setting
                shot = self._finder.look(item, max(due_ns, settled_ns))
                if shot is not None:
                    return shot
        return None

    def _patience(self) -> float | None:
        """Seconds to wait for the next packet; after the end a little longer, for frames still under way."""
        if self._end_ns is None:
            return None
        return max(0.0, (self._end_ns - time.monotonic_ns()) / _NS + END_GRACE)

    def _is_over(self, mono_ns: int) -> bool:
        return self._end_ns is not None and mono_ns >= self._end_ns

    def _keep(self, shot: Shot) -> None:
        """Writes the photo. The source is told before the first."""
        if self._first_ns == 0:
            self._ports.note(self._order.consumer, "start")
            self._begin(shot)
        photo = self._write(shot)
        self._taken += 1
        self._newest_ns = shot.mono_ns
        self._inform(photo)
        self._ports.report(PhotoTaken(sink_id=self._order.sink_id, photo=photo))

    def _begin(self, shot: Shot) -> None:
        """The grid begins a little before the first photo: a camera's jitter must not push later frames off places."""
        frame_ns = round(_NS / self._stream.format.rate) if self._stream else 0
        self._first_ns = shot.mono_ns
        self._anchor_ns = shot.mono_ns - frame_ns // 4
        if self._interval_ns and self._duration_ns:
            self._end_ns = self._anchor_ns + self._duration_ns

    def _next_due(self, shot: Shot | None) -> int | None:
        """When the next photo is due (CLOCK_MONOTONIC); None when there is none. `shot` None: none came in time."""
        if self._interval_ns == 0:
            return None
        places = -(-self._duration_ns // self._interval_ns)
        place = next_place(shot.mono_ns - self._anchor_ns, self._interval_ns) if shot else places
        is_last = self._duration_ns > 0 and place >= places
        self._left_out = (places if is_last else place) - self._taken
        return None if is_last else self._anchor_ns + place * self._interval_ns

    def _write(self, shot: Shot) -> PhotoFile:
        """The sidecar, then the photo: whole and durable, or not there at all. Raises StorageFull, StorageFailed."""
        path = self._free_path()
        clock = self._ports.clock.newest(self._order)
        photo = PhotoFile(
            file=path.name,
            index=self._index,
            width=shot.width,
            height=shot.height,
            encoding=self._order.encoding,
            mono_ns=shot.mono_ns,
            taken_wall_ns=shot.mono_ns + clock.wall_offset_ns,
            clock_quality=clock.clock_quality,
            boot_id=boot_id(),
            size=len(shot.data),
            sha256=hashlib.sha256(shot.data).hexdigest(),
            copied=shot.copied,
            note=self._stream.note if self._stream else "",
            context=self._order.context,
        )
        try:
            write_durably(sidecar_path(path), photo.model_dump_json().encode())
            write_durably(path, shot.data)
        except OSError as error:
            with contextlib.suppress(OSError):  # one that is left behind says nothing without its photo
                sidecar_path(path).unlink(missing_ok=True)
            raise storage_error(path, error) from error
        self._index += 1
        return photo

    def _free_path(self) -> Path:
        """The next name that is free: nothing is overwritten."""
        while True:
            path = Path(self._order.folder) / f"{self._order.stem}-{self._index}.{self._order.encoding}"
            if not path.exists():
                return path
            log.warning("%s is there already: the next index is taken", path.name)
            self._index += 1

    def _inform(self, photo: PhotoFile) -> None:
        """Notes for people, each once."""
        order = self._order
        notes = [photo.note] if photo.note else []
        if order.width and order.height and {order.width, order.height} != {photo.width, photo.height}:
            notes.append(f"asked {order.width}x{order.height}, the photo is {photo.width}x{photo.height}")
        self._notes.extend(note for note in notes if note not in self._notes)

    def _note_end(self) -> HardwareError | None:
        try:
            self._ports.note(self._order.consumer, "end")
        except HardwareError as error:
            return error
        return None

    def _ended(self, outcome: Outcome, error: HardwareError | None) -> SinkEnded:
        return SinkEnded(
            sink_id=self._order.sink_id,
            outcome="failed" if error else outcome,
            seconds=(self._newest_ns - self._first_ns) / _NS if self._taken else 0.0,
            frames=self._taken,
            dropped=self._left_out,
            notes=tuple(self._notes),
            error=error.code if error else "",
            message=str(error) if error else "",
        )
