"""What jobs that take long are asked, and what they answer."""

from typing import Literal

from pydantic import Field

from hardware.models.camera import Model
from hardware.models.files import AbsolutePath, ClipFile, SoundFile


class EditPart(Model):
    """A clip, or what is between `start` and `end` of it (seconds of its media; None: to its end).

    `wall_ns`, `mono_ns`: when it begins (0: not known); `seconds`: how long it is, as far as that is known.
    """

    path: AbsolutePath
    wall_ns: int
    mono_ns: int = 0
    seconds: float = Field(ge=0)
    start: float = Field(default=0.0, ge=0)
    end: float | None = Field(default=None, ge=0)

    @property
    def share(self) -> float:
        """Seconds that are expected of it."""
        return max(0.0, (self.seconds if self.end is None else min(self.end, self.seconds)) - self.start)


class EditRequest(Model):
    """Job `edit`: one plain MP4, `target`, of the `parts` in their order, with their sound as far as it fits.

    Packets are copied where they can be: `codec` empty takes what the parts have, `copy` refuses to code anew. `rate`
    (frames per second, 0: as they are) and `exact` ask for coding. Without `exact` a part begins at the key frame
    before its start. The rest is for the sidecar.
    """

    parts: list[EditPart] = Field(min_length=1)
    target: AbsolutePath
    codec: Literal["", "copy", "h264", "mjpeg"] = ""
    rate: float = Field(default=0.0, ge=0, le=240)
    exact: bool = False
    made: Literal["joined", "extracted", "transcoded"]
    made_by: str = ""
    clock_quality: str
    boot_id: str
    context: dict[str, str] = Field(default_factory=dict)


class Edited(Model):
    """`clip` is on disk with its sidecar. `coded`: why the pictures were coded anew, empty when they were copied.

    `late`: seconds by which the first picture comes after the wanted start; below 0 when it comes before.
    """

    clip: ClipFile
    coded: str
    late: float
    notes: list[str]


class SoundRequest(Model):
    """Job `record_sound`: into `<stem><suffix of the encoding>` in `folder`, until the job's input ends, or for
    `duration_seconds` (0: no limit).

    `microphone` is an ALSA device, empty for the first that captures. `sample_rate` in Hz; `bitrate` in bit/s, 0 leaves
    it to the encoder. `wall_offset_ns`: wall time minus monotonic time.
    """

    folder: AbsolutePath
    stem: str
    microphone: str = ""
    encoding: Literal["opus", "aac", "flac"] = "opus"
    sample_rate: Literal[8000, 12_000, 16_000, 24_000, 48_000] = 48_000
    bitrate: int = Field(default=64_000, ge=0, le=512_000)
    duration_seconds: float = Field(default=0.0, ge=0, le=1e9)
    wall_offset_ns: int
    clock_quality: str
    context: dict[str, str] = Field(default_factory=dict)


class SoundRecorded(Model):
    """`sound` is on disk with its sidecar. `outcome`: why it ended; of a failure `error` and `message` tell more."""

    sound: SoundFile
    outcome: Literal["duration", "stopped", "failed"]
    error: str = ""
    message: str = ""
    notes: list[str] = Field(default_factory=list)
