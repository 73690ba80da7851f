"""The job `edit`: one new clip of parts of others, whole and durable, or not there at all. Loads av."""

import hashlib
import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from hardware.durable import sync_folder, write_durably
from hardware.editing.coding import Coder
from hardware.editing.copying import copy_part
from hardware.editing.film import Film, new_film
from hardware.editing.looking import JOB, Look, look_at, why_coded
from hardware.errors import JobFailed
from hardware.media import inspect
from hardware.models import ClipFile, Codec
from hardware.models.jobs import Edited, EditRequest
from hardware.sinks.mediafile import storage_error
from hardware.sinks.segment import sidecar_path
from hardware.system import end_with_parent
from hardware.telling import Progress

_NS = 1_000_000_000
_NICER = 10


def edit(arguments: object) -> Edited:
    """Job `edit`: makes the clip `target` of an EditRequest and its sidecar; tells `percent`.

    Gives way to whatever else runs here. Raises JobFailed, StorageFull, StorageFailed.
    """
    os.nice(_NICER)
    end_with_parent()
    return make_clip(EditRequest.model_validate(arguments))


def make_clip(request: EditRequest) -> Edited:
    """The work of the job.

    The file has another name until it is whole. Before it has its own there is a sidecar that says that it is open, so
    that after a kill in between it is closed like a recording.
    """
    looks = [look_at(part.path) for part in request.parts]
    coded = why_coded(request.codec, request.rate, request.exact, looks)
    if coded and request.codec == "copy":
        raise JobFailed(job=JOB, reason=f"it cannot be copied: {coded}")
    return _Edit(request, looks, coded).make()


class _Edit:
    def __init__(self, request: EditRequest, looks: Sequence[Look], coded: str) -> None:
        self._request = request
        self._looks = looks
        self._coded = coded
        self._codec = ("mjpeg" if request.codec == "mjpeg" else "h264") if coded else ""
        self._sound = looks[0].sound is not None and all(look.sound in (None, looks[0].sound) for look in looks)
        self._notes: list[str] = []
        self._late: float | None = None
        self._began = (request.parts[0], 0.0)

    def make(self) -> Edited:
        target = self._request.target
        temporary, sidecar = target.with_name(f".{target.name}.new"), sidecar_path(target)
        try:
            if target.exists():
                raise JobFailed(job=JOB, reason=f"{target.name} is there already")
            with ExitStack() as undo:
                undo.callback(temporary.unlink, missing_ok=True)
                clip = self._describe(temporary, self._write(temporary))
                undo.callback(sidecar.unlink, missing_ok=True)
                write_durably(sidecar, clip.model_copy(update={"closed": False}).model_dump_json().encode())
                temporary.replace(target)
                undo.pop_all()
            sync_folder(target.parent)
            write_durably(sidecar, clip.model_dump_json().encode())
        except OSError as error:
            raise storage_error(target, error) from error
        return Edited(clip=clip, coded=self._coded, late=round(self._late or 0.0, 3), notes=self._notes)

    def _write(self, path: Path) -> bool:
        """Whether it has sound. Raises JobFailed when there is no picture in it, OSError."""
        first = self._request.parts[0].path
        shape = self._looks[0]
        with new_film(path, first, shape, codec=self._codec, sound=self._sound) as film:
            self._fill(film)
            if film.frames == 0:
                raise JobFailed(job=JOB, reason="there is no picture in that time")
            self._note_sound(film.has_sound)
            return film.has_sound

    def _fill(self, film: Film) -> None:
        percent = Progress("percent")
        expected = sum(part.share for part in self._request.parts) or 1.0
        coder = Coder(film, film.coder, self._request.rate) if film.coder is not None else None

        def done(seconds: float) -> None:
            percent(min(99.0, 100 * seconds / expected))

        for part, look in zip(self._request.parts, self._looks, strict=True):
            began = coder.code_part(part, look, done) if coder else copy_part(film, part, look, done)
            if began is None:
                self._notes.append(f"no picture of {part.path.name} is in that time")
            elif self._late is None:
                self._late = began - part.start
                self._began = part, began
        if coder is not None:
            coder.finish()
            if coder.scaled:
                self._notes.append(f"scaled to the size of the first clip: {', '.join(sorted(coder.scaled))}")

    def _note_sound(self, heard: bool) -> None:
        kinds = {look.sound for look in self._looks}
        if len(kinds - {None}) > 1:
            self._notes.append("without sound: the clips have sound of different kinds")
        elif len(kinds) > 1:
            self._notes.append("some of the clips have no sound" if heard else "without sound: the first clip has none")

    def _describe(self, path: Path, heard: bool) -> ClipFile:
        """The sidecar, from the file as it is read again."""
        request = self._request
        part, began = self._began
        with path.open("rb") as written:
            os.fsync(written.fileno())
            digest = hashlib.file_digest(written, "sha256").hexdigest()
            size = written.tell()
        found = inspect(path, decode=False)
        return ClipFile(
            file=request.target.name,
            index=0,
            codec=Codec(found.codec),
            width=found.width,
            height=found.height,
            rate=found.rate,
            encoded=bool(self._coded),
            first_mono_ns=part.mono_ns + round(began * _NS) if part.mono_ns else 0,
            start_wall_ns=part.wall_ns + round(began * _NS),
            clock_quality=request.clock_quality,
            boot_id=request.boot_id,
            closed=True,
            seconds=found.seconds,
            frames=found.frames,
            size=size,
            sha256=digest,
            audio=heard,
            made=request.made,
            made_by=request.made_by,
            context=request.context,
        )
