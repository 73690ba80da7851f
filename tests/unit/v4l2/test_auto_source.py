"""`auto`: the first camera that really films, else footage that says why it plays."""

import errno

import pytest
from fakes.v4l2 import FakeCamera, FakeSystem
from fakes.v4l2_pictures import MJPG_HD, FakeMode

from hardware.camera import Source
from hardware.errors import CameraUnavailable
from hardware.models import CameraInfo, CameraSpec, Codec, Format, Packet
from hardware.sources.auto import AutoSource
from hardware.sources.file import FileSource
from hardware.v4l2 import abi
from hardware.v4l2.abi import Request

FILM = Format(codec=Codec.H264, width=768, height=576, rate=10)


class Footage(Source):
    """Stands for the file source: one packet, then none."""

    def __init__(self, spec: CameraSpec) -> None:
        self.spec = spec
        self.noted: list[tuple[str, str]] = []
        self.is_open = False

    def probe(self) -> CameraInfo:
        return CameraInfo(name="street", backend="file", address="x", live=False, formats=(FILM,), note="footage")

    def open(self, wanted: Format | None) -> Format:
        self.is_open = True
        return FILM

    def read(self, timeout: float) -> Packet | None:
        return Packet(b"film", Codec.H264, 768, 576, mono_ns=1, sequence=0, key=True)

    def close(self) -> None:
        self.is_open = False

    def note(self, consumer: str, what: str) -> None:
        self.noted.append((consumer, what))


def source_of(system: FakeSystem, address: str = "") -> tuple[AutoSource, Footage]:
    spec = CameraSpec(camera_id="front", name="Front", backend="auto", address=address, options={"journal": "/j"})
    made: list[Footage] = []

    def footage(spec: CameraSpec) -> Footage:
        made.append(Footage(spec))
        return made[0]

    return AutoSource(spec, system, footage), made[0]


def test_a_camera_that_films_is_taken_and_its_first_frame_kept() -> None:
    system = FakeSystem({"/dev/video0": FakeCamera(name="cam")})
    source, footage = source_of(system)
    assert source.open(None).codec is Codec.MJPEG
    packets = [source.read(1.0) for _ in range(3)]
    assert [packet.sequence for packet in packets if packet] == [0, 1, 2]
    info = source.probe()
    assert (info.name, info.backend, info.live, info.note) == ("cam", "v4l2", True, "")
    source.note("consumer", "start")
    assert footage.noted == []
    assert not footage.is_open
    source.close()
    assert system.released()


def test_silent_and_mute_cameras_are_passed_over() -> None:
    system = FakeSystem(
        {
            "/dev/video0": FakeCamera(name="mute", modes=(FakeMode(abi.fourcc("RGB3"), 640, 480),)),
            "/dev/video1": FakeCamera(name="silent", silent_after=0),
            "/dev/video2": FakeCamera(name="broken", frame_size=(1, 1)),
            "/dev/video3": FakeCamera(name="films", modes=(MJPG_HD,)),
        }
    )
    source, _ = source_of(system)
    before = system.now_ns
    source.open(None)
    assert source.probe().name == "films"
    assert (system.now_ns - before) / 1e9 == pytest.approx(3 + 1 + 1 / 30, abs=0.01)
    source.close()
    assert system.released()


@pytest.mark.parametrize(
    ("cameras", "why"),
    [
        ({}, "no camera found"),
        ({"/dev/video0": FakeCamera(silent_after=0)}, "delivered no frame for 3.0 s"),
        ({"/dev/video0": FakeCamera(fails={Request.STREAMON: errno.EBUSY})}, "held by another process"),
        ({"/dev/video0": FakeCamera(fails_open=errno.EACCES)}, "no permission"),
        ({"/dev/video0": FakeCamera(modes=(FakeMode(abi.fourcc("RGB3"), 640, 480),))}, "it has none of them"),
        ({"/dev/video0": FakeCamera(unplugged_after=0)}, "the device is gone"),
    ],
)
def test_footage_says_why_it_plays(cameras: dict[str, FakeCamera], why: str) -> None:
    system = FakeSystem(cameras)
    source, footage = source_of(system)
    assert source.open(None) == FILM
    info = source.probe()
    assert (info.backend, info.live) == ("file", False)
    assert info.note.startswith("footage, because: ")
    assert why in info.note
    packet = source.read(1.0)
    assert packet is not None
    assert packet.data == b"film"
    source.note("consumer", "start")
    assert footage.noted == [("consumer", "start")]
    assert footage.spec.options == {"journal": "/j"}
    source.close()
    assert not footage.is_open
    assert system.released()


def test_footage_never_takes_the_place_of_a_camera_that_filmed() -> None:
    system = FakeSystem({"/dev/video0": FakeCamera(unplugged_after=1)})
    source, footage = source_of(system)
    source.open(None)
    source.read(1.0)
    with pytest.raises(CameraUnavailable):
        source.read(1.0)
    with pytest.raises(CameraUnavailable):
        source.open(None)
    system.cameras.clear()
    with pytest.raises(CameraUnavailable, match="no camera found"):
        source.open(None)
    assert not footage.is_open
    system.cameras["/dev/video0"] = FakeCamera(name="back")
    source.open(None)
    assert source.probe().name == "back"


def test_a_camera_that_appears_later_is_taken_at_the_next_opening() -> None:
    system = FakeSystem()
    source, footage = source_of(system)
    source.open(None)
    system.cameras["/dev/video0"] = FakeCamera()
    source.open(None)
    assert source.probe().live
    assert not footage.is_open


def test_what_was_chosen_last_is_still_told_when_it_is_closed() -> None:
    """Else a host that chooses a format by `probe` would choose for a camera that `open` passes over, for ever."""
    system = FakeSystem({"/dev/video0": FakeCamera(name="silent", silent_after=0)})
    source, _ = source_of(system)
    assert source.probe().name == "silent"
    source.open(None)
    source.close()
    assert source.probe().name == "street"
    system.cameras["/dev/video1"] = FakeCamera(name="films")
    source.open(None)
    source.close()
    assert source.probe().name == "films"
    del system.cameras["/dev/video1"]
    assert source.probe().name == "silent"
    system.cameras.clear()
    with pytest.raises(CameraUnavailable, match="no camera found"):
        source.probe()


def test_an_address_limits_the_choice() -> None:
    system = FakeSystem({"/dev/video0": FakeCamera(), "/dev/video2": FakeCamera(silent_after=0)})
    source, _ = source_of(system, "/dev/video2")
    assert source.open(None) == FILM
    source, _ = source_of(system, "/dev/video7")
    assert "no such device" in source.probe().note


def test_what_would_be_tried_is_told_without_starting_it() -> None:
    system = FakeSystem({"/dev/video0": FakeCamera(fails_open=errno.EBUSY), "/dev/video2": FakeCamera(name="cam")})
    source, footage = source_of(system)
    assert source.probe().name == "cam"
    system.cameras.clear()
    assert source.probe().note == "footage, because: no camera found"
    assert system.released()
    assert not footage.is_open
    with pytest.raises(CameraUnavailable):
        source.read(1.0)


def test_the_real_footage_plays_on_a_machine_without_a_camera() -> None:
    spec = CameraSpec(camera_id="front", name="Front", backend="auto")
    source = AutoSource(spec, FakeSystem(), FileSource)
    granted = source.open(None)
    packet = source.read(2.0)
    info = source.probe()
    source.close()
    assert packet is not None
    assert (packet.codec, packet.width) == (granted.codec, granted.width)
    assert not info.live
    assert "because: no camera found" in info.note


def test_footage_does_not_take_the_place_of_a_camera_that_filmed_in_a_host_before_this_one() -> None:
    spec = CameraSpec(camera_id="front", name="Front", backend="auto", filmed=True)
    source = AutoSource(spec, FakeSystem(), Footage)
    for attempt in (source.probe, lambda: source.open(None)):
        with pytest.raises(CameraUnavailable, match="no camera found"):
            attempt()
