"""What rpicam-vid is told and what is understood of it: listing, command line, the pictures in its pipe."""

from itertools import pairwise

import pytest
from fakes.rpicam import LISTING
from fakes.source import coded_pictures
from hypothesis import given
from hypothesis import strategies as st

from hardware.models import Adjustment, Codec, Format
from hardware.sources.rpi.command import adjusting_arguments, command_for
from hardware.sources.rpi.listing import Mode, fastest, formats_of, parse_listing, refusal_of
from hardware.sources.rpi.splitting import MAX_PICTURE_BYTES, AccessUnits, BrokenStream, Jpegs, Piece, Splitter
from hardware.sources.rpi.times import SavedTimes

FILM = coded_pictures(Codec.H264, 64, 48, count=12, gop=5)
PHOTOS = coded_pictures(Codec.MJPEG, 64, 48, count=12)
SLICED = [b"\0\0\0\1\x65\x88first\0\0\1\x65\x12second", b"\0\0\0\1\x41\x9afirst\0\0\1\x41\x20second"] * 3


def fed(splitter: Splitter, data: bytes, cuts: list[int]) -> list[Piece]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    found: list[Piece] = []
    for number, (start, end) in enumerate(pairwise(places)):
        found += splitter.feed(data[start:end], number)
    return found


@given(st.lists(st.integers(0, 1 << 20), max_size=60))
def test_h264_comes_whole_however_it_is_cut(cuts: list[int]) -> None:
    found = fed(AccessUnits(), b"".join(data for data, _ in FILM), cuts)
    assert [(piece.data, piece.key) for piece in found] == FILM[:-1]  # the last one's end has not been seen
    assert [piece.arrival_ns for piece in found] == sorted(piece.arrival_ns for piece in found)


@given(st.lists(st.integers(0, 1 << 20), max_size=40))
def test_slices_of_a_picture_stay_together(cuts: list[int]) -> None:
    found = fed(AccessUnits(), b"rubbish" + b"".join(SLICED), cuts)
    assert [piece.data for piece in found] == SLICED[:-1]
    assert [piece.key for piece in found] == [True, False, True, False, True]


@given(st.lists(st.integers(0, 1 << 20), max_size=60))
def test_jpegs_come_whole_however_they_are_cut(cuts: list[int]) -> None:
    found = fed(Jpegs(), b"\xff\x00" + b"\0".join(data for data, _ in PHOTOS), cuts)
    assert [piece.data for piece in found] == [data for data, _ in PHOTOS]


@given(st.lists(st.one_of(st.binary(max_size=30), st.sampled_from([b"\0\0\1", b"\xff\xd8", b"\xff\xd9", b"\xff\xda"]))))
def test_rubbish_is_survived(parts: list[bytes]) -> None:
    for splitter in (AccessUnits(), Jpegs()):
        taken = b"".join(piece.data for part in parts for piece in splitter.feed(part, 0))
        assert len(taken) <= sum(map(len, parts))


def test_rubbish_before_jpegs_does_not_hide_them() -> None:
    found = fed(Jpegs(), b"\xff\xd8\x12\x34\xff\xd8\xff\xd9" + PHOTOS[0][0] + PHOTOS[1][0], [])
    assert [piece.data for piece in found] == [PHOTOS[0][0], PHOTOS[1][0]]


@pytest.mark.parametrize("begin", [b"\0\0\0\1\x65\x88", b"\xff\xd8\xff\xda\0\x02"])
def test_a_picture_without_end_is_given_up(begin: bytes) -> None:
    splitter = AccessUnits() if begin[0] == 0 else Jpegs()
    splitter.feed(begin, 0)

    def flood() -> None:
        for _ in range(MAX_PICTURE_BYTES // (1 << 20) + 1):
            splitter.feed(b"\x55" * (1 << 20), 0)

    with pytest.raises(BrokenStream, match="16 MiB"):
        flood()


def test_bytes_without_any_start_are_not_kept() -> None:
    for splitter in (AccessUnits(), Jpegs()):
        for _ in range(40):
            assert splitter.feed(b"\x55" * (1 << 20), 0) == []


@given(st.lists(st.integers(0, 10**9), max_size=20), st.lists(st.integers(0, 1 << 20), max_size=20))
def test_saved_times_are_read_however_they_are_cut(micros: list[int], cuts: list[int]) -> None:
    text = b"# timecode format v2\n" + b"".join(f"{it // 1000}.{it % 1000:03d}\n".encode() for it in micros)
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    saved = SavedTimes()
    found = [time for start, end in pairwise(places) for time in saved.feed(text[start:end])]
    assert found == [it * 1000 for it in micros]


@pytest.mark.parametrize("text", [b"soon\n", b"-1.000\n", b"1.5\n", b"1" * 100])
def test_times_that_are_none_are_refused(text: bytes) -> None:
    with pytest.raises(BrokenStream, match="times"):
        SavedTimes().feed(text)


def test_the_listing_is_read() -> None:
    first, second = parse_listing(LISTING)
    assert (first.number, first.name, first.modes[0]) == (0, "imx708", Mode(4608, 2592, 14.35))
    assert (second.number, second.name, second.modes[-1]) == (1, "ov5647", Mode(640, 480, 58.92))
    assert parse_listing("No cameras available!\n") == ()
    (bare,) = parse_listing("0 : imx219 [3280x2464] (/base/soc/i2c0mux/i2c@1/imx219@10)\n")
    assert bare.modes == (Mode(3280, 2464, 30.0),)


@given(st.text(max_size=300))
def test_any_listing_is_read_or_is_empty(text: str) -> None:
    for camera in parse_listing(text + "\n0 : a [64x48] (b)\n" + text):
        assert formats_of(camera) or camera.modes[0].width < 640


def test_the_formats_are_what_the_sensor_has() -> None:
    camera = parse_listing(LISTING)[1]
    formats = formats_of(camera)
    assert formats[0] == Format(codec=Codec.H264, width=1920, height=1080, rate=15.63)
    assert Format(codec=Codec.H264, width=1280, height=720, rate=46.34) in formats
    assert formats[-1] == Format(codec=Codec.MJPEG, width=2592, height=1944, rate=15.63)
    assert fastest(camera, 640, 480) == 58.92
    assert refusal_of(camera, formats[0]) == ""
    assert "h264 and mjpeg" in refusal_of(camera, formats[0].model_copy(update={"codec": Codec.YUYV}))
    assert "2592x1944" in refusal_of(camera, formats[0].model_copy(update={"width": 3000}))
    assert "mjpeg" in refusal_of(camera, formats[0].model_copy(update={"width": 2592, "height": 1944}))


def test_the_command_line() -> None:
    film = Format(codec=Codec.H264, width=1280, height=720, rate=30)
    command = command_for("/bin/rpicam-vid", 1, film, software_encoder=False)
    assert command[:2] == ["/bin/rpicam-vid", "--camera=1"]
    assert {"--codec=h264", "--inline", "--intra=30", "--timeout=0", "--output=-", "--nopreview"} <= set(command)
    assert "--low-latency" not in command
    # Without it the program's own encoder makes B-frames.
    assert "--low-latency" in command_for("rpicam-vid", 0, film, software_encoder=True)
    assert "--codec=mjpeg" in command_for(
        "rpicam-vid", 0, film.model_copy(update={"codec": Codec.MJPEG}), software_encoder=True
    )


def test_an_adjustment_becomes_options() -> None:
    wanted = Adjustment(
        shutter_us=8000, exposure="sport", awb="moonlight", ev=-1.5, brightness=0.25, hdr="off",
        controls={"lens_position": "2.5", "hflip": True, "vflip": False, "zoom": 3, "roi": "0 --output=/etc/x"},
        encoder={"bitrate": 4_000_000, "h264_profile": 2},
    )  # fmt: skip
    options, adjusted = adjusting_arguments(wanted)
    assert sorted(options.values()) == [
        "--bitrate=4000000", "--brightness=0.25", "--ev=-1.5", "--exposure=sport", "--hdr=off", "--hflip",
        "--lens-position=2.5", "--shutter=8000",
    ]  # fmt: skip
    assert set(adjusted.unmet) == {"awb", "zoom", "roi", "h264_profile"}
    assert "daylight" in adjusted.unmet["awb"]
    assert adjusted.met | set(adjusted.unmet) == set(wanted.asked())
