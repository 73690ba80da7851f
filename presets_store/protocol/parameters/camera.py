"""Parameters of cameras themselves: kept warm, frames, test picture, test events."""

from presets_store.protocol.parameters.base import Int, Rate, Rotation, Seconds, Side, StartParameters


class CameraMultiplex(StartParameters):
    """Video_Start_camera_multiplex."""

    height: Side = 1920
    width: Side = 1080
    fps: Rate = 30.0
    device_id: Int = 0


class MicrophoneMultiplex(StartParameters):
    device_id: Int = 0


class CaptureFrames(StartParameters):
    """Video_Multiplex_capture_frames."""

    height: Side = 1920
    width: Side = 1080
    fps: Rate = 30.0
    rotation_degrees: Rotation = 0


class Bars(StartParameters):
    """Video_Start_bars (ours)."""


class TestEvent(StartParameters):
    """Video_Test_event (ours): counts for `duration_seconds`."""

    __test__ = False

    duration_seconds: Seconds = 5.0
