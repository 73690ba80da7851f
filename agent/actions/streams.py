"""Streams: RTMP, SRT and MPEG-TS over UDP, and by `url` RTSP, WHIP and HLS too."""

import math
from collections import deque
from pathlib import Path
from typing import Any, NamedTuple

from agent.actions.filming import Filming, Stopping
from agent.actions.recording_order import ENCODINGS
from agent.actions.stream_target import target_of
from agent.cameras import StreamNow
from agent.context import Context
from agent.errors import AlreadyActive, BadParameter
from agent.running import ActionTraits, Parameters, Result, SinkKind, StopReason
from hardware.client import SinkHandle, SinkReport
from hardware.errors import HostLost
from hardware.models import Granted, SinkEnded, SinkProgress, SinkStarted, StreamOrder, StreamReport
from presets_store.clock import micros
from presets_store.protocol.fields import format_moment

MOST_INTERRUPTIONS = 50
"""The newest are told; `connections` counts all."""


class StartStream:
    """Streams until its duration, its stop or an end. An unreachable server is tried again without limit."""

    def __init__(self, kind: SinkKind) -> None:
        self.traits = ActionTraits(sink=kind, resumable=True)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: see `Streaming`. Raises Stopped, Failed, BadParameter, AlreadyActive."""
        return await Streaming(context, parameters).run()


class StopStream:
    """Ends the stream of that kind of a camera; its event becomes Complete."""

    def __init__(self, kind: SinkKind) -> None:
        self._kind = kind
        self.traits = ActionTraits(immediate=True, ends=kind)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: `{"stopped": [event keys]}`; empty when none ran, which is no error: the wish is fulfilled."""
        return await context.stop_sink(context.cameras.pick(parameters), self._kind, StopReason.STOPPED)


class _Sent(NamedTuple):
    """What has gone through (seconds of media, frames) and what has not (frames)."""

    seconds: float = 0.0
    frames: int = 0
    dropped: int = 0

    def plus(self, other: "_Sent") -> "_Sent":
        return _Sent(self.seconds + other.seconds, self.frames + other.frames, self.dropped + other.dropped)


class Streaming(Filming[StreamOrder]):
    """One attempt. It lasts from its first frame on, interruptions included; `_earlier` is how long others did (s)."""

    def __init__(self, context: Context, parameters: Parameters) -> None:
        """Raises BadParameter."""
        super().__init__(context, parameters)
        folder = context.hls_folder / self._camera.camera_id
        self._target = target_of(context.event.event_type_id, parameters, folder)
        self._encoding = parameters.get("encoding", "").lower()
        if self._encoding not in ENCODINGS:
            raise BadParameter(field="encoding", wrong=self._encoding, right="empty, copy or h264")
        if parameters.get("audio"):
            self._notes.append("without sound: streams have pictures only")
        self._earlier = 0.0
        self._began_at: float | None = None
        self._sent = _Sent()
        self._sink_sent = _Sent()
        self._connections = 0
        self._live = False
        self._tried = False
        self._granted: Granted | None = None
        self._interruptions: deque[dict[str, Any]] = deque(maxlen=MOST_INTERRUPTIONS)

    async def run(self) -> Result:
        """As `Filming.run`; what the stream does is seen in the camera's `streams` meanwhile. Raises AlreadyActive."""
        if self._target.kind == "hls":
            self._claim_playlist()
        try:
            return await super().run()
        finally:
            self._camera.streams.pop(self._context.event.key, None)
            self._camera.playlists.pop(self._target.url, None)

    def _claim_playlist(self) -> None:
        """The folder is this stream's alone, which removes it at its end; another kind may have asked for it too."""
        own, camera = self._context.event.key, self._camera
        holder = camera.playlists.setdefault(self._target.url, own)
        if holder != own:
            raise AlreadyActive(kind=self._target.label, camera=camera.name, event=holder)

    async def _take_up(self) -> None:
        """Of earlier attempts only their progress is known."""
        self._earlier = self._duration * self._context.event.percent_complete / 100

    def _done(self) -> bool:
        return bool(self._duration) and self._duration - self._elapsed() <= 1e-3

    def _elapsed(self) -> float:
        since = self._began_at
        return self._earlier + (self._context.clock.monotonic() - since if since is not None else 0.0)

    def _order(self, continuation: int) -> StreamOrder:
        event, parameters = self._context.event, self._parameters
        wall, mono_ns = self._context.clock.now(), int(self._context.clock.monotonic() * 1e9)
        return StreamOrder(
            sink_id=f"{event.uuid}-{event.attempt_number}-{continuation}",
            consumer=f"{event.uuid}/{event.attempt_number}/{continuation}",
            kind=self._target.kind,
            url=self._target.url,
            label=self._target.label,
            token=self._target.token,
            requested_mono_ns=mono_ns,
            wall_offset_ns=int(wall * 1e9) - mono_ns,
            width=parameters.get("width", 0),
            height=parameters.get("height", 0),
            rate=parameters.get("fps", 0.0),
            bitrate=parameters.get("bitrate", 0),
            encoding=ENCODINGS[self._encoding],
            duration_seconds=self._duration - self._elapsed() if self._duration else 0.0,
            rotation_degrees=parameters.get("rotationDegrees", 0),
            hflip=bool(parameters.get("hflip")),
            vflip=bool(parameters.get("vflip")),
            overlay=parameters.get("overlay", ""),
        )

    async def _start(self, order: StreamOrder, stopping: Stopping) -> SinkHandle | None:
        return await self._camera.stream(order, stopping)

    async def _take(self, report: SinkReport, folder: Path) -> None:  # noqa: ARG002 - it makes no files
        match report:
            case SinkStarted(granted=granted):
                self._granted = granted
                self._filming = True
                if self._began_at is None:
                    self._began_at = self._context.clock.monotonic()
            case StreamReport():
                self._note_state(report)
            case SinkProgress(seconds=seconds, frames=frames, dropped=dropped):
                self._sink_sent = _Sent(seconds, frames, dropped)
                self._report_progress()
            case SinkEnded(seconds=seconds, frames=frames, dropped=dropped, notes=notes):
                self._sink_sent = _Sent(seconds, frames, dropped)
                self._close_account()
                self._notes.extend(notes)
            case _:
                pass

    async def _lost(self, error: HostLost) -> None:
        self._close_account()
        if self._live:
            self._interrupted(str(error))

    def _camera_was_there(self) -> bool:
        return self._filming or self._tried

    def _note_state(self, report: StreamReport) -> None:
        self._tried = report.attempts > 0  # a connection is tried with the first key frame
        if report.state == "live" and not self._live:
            self._live = True
            self._connections += 1
        elif report.state == "waiting" and self._live:
            self._interrupted(report.reason)
        elif report.state == "connecting":
            self._live = False  # the camera delivers something else: a new connection for it
        self._camera.streams[self._context.event.key] = StreamNow(self._target.label, report)

    def _interrupted(self, reason: str) -> None:
        self._live = False
        self._interruptions.append({"date": format_moment(micros(self._context.clock.now())), "reason": reason})

    def _close_account(self) -> None:
        """The present sink's figures go into those of the attempt."""
        self._sent, self._sink_sent = self._sent.plus(self._sink_sent), _Sent()

    def _report_progress(self) -> None:
        done = self._elapsed() / self._duration if self._duration else 0.0
        self._context.progress(min(99.9, math.floor(1000 * done) / 10))

    def _result(self, ended_by: str) -> Result:
        sent = self._sent.plus(self._sink_sent)
        return {
            "camera": self._camera.name,
            "target": self._target.label,
            "asked": self._asked(*_ASKED),
            "granted": self._granted.model_dump(mode="json", exclude={"notes"}) if self._granted else None,
            "seconds": round(sent.seconds, 3),
            "frames": sent.frames,
            "dropped": sent.dropped,
            "connections": self._connections,
            "interruptions": list(self._interruptions),
            "notes": list(dict.fromkeys([*(self._granted.notes if self._granted else ()), *self._notes])),
            "endedBy": ended_by,
        }


_ASKED = ("width", "height", "fps", "bitrate", "encoding", "rotationDegrees", "durationSeconds", "overlay")
