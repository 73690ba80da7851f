"""One clip made of others by a file job: its turn, its limits, and what becomes of it."""

import asyncio
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import ValidationError

from agent.actions.files.delivering import checked_address, post_back, upload
from agent.actions.files.errors import TooSlow
from agent.context import Context
from agent.errors import BadParameter
from agent.media.sidecars import SIDECAR
from agent.running import Failed, Parameters, Result, Stopped, StopReason
from hardware.client import run_job
from hardware.errors import HardwareError, JobFailed, StorageFull
from hardware.models.jobs import Edited, EditPart, EditRequest
from presets_store.errors import CuelightError
from presets_store.storage.records import Clip

LONGEST = 6 * 3600.0
"""Seconds that it may take when the event does not say."""

Codec = Literal["", "copy", "h264", "mjpeg"]
CODECS: Mapping[str, Codec] = MappingProxyType({"": "", "copy": "copy", "h264": "h264", "mjpeg": "mjpeg"})
MOST_RATE = 240.0
LATE = 0.001
"""Seconds by which the beginning may be another than asked without a word about it."""

_TOLD_FILES = 50
"""Of the clips that it was made of."""


@dataclass(frozen=True, slots=True)
class Part:
    """A clip, from `start` to `end` in its seconds; None is its end."""

    clip: Clip
    start: float = 0.0
    end: float | None = None

    def told(self, folder: Path) -> EditPart:
        """As the job takes it."""
        return EditPart(
            path=folder / self.clip.file,
            wall_ns=self.clip.start * 1000,
            mono_ns=self.clip.mono * 1000,
            seconds=self.clip.seconds,
            start=self.start,
            end=self.end,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The clip that is to be made. `name`: of its file, beside the first part; "": one is given to it.

    `timeout` in seconds; `rate` in frames per second, 0: as it is; `exact`: cut between key frames, too.
    """

    made: Literal["joined", "extracted", "transcoded"]
    parts: Sequence[Part]
    asked: Result
    codec: Codec = ""
    rate: float = 0.0
    exact: bool = False
    name: str = ""
    upload_url: str = ""
    postback_url: str = ""
    timeout: float = LONGEST
    notes: list[str] = field(default_factory=list)


def coding(parameters: Parameters) -> dict[str, Any]:
    """`codec` and `rate` as they were asked for. Raises BadParameter."""
    codec, rate = parameters.get("codec", "").lower(), parameters.get("fps", 0.0)
    if codec not in CODECS:
        raise BadParameter(field="codec", wrong=codec, right="empty or copy (packets as they are), h264 or mjpeg")
    if rate > MOST_RATE:
        raise BadParameter(field="fps", wrong=rate, right=f"at most {MOST_RATE:g}, or 0 for that of the clip")
    if rate and codec == "copy":
        raise BadParameter(field="fps", wrong=rate, right="0 with codec copy, which leaves all pictures as they are")
    return {"codec": CODECS[codec], "rate": rate}


def delivery(parameters: Parameters) -> dict[str, Any]:
    """`uploadURL`, `postbackURL` and `timeout`. Raises BadParameter."""
    given = parameters.get("timeout") or "0"
    try:
        timeout = float(given)
    except ValueError:
        timeout = math.nan
    if not 0 <= timeout <= LONGEST:
        raise BadParameter(field="timeout", wrong=given, right=f"seconds, at most {LONGEST:g}; 0 is that")
    return {
        "upload_url": checked_address("uploadURL", parameters.get("uploadURL", "")),
        "postback_url": checked_address("postbackURL", parameters.get("postbackURL", "")),
        "timeout": timeout or LONGEST,
    }


async def make_clip(context: Context, wanted: Wanted) -> Result:
    """Makes it, sends it and tells of it as `wanted`. Raises Stopped and Failed with what was done until then."""
    return await _Making(context, wanted).run()


class _Making:
    def __init__(self, context: Context, wanted: Wanted) -> None:
        self._context = context
        self._wanted = wanted
        self._result: Result = {"asked": wanted.asked, "sources": len(wanted.parts), "notes": list(wanted.notes)}
        self._full = False

    async def run(self) -> Result:
        """Raises Stopped, Failed."""
        try:
            await self._within_limits()
        except Stopped as end:
            if end.reason is not StopReason.SHUTDOWN:
                await self._tell("cancelled", f"it was ended by {self._context.stop.by}")
            raise
        except (HardwareError, CuelightError) as error:
            text = error.message if isinstance(error, CuelightError) else str(error)
            await self._tell(error.code, text)
            raise Failed(error.code, text, self._result) from error
        await self._tell("complete", "")
        return self._result

    async def _within_limits(self) -> None:
        """The work, unless a stop or the end of its time comes first. Raises Stopped, TooSlow."""
        context = self._context
        work = asyncio.ensure_future(self._work())
        stopping = asyncio.ensure_future(context.stop.wait())
        late = asyncio.ensure_future(context.clock.sleep(self._wanted.timeout))
        try:
            await asyncio.wait({work, stopping, late}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            work.cancel()
            await asyncio.wait({work})
            if stopping.done():
                raise Stopped(stopping.result(), {**self._result, "endedBy": context.stop.by})
            raise TooSlow(seconds=self._wanted.timeout)
        finally:
            for task in (work, stopping, late):
                task.cancel()

    async def _work(self) -> None:
        clip = await self._made_before() or await self._make()
        self._result |= {"clips": [clip], "seconds": clip["seconds"]}
        if self._wanted.upload_url:
            self._result["upload"] = await upload(self._context, self._wanted.upload_url, clip)

    async def _made_before(self) -> Result | None:
        """By an earlier attempt, which did not come to tell."""
        there = await self._context.media.clips_of(self._context.event)
        if there:
            self._result["notes"].append("it was made by an earlier attempt")
        return there[0] if there else None

    async def _make(self) -> Result:
        context, wanted = self._context, self._wanted
        folder, name = self._place()
        await context.media.prepare(folder)
        async with context.workshop.turn:
            context.media.require_room()
            if await asyncio.to_thread((folder / name).exists):
                raise BadParameter(field="targetFile", wrong=name, right="a name that no file beside the clip has")
            edited = await self._edit(folder / name)
        self._result["copied"] = not edited.coded
        if edited.coded:
            self._result["coded"] = edited.coded
        if abs(edited.late) >= LATE and wanted.parts[0].start:
            where = "after the start asked for" if edited.late > 0 else "before the start asked for, at a key frame"
            self._result["notes"].append(f"it begins {abs(edited.late):.3f} s {where}")
        self._result["notes"] += edited.notes
        return await context.media.index(edited.clip, folder)

    def _place(self) -> tuple[Path, str]:
        first = self._wanted.parts[0].clip
        if self._wanted.name:
            return (self._context.media.folder / first.file).parent, self._wanted.name
        folder, stem = self._context.media.place_for(
            self._context.event, first.camera_id, self._context.clock.now(), continuation=0
        )
        return folder, f"{stem}-0.mp4"

    async def _edit(self, target: Path) -> Edited:
        """Whatever ends it early leaves nothing. Raises HardwareError."""
        request = self._request(target).model_dump(mode="json")
        editing = asyncio.ensure_future(run_job("edit", told=lambda news: self._hear(news, editing), **request))
        try:
            return Edited.model_validate(await editing)
        except (HardwareError, ValidationError, asyncio.CancelledError) as error:
            await asyncio.to_thread(_clear, target)
            if self._full:
                raise StorageFull(folder=str(target.parent)) from None
            if isinstance(error, ValidationError):
                raise JobFailed(job="edit", reason="its answer is none of an edit") from error
            raise

    def _hear(self, news: dict[str, Any], editing: "asyncio.Future[Any]") -> None:
        percent = news.get("percent")
        if isinstance(percent, int | float):
            self._context.progress(percent)
        if self._context.media.room.scarce:  # what is left is for recordings
            self._full = True
            editing.cancel()

    def _request(self, target: Path) -> EditRequest:
        event, wanted = self._context.event, self._wanted
        first = wanted.parts[0].clip
        files = [part.clip.file for part in wanted.parts[:_TOLD_FILES]]
        return EditRequest(
            parts=[part.told(self._context.media.folder) for part in wanted.parts],
            target=target,
            codec=wanted.codec,
            rate=wanted.rate,
            exact=wanted.exact,
            made=wanted.made,
            made_by=json.dumps({**wanted.asked, "files": files}),
            clock_quality=first.clock_quality,
            boot_id=first.boot_id,
            context={
                "event_uuid": event.uuid,
                "event_key": str(event.key),
                "attempt": str(event.attempt_number),
                "camera_id": first.camera_id,
            },
        )

    async def _tell(self, code: str, message: str) -> None:
        """Posts the outcome back, if that is wanted."""
        if not self._wanted.postback_url:
            return
        event = self._context.event
        told = {"eventID": event.remote_id or event.key, "code": code, "message": message, **self._result}
        self._result["postback"] = await post_back(self._context, self._wanted.postback_url, told)


def _clear(target: Path) -> None:
    """Removes what a job left that was ended, even if that was its last moment."""
    target.with_name(f".{target.name}.new").unlink(missing_ok=True)
    target.unlink(missing_ok=True)
    target.with_name(f"{target.name}{SIDECAR}").unlink(missing_ok=True)
