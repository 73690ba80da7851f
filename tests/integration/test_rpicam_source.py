"""The cameras of a Raspberry Pi, by a program that behaves as `rpicam-vid`."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fakes.rpicam import FakeRpicam
from fakes.watching import check_whole, closing, open_again, spacing, take, timed, until_lost

from hardware.errors import CameraBusy, CameraUnavailable, FormatUnsupported
from hardware.models import Adjustment, CameraSpec, Codec, ControlValue, Format
from hardware.sources.rpicam import RpicamSource

SMALL = Format(codec=Codec.H264, width=320, height=240, rate=25)


@pytest.fixture
def box(tmp_path: Path) -> FakeRpicam:
    return FakeRpicam(tmp_path)


def camera(
    box: FakeRpicam,
    address: str = "",
    controls: dict[str, ControlValue] | None = None,
    hardware_encoder: Path = Path("/none"),
    **options: str,
) -> RpicamSource:
    return RpicamSource(
        CameraSpec(
            camera_id="pi",
            name="Pi",
            backend="rpicam",
            address=address,
            controls=controls or {},
            options={"program": str(box.program), **options},
        ),
        hardware_encoder,
    )


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def pid_of(source: RpicamSource) -> int:
    assert source._program is not None
    return source._program.pid


@pytest.mark.parametrize("codec", [Codec.H264, Codec.MJPEG])
def test_it_films(box: FakeRpicam, codec: Codec) -> None:
    with closing(camera(box, "1")) as source:
        wanted = SMALL.model_copy(update={"codec": codec})
        assert source.open(wanted) == wanted
        pid = pid_of(source)
        packets = take(source, 25)
        check_whole(packets, wanted)
        assert sum(spacing(packets)) == pytest.approx(24 * 40, rel=0.1)
    assert not alive(pid)
    (run,) = box.runs()
    assert (run["camera"], run["codec"], run["width"]) == ("1", codec.value, "320")


@pytest.mark.parametrize("codec", [Codec.H264, Codec.MJPEG])
def test_times_are_the_sensors_however_the_pipe_is(box: FakeRpicam, codec: Codec, tmp_path: Path) -> None:
    encoder = tmp_path / "video11"
    encoder.touch()
    box.fault("jitter")
    with closing(camera(box, hardware_encoder=encoder)) as source:
        wanted = SMALL.model_copy(update={"codec": codec})
        source.open(wanted)
        packets = take(source, 30)
        check_whole(packets, wanted)
        # To the millisecond, but for where a picture came quicker than all before it.
        uneven = [apart for apart in spacing(packets) if apart != pytest.approx(40, abs=1)]
        assert len(uneven) <= 6


def test_a_program_that_tells_no_times_is_no_camera(box: FakeRpicam) -> None:
    with closing(camera(box)) as source:
        source.open(SMALL.model_copy(update={"codec": Codec.MJPEG, "rate": 50.0}))
        box.fault("untold")
        assert "no times" in str(until_lost(source, 5.0))


def test_it_says_what_it_has(box: FakeRpicam) -> None:
    info = camera(box, "1").probe()
    assert (info.name, info.backend, info.live) == ("ov5647", "rpicam", True)
    assert info.formats[0].width == 1920
    with pytest.raises(CameraUnavailable, match=r"0 \(imx708\), 1 \(ov5647\)"):
        camera(box, "4").probe()
    with pytest.raises(CameraUnavailable, match="number"):
        camera(box, "front").probe()
    with pytest.raises(FormatUnsupported, match="sensor"):
        camera(box, "1").open(Format(codec=Codec.MJPEG, width=3000, height=2000, rate=10))
    with pytest.raises(CameraUnavailable, match="rpicam-apps"):
        RpicamSource(
            CameraSpec(camera_id="pi", name="Pi", backend="rpicam", options={"program": "rpicam-none"})
        ).probe()
    with pytest.raises(CameraUnavailable, match="unknown"):
        camera(box, colour="red").probe()


def test_its_death_is_told_with_its_last_words(box: FakeRpicam) -> None:
    with closing(camera(box)) as source:
        source.open(SMALL)
        take(source, 3)
        box.fault("die")
        lost = until_lost(source, 3.0)
        assert isinstance(lost, CameraUnavailable)
        assert "Device timeout detected" in str(lost)
        assert "status 1" in str(lost)
        box.clear()
        assert source.open(SMALL) == SMALL
        check_whole(take(source, 3), SMALL)


def test_a_camera_in_use_is_busy(box: FakeRpicam) -> None:
    source = camera(box)
    source.probe()
    box.fault("busy")
    with pytest.raises(CameraBusy, match="failed to acquire"):
        source.open(SMALL)
    box.clear()
    with closing(source):
        assert open_again(source).codec is Codec.H264


def test_a_stall_is_no_hang(box: FakeRpicam) -> None:
    with closing(camera(box)) as source:
        source.open(SMALL)
        take(source, 3)
        box.fault("stall")
        silence = [timed(lambda: source.read(0.2), 0.2) for _ in range(4)]
        assert silence[-1] is None
        os.kill(pid_of(source), signal.SIGSTOP)
        pid = pid_of(source)
        timed(source.close, 1.0)  # it is killed when it does not end
        assert not alive(pid)


def test_controls_are_options_and_an_adjustment_starts_it_anew(box: FakeRpicam) -> None:
    with closing(camera(box, controls={"lens_position": "2.0", "zoom": 3}, arguments="--metering spot")) as source:
        source.open(SMALL)
        assert "zoom" in source.probe().note
        before = take(source, 3)
        adjusted = source.adjust(Adjustment(awb="daylight", shutter_us=5000, controls={"iris": 2}))
        assert (adjusted.met, set(adjusted.unmet)) == (frozenset({"awb", "shutter_us"}), {"iris"})
        after = take(source, 12)
        check_whole(after, SMALL)
        assert after[0].mono_ns > before[-1].mono_ns
        assert after[0].sequence == before[-1].sequence + 1
        source.adjust(Adjustment(awb="daylight", shutter_us=5000))
        source.adjust(Adjustment())
        take(source, 1)
    first, second, third = box.runs()
    assert (first["lens-position"], first.get("awb")) == ("2.0", None)
    assert (second["lens-position"], second["awb"], second["shutter"]) == ("2.0", "daylight", "5000")
    assert third == first


def test_an_adjustment_that_the_program_does_not_take_is_taken_back_and_told(box: FakeRpicam) -> None:
    with closing(camera(box)) as source:
        source.open(SMALL)
        before = take(source, 2)
        adjusted = source.adjust(Adjustment(ev=1.0, controls={"awb": "custom"}))
        assert adjusted.met == frozenset()
        assert "Invalid AWB mode" in adjusted.unmet["awb"]
        assert set(adjusted.unmet) == {"awb", "ev"}
        after = take(source, 5)  # it films on
        assert after[0].sequence == before[-1].sequence + 1
    assert [run.get("awb") for run in box.runs()] == [None, "custom", None]


def test_it_ends_with_the_process_that_started_it(box: FakeRpicam) -> None:
    program = (
        "import sys\n"
        "from hardware.models import CameraSpec, Format\n"
        "from hardware.sources.rpicam import RpicamSource\n"
        f"spec = CameraSpec(camera_id='pi', name='Pi', backend='rpicam', options={{'program': {str(box.program)!r}}})\n"
        "source = RpicamSource(spec)\n"
        "source.open(Format(codec='h264', width=320, height=240, rate=25))\n"
        "print(source._program.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = (sys.executable, "-c", program)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        pid = int(host.stdout.readline())
        box.fault("stall")  # so that it is not the closed pipe that ends it
        time.sleep(0.1)
        assert alive(pid)
        host.kill()
    deadline = time.monotonic() + 3
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(pid)
