"""A sound recording with a microphone that fails, and what is whole of a file that was cut off."""

import io
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import av
import pytest
from fakes.alsa import tone
from fakes.microphone import FakeMicrophone
from hypothesis import given
from hypothesis import strategies as st

from hardware.audio import recording
from hardware.audio.formats import SOUND_FORMATS
from hardware.audio.recording import SoundRecorder
from hardware.audio.sound import RATE
from hardware.audio.soundfile import GrowingSound
from hardware.containers import ogg
from hardware.errors import NoMicrophone
from hardware.models import SoundFile
from hardware.models.jobs import SoundRequest


def request(folder: Path, **more: float) -> SoundRequest:
    return SoundRequest(
        folder=folder, stem="s", microphone="hw:1", wall_offset_ns=0, clock_quality="floor", encoding="flac", **more
    )


class Troubled(FakeMicrophone):
    """Breaks when `heard` blocks were given, and works again when it was tried `tries` times since."""

    def __init__(self, heard: int, tries: int) -> None:
        super().__init__()
        self._heard, self._tries = heard, tries

    @contextmanager
    def open(self, device: str) -> Iterator[Iterator[bytes]]:
        if self.broken:
            self._tries -= 1
            self.broken = self._tries > 0
        with super().open(device) as blocks:
            yield self._counted(blocks)

    def _counted(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        for number, block in enumerate(blocks):
            self.broken = number >= self._heard and self._tries > 0
            yield block


def test_what_the_microphone_misses_is_silence_of_the_same_length(tmp_path: Path) -> None:
    microphone = Troubled(heard=30, tries=2)
    recorded = SoundRecorder(request(tmp_path, duration_seconds=2.5), threading.Event(), microphone.open).run()
    assert (recorded.outcome, recorded.sound.seconds) == ("duration", 2.5)
    (note,) = recorded.notes
    assert note.startswith("no sound from ")
    assert "it was unplugged" in note
    assert recorded.sound.note == note


def test_a_microphone_that_stays_away_ends_the_recording_and_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "LONGEST_SILENCE", 0.3)
    microphone = Troubled(heard=20, tries=1000)
    recorded = SoundRecorder(request(tmp_path), threading.Event(), microphone.open).run()
    assert (recorded.outcome, recorded.error) == ("failed", "microphone_failed")
    assert "it was unplugged" in recorded.message
    assert recorded.sound.closed
    assert recorded.sound.seconds == pytest.approx(0.4, abs=0.1)


def test_a_microphone_that_never_was_there_is_none(tmp_path: Path) -> None:
    microphone = FakeMicrophone()
    microphone.broken = True
    with pytest.raises(NoMicrophone, match="No such device"):
        SoundRecorder(request(tmp_path), threading.Event(), microphone.open).run()
    assert list(tmp_path.iterdir()) == []


def test_one_that_says_nothing_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "FIRST_SOUND", 0.2)

    @contextmanager
    def mute(_device: str) -> Iterator[Iterator[bytes]]:
        yield (b"" for _ in range(1) if threading.Event().wait(0.4))

    with pytest.raises(NoMicrophone, match="it gives nothing"):
        SoundRecorder(request(tmp_path), threading.Event(), mute).run()


@cache
def whole_file(encoding: str) -> tuple[bytes, float]:
    """Three seconds of a tone, and how long they are."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"s{SOUND_FORMATS[encoding].suffix}")
        described = SoundFile.model_validate(
            {
                "file": path.name, "encoding": encoding, "sample_rate": RATE, "bitrate": 0, "microphone": "m",
                "first_mono_ns": 0, "start_wall_ns": 0, "clock_quality": "floor", "boot_id": "b",
            }
        )  # fmt: skip
        growing = GrowingSound(path, described)
        for second in range(3):
            growing.add(tone(second * RATE, RATE))
        growing.close("")
        return path.read_bytes(), 3.0


@pytest.mark.parametrize("encoding", ["opus", "flac"])
@given(part=st.floats(0, 1), garbage=st.binary(max_size=80))
def test_of_a_file_that_was_cut_anywhere_the_whole_pages_count(encoding: str, part: float, garbage: bytes) -> None:
    data, seconds = whole_file(encoding)
    cut = round(len(data) * part)
    layout = ogg.measure(io.BytesIO(data[:cut] + garbage))
    assert layout.end <= cut or data[cut : layout.end] == garbage[: layout.end - cut]
    assert ogg.measure(io.BytesIO(data[: layout.end])) == layout
    if layout.playable and layout.fragments:
        heard = length(data[: layout.end])
        assert heard <= seconds + 0.05
        assert heard >= seconds * cut / len(data) - 1.0


def length(data: bytes) -> float:
    with av.open(io.BytesIO(data), "r") as media:
        return sum(frame.samples / frame.sample_rate for frame in media.decode(audio=0))


def test_a_whole_file_is_whole() -> None:
    for encoding in ("opus", "flac"):
        data, _ = whole_file(encoding)
        layout = ogg.measure(io.BytesIO(data))
        assert (layout.end, layout.playable) == (len(data), True)
        assert layout.fragments >= 3
    assert ogg.measure(io.BytesIO(b"")).playable is False
