"""The job `record_sound`: what a microphone hears, until it is told to end. Loads av."""

import os
import queue
import signal
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Literal

from hardware.audio.alsa import open_alsa
from hardware.audio.finding import first_microphone
from hardware.audio.formats import SOUND_FORMATS
from hardware.audio.microphone import Microphone, OpenSound
from hardware.audio.sound import NS, RATE, SAMPLE_BYTES, Sound
from hardware.audio.soundfile import GrowingSound
from hardware.boot import boot_id
from hardware.errors import HardwareError, MicrophoneFailed, NoMicrophone
from hardware.models import SoundFile
from hardware.models.jobs import SoundRecorded, SoundRequest
from hardware.system import end_with_parent
from hardware.telling import Progress, tell

FIRST_SOUND = 5.0
"""Seconds that a microphone may take to give the first samples."""
LONGEST_SILENCE = 10.0
"""Seconds for which a microphone that fails is waited for; what is missing is silence."""

_SLACK = RATE // 50
"""Samples by which sound and its time may differ: 20 ms."""
_TOLD_GAP = RATE
_TICK = 0.2
_INPUT, _BLOCK = 0, 4096


def record_sound(arguments: object) -> SoundRecorded:
    """Job `record_sound`: a SoundRequest until its time is over, the job's input ends, or SIGTERM comes.

    Tells `started` (the sidecar's content) and then `seconds`. Raises NoMicrophone, StorageFull, StorageFailed: then
    what was written is for `recover_sound`.
    """
    request = SoundRequest.model_validate(arguments)
    ending = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        ending.set()

    signal.signal(signal.SIGTERM, on_signal)
    end_with_parent()
    threading.Thread(target=_wait_for_end_of_input, args=(ending,), name="input", daemon=True).start()
    return SoundRecorder(request, ending, open_alsa).run()


def _wait_for_end_of_input(ending: threading.Event) -> None:
    while os.read(_INPUT, _BLOCK):  # not sys.stdin, whose lock nobody may hold when the process ends
        pass
    ending.set()


class SoundRecorder:
    """One recording. The microphone's thread calls `hear` and `lose`."""

    def __init__(self, request: SoundRequest, ending: threading.Event, open_sound: OpenSound) -> None:
        self._request = request
        self._ending = ending
        self._device = request.microphone or first_microphone()
        self._microphone = Microphone(self._device, open_sound, longest_delay=1.0)
        self._heard: queue.Queue[Sound | str] = queue.Queue()
        self._most = round(request.duration_seconds * RATE)
        self._file: GrowingSound | None = None
        self._origin_ns = 0
        self._newest = 0.0
        self._lost = ""
        self._notes: list[str] = []
        self._seconds = Progress("seconds")

    def hear(self, sound: Sound) -> None:
        """See `Listener`."""
        self._heard.put(sound)

    def lose(self, reason: str) -> None:
        """See `Listener`."""
        self._heard.put(reason)

    def run(self) -> SoundRecorded:
        """Raises NoMicrophone, StorageFull, StorageFailed."""
        self._newest = time.monotonic()
        self._microphone.listen(self)
        try:
            outcome, error = self._record()
        finally:
            self._microphone.leave(self)
        if self._file is None:  # ended before anything was heard
            raise NoMicrophone(device=self._device, reason="nothing was heard before the end")
        sound = self._file.close("; ".join(self._notes))
        failed = {"error": error.code, "message": str(error)} if error else {}
        return SoundRecorded(sound=sound, outcome=outcome, notes=self._notes, **failed)

    def _record(self) -> tuple[Literal["duration", "stopped", "failed"], HardwareError | None]:
        while not self._ending.is_set():
            try:
                item = self._heard.get(timeout=_TICK)
            except queue.Empty:
                item = ""
            if isinstance(item, Sound):
                if self._take(item):
                    return "duration", None
            else:
                self._miss(item)
                if self._file is not None and time.monotonic() - self._newest > LONGEST_SILENCE:
                    reason = self._lost or "it gives nothing any more"
                    return "failed", MicrophoneFailed(device=self._device, reason=reason)
        return "stopped", None

    def _miss(self, reason: str) -> None:
        """Nothing was heard; before the first sound a microphone that fails is none."""
        self._lost = self._lost or reason
        if self._file is None and (reason or time.monotonic() - self._newest > FIRST_SOUND):
            raise NoMicrophone(device=self._device, reason=reason or "it gives nothing")

    def _take(self, sound: Sound) -> bool:
        """Writes the samples to where their time is; whether that was all."""
        file = self._file or self._open(sound)
        self._newest = time.monotonic()
        gap = round((sound.mono_ns - self._origin_ns) * RATE / NS) - file.count
        if gap > _SLACK:
            self._note_gap(sound, gap)
            self._add(file, bytes(gap * SAMPLE_BYTES))
        self._add(file, sound.samples[max(0, -gap if gap < -_SLACK else 0) * SAMPLE_BYTES :])
        self._seconds(file.seconds)
        return bool(self._most) and file.count >= self._most

    def _add(self, file: GrowingSound, samples: bytes) -> None:
        left = (self._most - file.count) * SAMPLE_BYTES if self._most else len(samples)
        file.add(samples[:left])

    def _note_gap(self, sound: Sound, gap: int) -> None:
        if gap >= _TOLD_GAP:
            ended = (sound.mono_ns + self._request.wall_offset_ns) / NS
            moment = datetime.fromtimestamp(ended - gap / RATE, UTC)
            why = f": {self._lost}" if self._lost else ""
            self._notes.append(f"no sound from {moment:%H:%M:%S} UTC for {gap / RATE:.1f} s{why}")
        self._lost = ""

    def _open(self, sound: Sound) -> GrowingSound:
        request = self._request
        path = Path(request.folder) / f"{request.stem}{SOUND_FORMATS[request.encoding].suffix}"
        described = SoundFile(
            file=path.name,
            encoding=request.encoding,
            sample_rate=request.sample_rate,
            bitrate=0 if SOUND_FORMATS[request.encoding].lossless else request.bitrate,
            microphone=self._device,
            first_mono_ns=sound.mono_ns,
            start_wall_ns=sound.mono_ns + request.wall_offset_ns,
            clock_quality=request.clock_quality,
            boot_id=boot_id(),
            context=request.context,
        )
        self._origin_ns = sound.mono_ns
        self._file = GrowingSound(path, described)
        tell(started=described.model_dump(mode="json"))
        return self._file
