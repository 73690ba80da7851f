"""Audio_Start_recording and Audio_Stop_recording: what the device's microphone hears, in a process of its own."""

import asyncio
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ValidationError

from agent.context import Context
from agent.errors import BadParameter
from agent.media.sounds import FOLDER, sound_summary
from agent.running import MICROPHONE, ActionTraits, Failed, Parameters, Result, SinkKind, Stopped, StopReason
from agent.startup.clockwatch import reading
from hardware.client import run_job
from hardware.errors import HardwareError, JobFailed, NoMicrophone
from hardware.models import SoundFile
from hardware.models.jobs import SoundRecorded, SoundRequest
from presets_store.protocol.parameters.sound import RecordAudio

RATES = (8000, 12_000, 16_000, 24_000, 48_000)
ENCODINGS = {"": "opus", "opus": "opus", "ogg": "opus", "aac": "aac", "m4a": "aac", "flac": "flac"}
LEAST_KILOBITS, MOST_KILOBITS = 6, 256
ENDS_WITHIN = 5.0
"""Seconds after a stop; the file is closed much sooner, unless the disk hangs."""
FEW_SECONDS = 0.02
"""Less than this is not worth another file."""


class StartSound:
    """Records until its duration (10 s when none is given; 0: until its stop), its stop or an end."""

    traits: ClassVar = ActionTraits(sink=SinkKind.SOUND, resumable=True)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: asked, granted, audioClips, seconds, notes, endedBy. Raises Stopped, Failed, BadParameter."""
        return await _Recording(context, parameters).run()


class StopSound:
    """Ends the recording of sound; its event becomes Complete."""

    traits: ClassVar = ActionTraits(immediate=True, ends=SinkKind.SOUND)

    async def run(self, context: Context, parameters: Parameters) -> Result:  # noqa: ARG002 - there are none
        """Result: `{"stopped": [event keys]}`; empty when none ran, which is no error: the wish is fulfilled."""
        running = context.running.on(MICROPHONE, SinkKind.SOUND)
        if running is None:
            return {"stopped": [], "note": "no sound was being recorded"}
        await running.stopped(StopReason.STOPPED, by=context.name)
        return {"stopped": [running.event_key]}


class _Recording:
    """One attempt. What earlier ones recorded counts for the duration."""

    def __init__(self, context: Context, parameters: Parameters) -> None:
        self._context = context
        self._parameters = parameters
        self._duration: float = parameters.get("durationSeconds", RecordAudio.model_fields["duration_seconds"].default)
        self._sounds: list[Result] = []
        self._granted: Result = {}
        self._notes: list[str] = []
        self._media: Path | None = None

    async def run(self) -> Result:
        """Raises Stopped, Failed."""
        context = self._context
        if context.event.attempt_number > 1:
            self._sounds = await context.media.sounds.of(context.event)
        stopping = asyncio.ensure_future(context.stop.wait())
        try:
            continuation = 0
            while not self._duration or self._left() >= FEW_SECONDS:
                await self._one_file(continuation, stopping)
                continuation += 1
            return self._result("duration")
        finally:
            stopping.cancel()
            await context.media.write_index()

    async def _one_file(self, continuation: int, stopping: "asyncio.Future[StopReason]") -> None:
        """Records until the duration, or until the recorder is lost. Raises Stopped, Failed."""
        request = self._request(continuation)
        self._media = None
        try:
            self._context.media.require_room()
            await self._context.media.prepare(request.folder)
            answer = await self._recorded(request, stopping)
        except JobFailed as error:
            kept = await self._keep()
            if not kept or self._context.stop.reason is not None:
                raise self._failed(error.code, str(error)) from error
            self._notes.append(f"it went on in another file: {error}")
        except HardwareError as error:
            await self._keep()
            raise self._failed(error.code, str(error)) from error
        else:
            self._take(answer, request.folder)

    async def _recorded(self, request: SoundRequest, stopping: "asyncio.Future[StopReason]") -> SoundRecorded:
        """Raises HardwareError, also for a recorder that does not end when it is told to."""
        asked = request.model_dump(mode="json")
        job = asyncio.ensure_future(
            run_job("record_sound", told=lambda news: self._hear(news, request), stop=stopping, **asked)
        )
        try:
            either: set[asyncio.Future[Any]] = {job, stopping}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({job}, timeout=ENDS_WITHIN)
            if not job.done():
                raise JobFailed(job="record_sound", reason=f"it did not end within {ENDS_WITHIN:g} s")
            return SoundRecorded.model_validate(job.result())
        except ValidationError as error:
            raise JobFailed(job="record_sound", reason="its answer is none of a recorder") from error
        finally:
            job.cancel()
            await asyncio.wait({job})

    def _take(self, answer: SoundRecorded, folder: Path) -> None:
        """Raises Stopped, Failed."""
        self._add(answer.sound, folder)
        self._notes += answer.notes
        stop = self._context.stop
        if answer.outcome == "failed":
            raise self._failed(answer.error, answer.message)
        if answer.outcome == "stopped" and stop.reason is not None:
            raise Stopped(stop.reason, self._result(stop.by))
        if answer.outcome == "stopped":
            self._notes.append("it went on in another file: its recorder was told to end, and not by the agent")

    async def _keep(self) -> bool:
        """Closes what a lost recorder wrote; whether there was anything."""
        if self._media is None:
            return False
        kept = await self._context.media.sounds.close(self._media)
        if kept is not None:
            self._add(kept, self._media.parent)
        return kept is not None

    def _add(self, sound: SoundFile, folder: Path) -> None:
        self._context.media.index_sound(sound, folder)
        self._sounds.append(sound_summary(sound, self._context.media.relative(folder / sound.file)))

    def _failed(self, code: str, message: str) -> Exception:
        """How it ends. Once a stop was asked for, a recorder that had not begun, or was lost, is no failure."""
        stop = self._context.stop
        if stop.reason is not None and code in (NoMicrophone.code, JobFailed.code):
            self._notes.append(message)
            return Stopped(stop.reason, self._result(stop.by))
        return Failed(code, message, self._result("failed"))

    def _hear(self, news: dict[str, Any], request: SoundRequest) -> None:
        if "started" in news:
            sound = SoundFile.model_validate(news["started"])
            self._granted = sound.model_dump(include={"encoding", "sample_rate", "bitrate", "microphone"})
            self._media = request.folder / sound.file
            self._context.begun()
        seconds = news.get("seconds", 0.0)
        if self._duration and isinstance(seconds, int | float):
            done = self._duration - self._left() + seconds
            self._context.progress(min(99.9, 100 * done / self._duration))

    def _left(self) -> float:
        """Seconds that are still to be recorded."""
        return self._duration - sum(float(sound["seconds"]) for sound in self._sounds)

    def _request(self, continuation: int) -> SoundRequest:
        """Raises BadParameter."""
        context, event = self._context, self._context.event
        now = reading(context.clock)
        folder, stem = context.media.place_for(event, FOLDER, context.clock.now(), continuation)
        return SoundRequest(
            folder=folder,
            stem=stem,
            microphone=context.workshop.microphone,
            **sound_coding(self._parameters),
            duration_seconds=self._left() if self._duration else 0.0,
            wall_offset_ns=now.wall_offset_ns,
            clock_quality=now.clock_quality,
            context={"event_uuid": event.uuid, "event_key": str(event.key), "attempt": str(event.attempt_number)},
        )

    def _result(self, ended_by: str) -> Result:
        return {
            "asked": {name: self._parameters[name] for name in _ASKED if name in self._parameters},
            "granted": self._granted,
            "audioClips": self._sounds,
            "seconds": round(sum(float(sound["seconds"]) for sound in self._sounds), 3),
            "notes": self._notes,
            "endedBy": ended_by,
        }


_ASKED = ("durationSeconds", "sampleRate", "bitrateKbps", "encoding")


def sound_coding(parameters: Parameters) -> dict[str, Any]:
    """`encoding`, `sample_rate` and `bitrate` for the recorder. Raises BadParameter."""
    encoding = parameters.get("encoding", "").lower()
    if encoding not in ENCODINGS:
        raise BadParameter(field="encoding", wrong=encoding, right="opus, aac or flac")
    rate = parameters.get("sampleRate", 0) or RATES[-1]
    if rate not in RATES:
        raise BadParameter(field="sampleRate", wrong=rate, right=f"one of {', '.join(map(str, RATES))}")
    kilobits = parameters.get("bitrateKbps", RecordAudio.model_fields["bitrate_kbps"].default)
    if kilobits and not LEAST_KILOBITS <= kilobits <= MOST_KILOBITS:
        right = f"{LEAST_KILOBITS} to {MOST_KILOBITS}, or 0 for what is usual"
        raise BadParameter(field="bitrateKbps", wrong=kilobits, right=right)
    return {"encoding": ENCODINGS[encoding], "sample_rate": rate, "bitrate": kilobits * 1000}
