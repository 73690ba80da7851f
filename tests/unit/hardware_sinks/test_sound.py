"""Sound: when it was taken, how it is kept in step with the pictures, what happens without a microphone."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from fakes.alsa import DEVICE, alsa_configuration, tone
from hypothesis import given
from hypothesis import strategies as st

from hardware.audio.alsa import open_alsa
from hardware.audio.clock import SampleClock
from hardware.audio.microphone import Microphone
from hardware.audio.sound import NS, RATE, Sound, SoundPacket, length_ns
from hardware.audio.track import SoundTrack
from hardware.containers.table import CONTAINERS
from hardware.errors import MicrophoneFailed

BLOCK = RATE // 100
MS = 1_000_000
START = 77 * NS


@given(st.lists(st.integers(0, 200), min_size=200, max_size=400), st.floats(-200e-6, 200e-6))
def test_late_arrivals_move_nothing_and_a_wrong_sample_rate_is_followed(lateness: list[int], drift: float) -> None:
    """Blocks of 10 ms; one in twenty is on time, the others up to 200 ms late, as a busy computer makes them."""
    clock = SampleClock()
    for number, late in enumerate(lateness):
        true_ns = START + round(number * 10 * MS * (1 + drift))
        arrival = true_ns + 10 * MS + (0 if number % 20 == 0 else late * MS)
        placed = clock.place(BLOCK, arrival)
        assert abs(placed - true_ns) <= (2 * MS if number >= 1 else 200 * MS)


def test_samples_that_were_lost_are_noticed_within_two_seconds() -> None:
    clock = SampleClock()
    for number in range(300):
        clock.place(BLOCK, START + (number + 1) * 10 * MS)
    errors = [
        clock.place(BLOCK, START + (number + 1) * 10 * MS) - (START + number * 10 * MS) for number in range(350, 600)
    ]
    assert errors[0] == pytest.approx(-500 * MS, abs=MS)
    assert errors[200] == pytest.approx(0, abs=MS)


@given(st.integers(0, 10**13), st.integers(0, 10**13), st.integers(0, 10**6))
def test_packets_that_follow_each_other_fit_exactly_in_any_segment(origin: int, first: int, position: int) -> None:
    one, other = SoundPacket(b"", origin, position, 1024), SoundPacket(b"", origin, position + 1024, 1024)
    assert other.samples_after(first) - one.samples_after(first) == 1024
    assert one.samples_after(first) / RATE == pytest.approx((one.mono_ns - first) / NS, abs=2 / RATE)


class Device:
    """A microphone that a test plays: `say` gives samples, `fail` ends it."""

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0
        self.broken = ""
        self._blocks: list[bytes | None] = []
        self._change = threading.Condition()

    @contextmanager
    def open(self, device: str) -> Iterator[Iterator[bytes]]:
        if self.broken:
            raise MicrophoneFailed(device=device, reason=self.broken)
        self.opened += 1
        try:
            yield self._read()
        finally:
            self.closed += 1

    def say(self, samples: bytes | None) -> None:
        with self._change:
            self._blocks.append(samples)
            self._change.notify()

    def _read(self) -> Iterator[bytes]:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._blocks)
                block = self._blocks.pop(0)
            if block is None:
                return
            yield block


class Ear:
    def __init__(self) -> None:
        self.heard: list[Sound] = []
        self.lost: list[str] = []

    def hear(self, sound: Sound) -> None:
        self.heard.append(sound)

    def lose(self, reason: str) -> None:
        self.lost.append(reason)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_a_microphone_is_open_while_somebody_listens() -> None:
    device, one, other = Device(), Ear(), Ear()
    microphone = Microphone("hw:1", device.open)
    microphone.listen(one)
    microphone.listen(other)
    device.say(bytes(BLOCK * 2))
    until(lambda: one.heard and other.heard)
    assert one.heard == other.heard
    microphone.leave(one)
    device.say(bytes(BLOCK * 2))
    until(lambda: len(other.heard) == 2)
    assert len(one.heard) == 1
    microphone.leave(other)
    device.say(bytes(BLOCK * 2))
    until(lambda: device.closed)
    assert device.opened == 1
    microphone.listen(one)
    device.say(bytes(BLOCK * 2))
    until(lambda: len(one.heard) == 2)
    microphone.leave(one)
    device.say(b"")


def test_a_microphone_that_fails_is_told_and_opened_again() -> None:
    device, ear = Device(), Ear()
    device.broken = "No such device"
    microphone = Microphone("hw:1", device.open, longest_delay=0.02)
    microphone.listen(ear)
    until(lambda: len(ear.lost) >= 2)
    assert ear.lost[0] == "microphone 'hw:1' does not work: No such device"
    device.broken = ""
    device.say(bytes(BLOCK * 2))
    until(lambda: ear.heard)
    device.say(None)
    until(lambda: "it ended" in ear.lost[-1])
    microphone.leave(ear)


@pytest.fixture
def track() -> SoundTrack:
    return SoundTrack(Microphone("hw:1", Device().open), CONTAINERS["mp4"])


def decoded(track: SoundTrack, packets: list[SoundPacket]) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    """The samples, the first one at the first packet's time."""
    stream = track.stream
    assert stream is not None
    decoder = av.CodecContext.create("aac", "r")
    decoder.extradata = stream.codec_context.extradata
    frames = [frame for packet in packets for frame in decoder.decode(av.Packet(packet.data))]
    return np.concatenate([frame.to_ndarray()[0] for frame in (*frames, *decoder.decode(None))])


def test_sound_keeps_its_time_through_gaps_and_surplus(track: SoundTrack) -> None:
    """The second block is 300 ms late in time, the third 100 ms early: silence is put in, samples are left out."""
    track.hear(Sound(tone(0, RATE // 2), START))
    track.hear(Sound(tone(0, RATE // 2), START + 800 * MS))
    track.hear(Sound(tone(0, RATE), START + 1200 * MS))
    packets = list(track.take(START + 2100 * MS))
    assert {one.count for one in packets} == {1024}
    assert all(other.position - one.position == 1024 for one, other in itertools.pairwise(packets))
    samples = decoded(track, packets)
    loud = [float(np.abs(samples[at * 48 + 1024 : at * 48 + 1024 + 480]).mean()) > 0.05 for at in (100, 600, 900, 1250)]
    assert loud == [True, False, True, True]
    assert packets[-1].mono_ns + length_ns(1024) == pytest.approx(START + 2100 * MS, abs=50 * MS)


def test_after_a_long_silence_the_sound_begins_anew_at_its_time(track: SoundTrack) -> None:
    track.hear(Sound(tone(0, RATE // 2), START))
    track.hear(Sound(tone(0, RATE // 2), START + 60 * NS))
    packets = list(track.take(START + 61 * NS))
    assert {packet.origin_ns for packet in packets} == {START, START + 60 * NS}
    assert sum(packet.count for packet in packets) < 1.3 * RATE


def test_a_picture_waits_for_its_sound_but_not_for_long(track: SoundTrack) -> None:
    began = time.monotonic()
    assert list(track.take(time.monotonic_ns())) == []
    assert 0.4 < time.monotonic() - began < 1.0
    began = time.monotonic()
    assert list(track.take(START)) == []  # pre-roll: nobody listened then
    track.lose("unplugged")
    assert list(track.take(time.monotonic_ns() + NS)) == []
    assert time.monotonic() - began < 0.2
    assert (track.news(), track.news()) == ("unplugged", "")
    assert track.stream is None
    track.hear(Sound(tone(0, BLOCK), START))
    assert track.news() == ""
    assert track.stream is not None


def test_a_microphone_that_hangs_is_told_too_and_waited_for_once(track: SoundTrack) -> None:
    track.await_first(0.01)
    assert track.news() == "the microphone gives nothing"
    track.hear(Sound(tone(0, RATE // 2), START))
    assert track.news() == ""
    assert list(track.take(START + 2 * NS))
    assert track.news() == ""
    assert list(track.take(START + 3 * NS)) == []
    assert track.news() == "the microphone gives nothing any more"
    track.hear(Sound(tone(0, RATE // 2), START + 3 * NS))
    assert (track.news(), len(list(track.take(START + 4 * NS))) > 10) == ("", True)


@pytest.mark.parametrize("kind", list(CONTAINERS))
def test_each_container_takes_the_track(kind: str, tmp_path: Path) -> None:
    track = SoundTrack(Microphone("hw:1", Device().open), CONTAINERS[kind])
    track.hear(Sound(tone(0, RATE), START))
    path = tmp_path / f"sound.{kind}"
    with av.open(str(path), "w", format=CONTAINERS[kind].muxer) as file:
        assert track.stream is not None
        stream = file.add_stream_from_template(track.stream)
        for packet in track.take(START + NS // 2):
            if packet.position >= 0:
                coded = av.Packet(packet.data)
                coded.pts = coded.dts = packet.samples_after(START)
                coded.duration, coded.stream = packet.count, stream
                coded.time_base = Fraction(1, RATE)
                file.mux(coded)
    with av.open(str(path)) as file:
        frames = list(file.decode(audio=0))
    assert {(frame.sample_rate, frame.layout.name) for frame in frames} == {(RATE, "mono")}
    assert sum(frame.samples for frame in frames) == pytest.approx(RATE / 2, abs=3000)


def test_an_alsa_device_is_read_as_fast_as_it_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ALSA's file plugin is no clock: what it gives at once is given on at 48 kHz."""
    samples = tone(0, RATE * 2)
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(alsa_configuration(tmp_path, samples)))
    began, heard = time.monotonic(), b""
    with open_alsa(DEVICE) as blocks:
        for block in blocks:
            heard += block
            if len(heard) >= RATE:  # half a second
                break
    assert 0.3 < time.monotonic() - began < 1.5
    assert samples.startswith(heard)
    with pytest.raises(MicrophoneFailed, match="microphone 'absent' does not work"), open_alsa("absent"):
        pass
