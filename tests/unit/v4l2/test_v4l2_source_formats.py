"""The V4L2 source's other formats: H.264 in access units, NV12 on one or two planes of memory."""

import pytest
from fakes.v4l2 import FakeCamera, FakeSystem
from fakes.v4l2_controls import FakeControl
from fakes.v4l2_pictures import H264_HD, MJPG_HD, PPS, SPS, YUYV_TINY, FakeMode, h264

from hardware.errors import FormatUnsupported
from hardware.models import CameraSpec, Codec, Format, Packet
from hardware.sources.v4l2 import V4l2Source
from hardware.v4l2 import abi
from hardware.v4l2.abi import Capabilities
from hardware.v4l2.controlabi import Cid, ControlType

NODE = "/dev/video0"
PLANAR = Capabilities.VIDEO_CAPTURE_MPLANE | Capabilities.STREAMING
NV12 = FakeMode(abi.NV12, 32, 24)
NM12 = FakeMode(abi.NV12_TWO_PLANES, 32, 24)


def opened(camera: FakeCamera, wanted: Format | None = None) -> tuple[V4l2Source, FakeSystem]:
    system = FakeSystem({NODE: camera})
    source = V4l2Source(CameraSpec(camera_id="front", name="Front", backend="v4l2", address=NODE), system)
    source.open(wanted)
    return source, system


def take(source: V4l2Source, count: int) -> list[Packet]:
    packets = [packet for packet in (source.read(1.0) for _ in range(count)) if packet]
    assert len(packets) == count
    return packets


def test_an_encoding_camera_delivers_pictures_that_decode_from_each_key_frame_on() -> None:
    source, system = opened(FakeCamera(modes=(MJPG_HD, H264_HD)))
    packets = take(source, 21)
    assert {packet.codec for packet in packets} == {Codec.H264}
    assert [packet.sequence for packet in packets if packet.key] == [0, 10, 20]
    assert packets[5].data == h264(5)
    assert packets[10].data == SPS + PPS + h264(10)
    source.close()
    assert system.released()


def test_parameter_sets_in_a_buffer_of_their_own_are_no_missing_picture() -> None:
    sets = {0: lambda _: SPS + PPS, 10: lambda _: SPS + PPS}
    source, _ = opened(FakeCamera(modes=(FakeMode(abi.H264, 1280, 720),), damage=sets))
    packets = take(source, 12)
    assert [packet.sequence for packet in packets] == list(range(12))
    assert packets[0].data == SPS + PPS + h264(1)
    assert source.losses == {"missed": 0}


def test_what_is_no_access_unit_is_dropped_and_shows_as_a_gap() -> None:
    source, _ = opened(FakeCamera(modes=(H264_HD,), damage={2: lambda data: data[2:] + b"x", 3: lambda _: b""}))
    assert [packet.sequence for packet in take(source, 4)] == [0, 1, 4, 5]
    assert source.losses == {"missed": 0, "start": 1, "empty": 1}


@pytest.mark.parametrize("padding", [0, 16])
@pytest.mark.parametrize(("mode", "planar"), [(NV12, False), (NV12, True), (NM12, True)])
def test_nv12_is_packed_whatever_its_planes(mode: FakeMode, planar: bool, padding: int) -> None:
    camera = FakeCamera(modes=(mode,), planar=planar, row_padding=padding)
    if planar:
        camera.device_caps, camera.data_offset = PLANAR, 8
    source, system = opened(camera)
    packet = take(source, 4)[3]
    chroma = b"\x04" if mode is NM12 else b"\x03"
    assert packet.data == b"\x03" * (32 * 24) + chroma * (32 * 12)
    assert packet.codec is Codec.NV12
    source.close()
    assert system.released()


def test_a_second_plane_that_is_cut_short_is_dropped() -> None:
    camera = FakeCamera(modes=(NM12,), planar=True, device_caps=PLANAR, damage={1: lambda data: data[:-1]})
    source, _ = opened(camera)
    assert [packet.sequence for packet in take(source, 2)] == [0, 2]
    assert source.losses == {"missed": 0, "truncated": 1}


def test_planes_other_than_the_formats_own_are_refused() -> None:
    camera = FakeCamera(modes=(NM12,), planar=True, device_caps=PLANAR, grants_planes=1)
    with pytest.raises(FormatUnsupported, match="1 planes"):
        opened(camera)


@pytest.mark.parametrize(
    ("modes", "chosen"),
    [
        ((MJPG_HD, H264_HD), abi.H264),
        ((MJPG_HD, FakeMode(abi.H264, 1280, 720, (10,))), abi.MJPG),
        ((FakeMode(abi.MJPG, 1280, 720, (10,)), YUYV_TINY), abi.MJPG),
        ((FakeMode(abi.HEVC, 1280, 720), MJPG_HD), abi.HEVC),
        ((NV12, YUYV_TINY), abi.YUYV),
    ],
)
def test_the_best_codec_that_is_fluent_is_taken(modes: tuple[FakeMode, ...], chosen: int) -> None:
    source, _ = opened(FakeCamera(modes=modes))
    stream = source._stream
    assert stream is not None
    assert stream._granted.pixel_format == chosen


def test_after_a_loss_the_encoder_is_asked_for_a_key_frame() -> None:
    button = FakeControl(Cid.VIDEO_FORCE_KEY_FRAME, "Force Key Frame", ControlType.BUTTON)
    camera = FakeCamera(modes=(H264_HD,), skips={3: 2}, damage={6: lambda _: b""}, controls=[button])
    source, _ = opened(camera)
    take(source, 3)
    assert camera.panel.written == []
    take(source, 1)
    assert len(camera.panel.written) == 1
    take(source, 3)
    assert len(camera.panel.written) == 2
    pictures = FakeCamera(skips={3: 2}, controls=[button])
    source, _ = opened(pictures)
    take(source, 5)
    assert pictures.panel.written == []
