"""Segments of every container: written with real codecs, cut anywhere, recovered, made plain."""

import hashlib
import shutil
from itertools import pairwise
from pathlib import Path

import av
import pytest
from fakes.recording import decode
from fakes.source import coded_pictures

from hardware.containers.table import CONTAINERS, container_of
from hardware.jobs import recover
from hardware.media import inspect
from hardware.models import ClipFile, Codec, Packet
from hardware.sinks.plainfile import make_plain
from hardware.sinks.salvage import salvage
from hardware.sinks.segment import Segment, sidecar_path
from hardware.sinks.syncing import Syncer

FIRST = 5_000_000_123
RATE = 10
KINDS = [
    (name, codec) for name, kind in CONTAINERS.items() for codec in (Codec.H264, Codec.MJPEG) if codec in kind.takes
]


@pytest.fixture(scope="module")
def syncer() -> Syncer:
    return Syncer()


def pictures(codec: Codec, count: int) -> list[Packet]:
    """Ten a second, each a little late or early as a driver's are."""
    coded = coded_pictures(codec, 160, 120, count)
    times = [FIRST + round(number * 1e9 / RATE) + (number * 7919 % 100) * 10_000 for number in range(count)]
    return [
        Packet(data, codec, 160, 120, mono_ns, number, key)
        for number, ((data, key), mono_ns) in enumerate(zip(coded, times, strict=True))
    ]


def open_segment(path: Path, packets: list[Packet], syncer: Syncer, **changes: object) -> Segment:
    clip = ClipFile(
        file=path.name, index=0, codec=packets[0].codec, width=160, height=120, rate=RATE, encoded=False,
        first_mono_ns=packets[0].mono_ns, start_wall_ns=0, clock_quality="unset", boot_id="",
    ).model_copy(update=changes)  # fmt: skip
    segment = Segment(path, clip, syncer)
    for packet in packets:
        segment.add(packet)
    return segment


def abandon(segment: Segment) -> None:
    """What a kill does, but for the process: nothing more is written."""
    segment._file.write = len  # type: ignore[method-assign, assignment]
    segment._file.write_all = len  # type: ignore[method-assign, assignment]
    segment._muxer.close()
    segment._release()


def frame_times(path: Path) -> list[float]:
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        assert stream.time_base is not None
        return [float((packet.pts or 0) * stream.time_base) for packet in file.demux(stream) if packet.size]


@pytest.mark.parametrize(("kind", "codec"), KINDS)
def test_a_closed_segment_holds_every_picture_at_its_time(
    tmp_path: Path, syncer: Syncer, kind: str, codec: Codec
) -> None:
    packets = pictures(codec, 25)
    path = tmp_path / f"clip-0.{kind}"
    clip = open_segment(path, packets, syncer).close(packets[-1].mono_ns + 50_000_000, 3, "")
    assert (clip.frames, clip.dropped, clip.size) == (25, 3, path.stat().st_size)
    assert clip.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert clip.seconds == pytest.approx((packets[-1].mono_ns - FIRST) / 1e9 + 0.05, abs=2e-5)
    assert inspect(path).decodable
    told = [time - frame_times(path)[0] for time in frame_times(path)]
    assert told == pytest.approx([(packet.mono_ns - packets[0].mono_ns) / 1e9 for packet in packets], abs=1e-3)


@pytest.mark.parametrize(("kind", "codec"), KINDS)
def test_what_a_kill_leaves_lacks_at_most_the_open_second(
    tmp_path: Path, syncer: Syncer, kind: str, codec: Codec
) -> None:
    path = tmp_path / f"clip-0.{kind}"
    abandon(open_segment(path, pictures(codec, 48), syncer))
    clip = recover({"path": str(path)})
    assert 37 <= clip.frames <= 48
    assert (clip.closed, clip.recovered, clip.size) == (True, True, path.stat().st_size)
    assert len(decode(path)) == clip.frames
    assert inspect(path).decodable
    assert recover({"path": str(path)}) == clip


@pytest.mark.parametrize(("kind", "codec"), KINDS)
def test_at_any_moment_the_file_has_all_but_three_quarters_of_a_second(
    tmp_path: Path, syncer: Syncer, kind: str, codec: Codec
) -> None:
    """The last quarter of the second that a power cut costs is the handful that has not come here yet."""
    packets = [large(packet) for packet in pictures(codec, 32)]
    path, cut = tmp_path / f"clip-0.{kind}", tmp_path / f"cut.{kind}"
    segment = open_segment(path, packets[:1], syncer)
    behind = []
    for newest, following in pairwise(packets[1:]):
        segment.add(newest)
        shutil.copyfile(path, cut)
        behind.append((following.mono_ns - FIRST) / 1e9 - salvage(cut).seconds)
    abandon(segment)
    assert max(behind) <= 0.75


@pytest.mark.parametrize(("kind", "codec"), KINDS)
def test_a_file_that_is_torn_anywhere_decodes_to_its_last_picture(
    tmp_path: Path, syncer: Syncer, kind: str, codec: Codec
) -> None:
    path = tmp_path / f"clip-0.{kind}"
    open_segment(path, pictures(codec, 30), syncer).close(None, 0, "")
    whole, sidecar = path.read_bytes(), sidecar_path(path).read_bytes()
    kept = []
    for size in range(len(whole) // 9, len(whole), len(whole) // 9):
        path.write_bytes(whole[:size])
        sidecar_path(path).write_bytes(sidecar.replace(b'"closed":true', b'"closed":false'))
        clip = recover({"path": str(path)})
        kept.append(clip.frames)
        assert whole.startswith(path.read_bytes())
        if clip.frames:
            assert inspect(path).decodable
            assert len(decode(path)) == clip.frames
    assert all(one <= other for one, other in pairwise(kept))
    assert kept[-1] >= 10


@pytest.mark.parametrize(("kind", "codec"), KINDS)
def test_a_plain_mp4_is_made_of_each(tmp_path: Path, syncer: Syncer, kind: str, codec: Codec) -> None:
    path = tmp_path / f"clip-0.{kind}"
    clip = open_segment(path, pictures(codec, 20), syncer).close(None, 0, "")
    plain = make_plain(path, tmp_path / "plain.mp4")
    assert plain.frames == clip.frames == 20
    assert inspect(plain.path).decodable


def large(packet: Packet) -> Packet:
    """As large as a camera's picture of VGA size; below 4 KB Matroska has several of them wait together."""
    return Packet(packet.data + bytes(8192), packet.codec, 160, 120, packet.mono_ns, packet.sequence, packet.key)


def minutes(codec: Codec, count: int) -> list[Packet]:
    """One picture a minute."""
    return [
        Packet(packet.data, packet.codec, 160, 120, FIRST + number * 60_000_000_000, number, packet.key)
        for number, packet in enumerate(pictures(codec, count))
    ]


@pytest.mark.parametrize(("kind", "codec"), KINDS)
def test_a_kill_costs_a_time_lapse_its_last_picture_and_not_the_last_second_that_it_is_shown(
    tmp_path: Path, syncer: Syncer, kind: str, codec: Codec
) -> None:
    path = tmp_path / f"clip-0.{kind}"
    segment = open_segment(path, minutes(codec, 20), syncer, rate=25.0, lapse_seconds=60.0)
    clip = recover({"path": str(path)})
    assert clip.frames >= 19
    assert len(decode(path)) == clip.frames
    assert segment.frames == 20


@pytest.mark.parametrize("kind", list(CONTAINERS))
def test_the_pictures_of_a_time_lapse_are_shown_at_its_rate(tmp_path: Path, syncer: Syncer, kind: str) -> None:
    packets = minutes(Codec.H264, 30)
    path = tmp_path / f"clip-0.{kind}"
    segment = open_segment(path, packets, syncer, rate=25.0, lapse_seconds=60.0)
    clip = segment.close(None, 0, "")
    assert clip.seconds == pytest.approx(1.2, abs=1e-4)
    assert (clip.frames, clip.first_mono_ns) == (30, FIRST)
    times = frame_times(path)
    assert [later - one for one, later in pairwise(times)] == pytest.approx([0.04] * 29, abs=1e-3)


def test_only_files_of_ours_have_a_container() -> None:
    assert container_of(Path("/media/x.mkv")) is CONTAINERS["mkv"]
    assert container_of(Path("/media/x.avi")) is None


def test_there_is_never_a_media_file_without_a_sidecar(
    tmp_path: Path, syncer: Syncer, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "one-0.mp4"
    seen: list[bool] = []

    def killed_while_creating(created: Path, **_: object) -> None:
        seen.append(sidecar_path(created).exists())
        raise OSError("as far as it got")

    monkeypatch.setattr("hardware.sinks.segment.MediaFile", killed_while_creating)
    with pytest.raises(OSError, match="as far as it got"):
        open_segment(path, pictures(Codec.MJPEG, 1), syncer)
    assert seen == [True]
    assert list(tmp_path.iterdir()) == []


def test_a_clip_that_is_there_keeps_its_sidecar(tmp_path: Path, syncer: Syncer) -> None:
    path = tmp_path / "one-0.mp4"
    open_segment(path, pictures(Codec.MJPEG, 3), syncer).close(None, 0, "")
    before = sidecar_path(path).read_bytes()
    with pytest.raises(FileExistsError):
        open_segment(path, pictures(Codec.MJPEG, 1), syncer)
    assert sidecar_path(path).read_bytes() == before
