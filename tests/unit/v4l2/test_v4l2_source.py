"""The V4L2 source against a driver in this process: what is granted, what is delivered, what becomes of faults."""

import errno
import select
from collections.abc import Callable
from typing import NoReturn

import pytest
from fakes.v4l2 import START_NS, FakeCamera, FakeSystem
from fakes.v4l2_opened import NODE, opened, source_of, take
from fakes.v4l2_pictures import MJPG_HD, MJPG_VGA, YUYV_HD, YUYV_TINY, FakeMode, jpeg

from hardware.errors import CameraBusy, CameraUnavailable, FormatUnsupported, HardwareError
from hardware.models import CameraSpec, Codec, Format
from hardware.sources.auto import AutoSource
from hardware.sources.v4l2 import V4l2Source
from hardware.v4l2 import abi
from hardware.v4l2.abi import BufferFlags, Capabilities, Field, Request
from hardware.v4l2.system import Argument

PLANAR = Capabilities.VIDEO_CAPTURE_MPLANE | Capabilities.STREAMING
HD = Format(codec=Codec.MJPEG, width=1280, height=720, rate=30)
TINY = Format(codec=Codec.YUYV, width=32, height=24, rate=30)


def test_compressed_frames_are_delivered_in_time_with_number_and_stamp() -> None:
    system = FakeSystem({NODE: FakeCamera()})
    source = source_of(system)
    assert source.open(None) == HD
    packets = take(source, 40)
    assert [packet.sequence for packet in packets] == list(range(40))
    assert packets[7].data == jpeg(1280, 720, 7)
    assert (packets[0].codec, packets[0].width, packets[0].height, packets[0].key) == (Codec.MJPEG, 1280, 720, True)
    interval = 10**9 // 30
    assert all(abs(p.mono_ns - (START_NS + (n + 1) * interval)) < 1000 for n, p in enumerate(packets))
    assert source.losses == {"missed": 0}
    assert source.probe().note == ""
    source.close()
    source.close()
    assert system.released()


def test_nothing_in_time_is_no_packet() -> None:
    source, system = opened(FakeCamera(silent_after=2))
    take(source, 2)
    before = system.now_ns
    assert source.read(0.5) is None
    assert system.now_ns - before == 500_000_000


@pytest.mark.parametrize("planar", [False, True])
def test_raw_rows_are_packed_on_one_plane_or_in_the_multi_planar_interface(planar: bool) -> None:
    camera = FakeCamera(row_padding=16, planar=planar)
    if planar:
        camera.device_caps, camera.data_offset = PLANAR, 8
    source, system = opened(camera, TINY)
    packets = take(source, 10)
    assert packets[3].data == bytes([3]) * (32 * 24 * 2)
    assert {packet.codec for packet in packets} == {Codec.YUYV}
    source.close()
    assert system.released()


def test_a_slow_reader_loses_frames_and_knows_how_many() -> None:
    source, system = opened(FakeCamera())
    take(source, 1)
    system.now_ns += 10**9
    late = take(source, 7)
    # Six buffers waited; what came while none was free is missed.
    assert [packet.sequence for packet in late] == [1, 2, 3, 4, 5, 6, late[6].sequence]
    assert source.losses == {"missed": late[6].sequence - 7}
    assert late[6].sequence >= 30


def test_sequence_gaps_are_passed_on_and_counted() -> None:
    source, _ = opened(FakeCamera(skips={3: 4}))
    assert [packet.sequence for packet in take(source, 5)] == [0, 1, 2, 7, 8]
    assert source.losses == {"missed": 4}


def test_a_driver_that_does_not_count() -> None:
    source, _ = opened(FakeCamera(counts=False))
    assert [packet.sequence for packet in take(source, 3)] == [0, 1, 2]


def test_sequence_wraps() -> None:
    source, _ = opened(FakeCamera(first_sequence=2**32 - 1))
    assert [packet.sequence for packet in take(source, 2)] == [2**32 - 1, 2**32]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda whole: whole[:-10], "truncated"),
        (lambda _: b"", "empty"),
        (lambda whole: whole[3:], "start"),
        (lambda _: jpeg(640, 480), "size"),
    ],
)
def test_broken_frames_are_dropped_and_counted(damage: Callable[[bytes], bytes], reason: str) -> None:
    source, _ = opened(FakeCamera(damage={0: damage, 2: damage, 3: damage}))
    assert [packet.sequence for packet in take(source, 3)] == [1, 4, 5]
    assert source.losses == {"missed": 0, reason: 3}


def test_frames_with_the_error_flag_are_dropped_and_counted() -> None:
    source, _ = opened(FakeCamera(flagged=frozenset({1})))
    assert [packet.sequence for packet in take(source, 2)] == [0, 2]
    assert source.losses == {"missed": 0, "flagged": 1}


def test_raw_frames_cut_short_are_dropped_and_counted() -> None:
    source, _ = opened(FakeCamera(damage={1: lambda whole: whole[:-1]}), TINY)
    assert [packet.sequence for packet in take(source, 2)] == [0, 2]
    assert source.losses == {"missed": 0, "truncated": 1}


def test_padding_behind_a_jpeg_is_cut_off() -> None:
    source, _ = opened(FakeCamera(damage={0: lambda whole: whole + bytes(100)}))
    assert take(source, 1)[0].data == jpeg(1280, 720, 0)


def test_broken_frames_do_not_stretch_the_time_out() -> None:
    always = {number: lambda whole: whole[:-1] for number in range(20)}
    source, system = opened(FakeCamera(damage=always))
    before = system.now_ns
    assert source.read(0.5) is None
    assert system.now_ns - before == 500_000_000


class WakesInVain(FakeSystem):
    """Says that there is a frame, and then there is none."""

    def poll(self, descriptor: int, timeout: float) -> int:
        return select.POLLIN

    def ioctl(self, descriptor: int, request: Request, argument: Argument) -> None:
        self.now_ns += 1_000_000
        if request is Request.DQBUF:
            raise BlockingIOError(errno.EAGAIN, "not yet")
        super().ioctl(descriptor, request, argument)


def test_being_woken_in_vain_does_not_stretch_the_time_out() -> None:
    system = WakesInVain({NODE: FakeCamera()})
    source = source_of(system)
    source.open(None)
    before = system.now_ns
    assert source.read(0.5) is None
    assert system.now_ns - before == 500_000_000


def test_nothing_but_broken_frames_ends_the_stream() -> None:
    source, _ = opened(FakeCamera(frame_size=(640, 480)))
    with pytest.raises(CameraUnavailable, match="30 broken frames in a row, the last one: size"):
        source.read(60)


@pytest.mark.parametrize("clock", [0, BufferFlags.TIMESTAMP_COPY])
def test_another_clock_means_arrival_times_and_says_so(clock: int) -> None:
    source, system = opened(FakeCamera(clock=clock, stamp_shift_ns=-START_NS + 1000))
    packet = take(source, 1)[0]
    assert packet.mono_ns == system.now_ns
    assert source.probe().note == "the driver's clock is not monotonic"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"unplugged_after": 3}, "reading a frame: the device is gone"),
        ({"io_error_after": 3}, "reading a frame: Input/output error"),
        ({"stops_after": 3}, "the driver stopped the stream"),
    ],
)
def test_a_camera_that_is_lost_while_it_films(fault: dict[str, int], words: str) -> None:
    source, system = opened(FakeCamera(**fault))  # type: ignore[arg-type]
    take(source, 3)
    with pytest.raises(CameraUnavailable, match=words) as lost:
        source.read(1.0)
    assert lost.value.fields["camera"] == "front"
    source.close()
    assert system.released()


def test_after_a_replug_everything_is_negotiated_anew() -> None:
    camera = FakeCamera(unplugged_after=2)
    source, system = opened(camera)
    take(source, 2)
    with pytest.raises(CameraUnavailable):
        source.read(1.0)
    with pytest.raises(CameraUnavailable):
        source.open(None)
    system.cameras[NODE] = FakeCamera(modes=(MJPG_VGA,))
    assert source.open(None) == Format(codec=Codec.MJPEG, width=640, height=480, rate=30)
    assert take(source, 1)[0].sequence == 0
    assert source.losses == {"missed": 0}


def test_what_is_granted_is_reported_not_what_was_asked() -> None:
    source = source_of(FakeSystem({NODE: FakeCamera(grants_size=(800, 600), grants_rate=25)}))
    assert source.open(HD) == Format(codec=Codec.MJPEG, width=800, height=600, rate=25)
    packet = take(source, 1)[0]
    assert (packet.width, packet.height) == (800, 600)


def test_a_driver_without_rates_is_taken_at_its_word_and_says_so() -> None:
    source, _ = opened(FakeCamera(sets_rate=False))
    assert source.probe().note == "the driver does not tell its rate"


def test_the_settings_preference_counts_when_nothing_else_is_wanted() -> None:
    system = FakeSystem({NODE: FakeCamera()})
    assert source_of(system, prefer=TINY).open(None) == TINY


@pytest.mark.parametrize(
    "camera",
    [
        FakeCamera(refuses=frozenset({abi.MJPG})),
        FakeCamera(modes=(FakeMode(abi.JPEG, 32, 24), YUYV_TINY), refuses=frozenset({abi.JPEG})),
    ],
)
def test_a_pixel_format_that_is_refused_gives_way_to_the_next(camera: FakeCamera) -> None:
    source, _ = opened(camera)
    assert take(source, 1)[0].codec is Codec.YUYV


@pytest.mark.parametrize(
    ("camera", "words"),
    [
        (
            FakeCamera(modes=(FakeMode(abi.fourcc("RGB3"), 640, 480),)),
            "H.264, H.265, MJPG, YUYV or NV12: it has none of them",
        ),
        (FakeCamera(grants_format=abi.fourcc("NV12")), "insists on NV12"),
        (FakeCamera(grants_field=Field.ALTERNATE), "single fields"),
        (FakeCamera(grants_size=(0, 0)), "0x0"),
        (FakeCamera(planar=True, device_caps=PLANAR, grants_planes=2), "2 planes"),
    ],
)
def test_a_camera_without_a_usable_format(camera: FakeCamera, words: str) -> None:
    system = FakeSystem({NODE: camera})
    with pytest.raises(FormatUnsupported, match=words):
        source_of(system).open(None)
    assert system.released()


@pytest.mark.parametrize(
    "request_", [Request.S_FMT, Request.S_PARM, Request.REQBUFS, Request.QUERYBUF, Request.STREAMON]
)
@pytest.mark.parametrize(
    ("number", "error"),
    [(errno.EBUSY, CameraBusy), (errno.EIO, CameraUnavailable), (errno.ENODEV, CameraUnavailable)],
)
def test_a_failure_on_the_way_gives_everything_back(request_: Request, number: int, error: type[HardwareError]) -> None:
    system = FakeSystem({NODE: FakeCamera(fails={request_: number})})
    source = source_of(system)
    with pytest.raises(error):
        source.open(None)
    assert system.released()
    system.cameras[NODE].fails = {}
    source.open(None)
    assert take(source, 1)


def test_a_full_bus_is_named() -> None:
    with pytest.raises(CameraUnavailable, match="USB bus has no bandwidth left"):
        opened(FakeCamera(fails={Request.STREAMON: errno.ENOSPC}))


def test_too_few_buffers() -> None:
    with pytest.raises(CameraUnavailable, match="granted 1 buffers only"):
        opened(FakeCamera(fewest_buffers=1, most_buffers=1))


def test_any_number_of_buffers_from_two_on_is_used() -> None:
    for limits in ((2, 2), (12, 32)):
        source, _ = opened(FakeCamera(fewest_buffers=limits[0], most_buffers=limits[1]))
        assert [packet.sequence for packet in take(source, 30)] == list(range(30))


def test_two_hosts_want_one_camera() -> None:
    system = FakeSystem({NODE: FakeCamera()})
    first, second = source_of(system), source_of(system)
    first.open(None)
    with pytest.raises(CameraBusy):
        second.open(None)
    assert take(first, 3)
    first.close()
    second.open(None)
    assert take(second, 1)


def test_without_an_address_the_first_camera_that_opens_is_taken() -> None:
    cameras = {
        "/dev/video0": FakeCamera(device_caps=Capabilities.META_CAPTURE | Capabilities.STREAMING),
        "/dev/video1": FakeCamera(name="mute", modes=(FakeMode(abi.fourcc("RGB3"), 640, 480),)),
        "/dev/video2": FakeCamera(name="held", fails={Request.REQBUFS: errno.EBUSY}),
        "/dev/video3": FakeCamera(name="good", modes=(MJPG_HD, YUYV_HD)),
    }
    system = FakeSystem(cameras, {"/dev/video3": "/dev/v4l/by-id/good"})
    source = source_of(system, address="")
    source.open(None)
    info = source.probe()
    assert (info.name, info.backend, info.address, info.live) == ("good", "v4l2", "/dev/v4l/by-id/good", True)
    assert HD in info.formats
    source.close()
    assert source.probe().name == "held"
    assert system.released()


def test_an_address_by_its_stable_name() -> None:
    link = "/dev/v4l/by-id/usb-Fake-video-index0"
    source = source_of(FakeSystem({NODE: FakeCamera()}, {NODE: link}), address=link)
    assert source.open(None) == HD
    assert source.probe().address == link


@pytest.mark.parametrize(
    ("cameras", "address", "words"),
    [
        ({}, "", "no camera found"),
        ({}, NODE, "no such device"),
        ({NODE: FakeCamera(device_caps=Capabilities.META_CAPTURE)}, NODE, "not a video capture node"),
        ({NODE: FakeCamera(fails_open=errno.EACCES)}, "", "no permission"),
    ],
)
def test_no_camera_is_a_normal_state(cameras: dict[str, FakeCamera], address: str, words: str) -> None:
    source = source_of(FakeSystem(cameras), address)
    for attempt in (source.probe, lambda: source.open(None), lambda: source.open(HD)):
        with pytest.raises(CameraUnavailable, match=words):
            attempt()


def test_reading_what_is_not_open() -> None:
    with pytest.raises(CameraUnavailable, match="not open"):
        source_of(FakeSystem()).read(1.0)


@pytest.mark.parametrize("automatic", [False, True])
def test_a_driver_that_confuses_us_does_not_keep_its_device(automatic: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """mmap(2) of nothing is a ValueError in Python: no failure that was thought of, and still the node is released."""
    system = FakeSystem({NODE: FakeCamera()})

    def map_nothing(*_: object) -> NoReturn:
        raise ValueError("cannot mmap an empty file")

    monkeypatch.setattr(system, "map", map_nothing)
    spec = CameraSpec(camera_id="front", name="Front", backend="v4l2")
    source = AutoSource(spec, system) if automatic else V4l2Source(spec, system)
    with pytest.raises(ValueError, match="mmap"):
        source.open(None)
    assert system.released()


def test_a_trial_that_confuses_us_does_not_keep_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    system = FakeSystem({NODE: FakeCamera()})

    def mistake(*_: object) -> NoReturn:
        raise ValueError("a frame of a kind that nobody thought of")

    monkeypatch.setattr(V4l2Source, "read", mistake)
    with pytest.raises(ValueError, match="kind"):
        AutoSource(CameraSpec(camera_id="front", name="Front", backend="auto"), system).open(None)
    assert system.released()
