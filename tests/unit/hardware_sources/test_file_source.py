"""The file source: a recorded file as a camera, in real time and without end."""

import os
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from fakes.footage import FakeClock, make_fragmented, mjpeg_footage, short_footage

from hardware.errors import CameraUnavailable, FormatUnsupported, StorageFailed
from hardware.models import CameraSpec, Codec, Format, Packet
from hardware.sources.file import FOOTAGE, FileSource
from hardware.sources.journal import read_journal
from hardware.sources.pacing import Pacer

TENTH = 100_000_000


def spec(address: str | Path = "", **options: str) -> CameraSpec:
    return CameraSpec(camera_id="street", name="Street", backend="file", address=str(address), options=options)


def paced(address: str | Path = "") -> tuple[FileSource, FakeClock]:
    clock = FakeClock()
    return FileSource(spec(address), Pacer(clock.monotonic_ns, clock.sleep)), clock


def take(source: FileSource, count: int) -> list[Packet]:
    packets = [source.read(1.0) for _ in range(count)]
    assert None not in packets
    return [packet for packet in packets if packet is not None]


def decode(packets: list[Packet]) -> list[np.ndarray]:
    decoder = av.CodecContext.create("h264", "r")
    frames = [frame for packet in packets for frame in decoder.decode(av.Packet(packet.data))]
    frames += decoder.decode(None)
    assert not any(frame.is_corrupt for frame in frames)
    return [frame.to_ndarray(format="gray") for frame in frames]


def test_an_empty_address_is_the_bundled_street() -> None:
    info = FileSource(spec()).probe()
    assert info.formats == (Format(codec=Codec.H264, width=768, height=576, rate=10),)
    assert (info.live, info.address) == (False, str(FOOTAGE))
    assert FOOTAGE.stat().st_size < 1_200_000


@pytest.mark.parametrize("make", [short_footage, mjpeg_footage])
def test_it_loops_with_rising_times_and_numbers(make: Callable[[int], Path]) -> None:
    source, clock = paced(make(20))
    start_ns = clock.now_ns
    source.open(None)
    packets = take(source, 50)
    assert [packet.sequence for packet in packets] == list(range(50))
    assert [packet.mono_ns for packet in packets] == [start_ns + number * TENTH for number in range(50)]
    assert [packet.data for packet in packets[20:40]] == [packet.data for packet in packets[:20]]
    assert clock.now_ns == packets[-1].mono_ns


def test_a_packet_is_never_early_and_never_skipped() -> None:
    source, clock = paced(short_footage(20))
    source.open(None)
    first = source.read(0)
    assert source.read(0.04) is None
    assert source.read(0.04) is None
    second = source.read(0.04)
    assert first is not None
    assert second is not None
    assert (first.sequence, second.sequence, second.mono_ns) == (0, 1, clock.now_ns)


def test_a_late_reader_gets_every_packet_with_its_own_time() -> None:
    source, clock = paced(short_footage(20))
    source.open(None)
    first_ns = take(source, 1)[0].mono_ns
    clock.now_ns += 3_000_000_000
    slept = len(clock.slept)
    packets = take(source, 30)
    assert [packet.mono_ns for packet in packets] == [first_ns + number * TENTH for number in range(1, 31)]
    assert len(clock.slept) == slept


def test_every_key_frame_is_a_beginning_also_over_the_seam() -> None:
    source, _ = paced(short_footage(30))
    source.open(None)
    packets = take(source, 75)
    keys = [packet.sequence for packet in packets if packet.key]
    assert keys == [0, 20, 30, 50, 60]
    for key in keys:
        assert len(decode(packets[key:])) == 75 - key
    assert np.array_equal(decode(packets[30:])[0], decode(packets)[0])


def test_h264_is_annex_b_with_its_parameter_sets_in_band() -> None:
    source, _ = paced(make_fragmented_once())
    source.open(None)
    for packet in take(source, 45):
        assert packet.data.startswith(b"\0\0\0\1")
        assert packet.key == (b"\0\0\0\1\x67" in packet.data)
        assert packet.key == (b"\0\0\0\1\x68" in packet.data)


def make_fragmented_once() -> Path:
    return make_fragmented(short_footage(20).with_name("fragmented.mp4"), 40)


def test_mjpg_packets_are_whole_pictures() -> None:
    source, _ = paced(mjpeg_footage(20))
    assert source.open(None).codec is Codec.MJPEG
    for packet in take(source, 25):
        assert (packet.data[:2], packet.data[-2:], packet.key) == (b"\xff\xd8", b"\xff\xd9", True)
        picture = cv2.imdecode(np.frombuffer(packet.data, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert picture.shape == (576, 768, 3)


def test_it_grants_its_own_format_whatever_is_wanted() -> None:
    source, _ = paced()
    assert source.open(Format(codec=Codec.MJPEG, width=1280, height=720, rate=30)).width == 768


def test_each_open_begins_anew() -> None:
    source, clock = paced()
    source.open(None)
    before = take(source, 3)
    source.close()
    source.close()
    clock.now_ns += 7_000_000_000
    source.open(None)
    after = take(source, 3)
    assert [packet.data for packet in after] == [packet.data for packet in before]
    assert after[0].mono_ns == before[2].mono_ns + 7_000_000_000
    assert after[0].sequence == 0


def test_real_time() -> None:
    source = FileSource(spec())
    begun = time.monotonic_ns()
    source.open(None)
    packets = take(source, 4)
    assert time.monotonic_ns() - begun >= 3 * TENTH
    assert begun <= packets[0].mono_ns <= time.monotonic_ns()
    assert packets[3].mono_ns <= time.monotonic_ns()
    source.close()


def test_a_missing_file_is_an_unavailable_camera(tmp_path: Path) -> None:
    with pytest.raises(CameraUnavailable, match="no file"):
        FileSource(spec(tmp_path / "none.mp4")).open(None)


def test_a_file_without_media_is_an_unavailable_camera(tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("no film" * 100)
    with pytest.raises(CameraUnavailable, match="not a media file"):
        FileSource(spec(text)).probe()


def test_a_file_without_pictures_ends_instead_of_spinning(tmp_path: Path) -> None:
    source, _ = paced(make_fragmented(tmp_path / "index.mp4", 0))

    def first_packet() -> Packet | None:
        source.open(None)
        return source.read(1.0)

    with pytest.raises(CameraUnavailable):
        first_packet()


def test_b_frames_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.mp4"
    with av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=10, options={"bf": "2", "x264-params": "b-adapt=0"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for shade in range(20):
            target.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((96, 64), shade * 9, np.uint8), "yuv420p")))
        target.mux(stream.encode(None))
    with pytest.raises(FormatUnsupported, match="B-frames"):
        FileSource(spec(path)).probe()


def test_the_journal_is_told_of_everything(tmp_path: Path) -> None:
    journal = tmp_path / "witness.jsonl"
    source = FileSource(spec(journal=str(journal)))
    source.open(None)
    source.note("event/1/0", "start")
    source.note("event/1/0", "end")
    source.close()
    source.close()
    entries = read_journal(journal)
    told = [(entry["what"], entry["consumer"]) for entry in entries]
    assert told == [("open", ""), ("start", "event/1/0"), ("end", "event/1/0"), ("close", "")]
    assert {(entry["pid"], entry["camera"]) for entry in entries} == {(os.getpid(), "street")}


def test_a_journal_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    source = FileSource(spec(journal=str(tmp_path / "no" / "such" / "folder")))
    with pytest.raises(StorageFailed):
        source.note("event/1/0", "start")


def test_opening_and_dropping_leaks_nothing() -> None:
    def descriptors() -> int:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())

    FileSource(spec()).open(None)
    before = descriptors()
    for _ in range(30):
        source, _ = paced(short_footage(20))
        source.open(None)
        take(source, 3)
        source.close()
        dropped, _ = paced(mjpeg_footage(20))
        dropped.open(None)
        take(dropped, 1)
    del dropped
    assert descriptors() <= before


def test_the_schedule_is_exact_over_a_day() -> None:
    clock = FakeClock(0)
    pacer = Pacer(clock.monotonic_ns, clock.sleep)
    pacer.start(Fraction(30000, 1001))
    assert pacer.due_ns(30000 * 60 * 60 * 24 // 1001) // 1_000_000_000 in (86399, 86400)
    assert pacer.due_ns(30000) == 1001 * 1_000_000_000
