"""The controls of an emulated camera, by the kernel's numbers."""

from dataclasses import dataclass

from fakes.emulator.layout import ControlState

INTEGER, BOOLEAN, MENU, BUTTON, INTEGER64, CLASS, INTEGER_MENU = 1, 2, 3, 4, 5, 6, 9
"""`enum v4l2_ctrl_type`."""

_USER, _CODEC, _CAMERA = 0x00980000, 0x00990000, 0x009A0000
BRIGHTNESS, CONTRAST, SATURATION = _USER | 0x900, _USER | 0x901, _USER | 0x902
AUTO_WHITE_BALANCE, GAIN, POWER_LINE = _USER | 0x90C, _USER | 0x913, _USER | 0x918
WHITE_BALANCE_TEMPERATURE, SHARPNESS = _USER | 0x91A, _USER | 0x91B
BITRATE, GOP_SIZE, FORCE_KEY = _CODEC | 0x9CF, _CODEC | 0x9CB, _CODEC | 0x9E5
H264_I_PERIOD, H264_LEVEL, H264_PROFILE = _CODEC | 0xA66, _CODEC | 0xA67, _CODEC | 0xA6B
REPEAT_HEADERS = _CODEC | 0x9E2
EXPOSURE_AUTO, EXPOSURE_ABSOLUTE, ISO = _CAMERA | 0x901, _CAMERA | 0x902, _CAMERA | 0x917
PAN_RESET, ZOOM = _CAMERA | 0x906, _CAMERA | 0x90D
PIXEL_RATE = 0x009F0902


@dataclass(frozen=True)
class EmulatedControl:
    """`menu`: names, "" for an item that is missing, or the numbers of an integer menu.

    `inactive_with`: the control is inactive while the other one (first) has the value (second).
    """

    id: int
    name: str
    type: int = INTEGER
    minimum: int = 0
    maximum: int = 0
    step: int = 1
    standard: int = 0
    menu: tuple[str | int, ...] = ()
    inactive_with: tuple[int, int] = (0, 0)
    flags: int = 0

    def write(self, state: ControlState) -> None:
        """Puts it into the shared state, set to its default."""
        for member in ("id", "type", "flags", "minimum", "maximum", "step", "standard"):
            setattr(state, member, getattr(self, member))
        state.name = self.name.encode()
        state.value = self.standard
        state.inactive_with, state.inactive_at = self.inactive_with
        for index, item in enumerate(self.menu):
            if isinstance(item, int):
                state.menu_values[index] = item
            else:
                state.menu[index].value = item.encode()


USUAL_CONTROLS = (
    EmulatedControl(_USER | 1, "User Controls", CLASS),
    EmulatedControl(BRIGHTNESS, "Brightness", minimum=-64, maximum=64),
    EmulatedControl(CONTRAST, "Contrast", minimum=0, maximum=64, standard=32),
    EmulatedControl(SATURATION, "Saturation", minimum=0, maximum=128, standard=56),
    EmulatedControl(AUTO_WHITE_BALANCE, "White Balance, Automatic", BOOLEAN, maximum=1, standard=1),
    EmulatedControl(GAIN, "Gain", minimum=0, maximum=100),
    EmulatedControl(
        POWER_LINE, "Power Line Frequency", MENU, maximum=2, standard=1, menu=("Disabled", "50 Hz", "60 Hz")
    ),
    EmulatedControl(
        WHITE_BALANCE_TEMPERATURE,
        "White Balance Temperature",
        minimum=2800,
        maximum=6500,
        step=10,
        standard=4600,
        inactive_with=(AUTO_WHITE_BALANCE, 1),
    ),
    EmulatedControl(SHARPNESS, "Sharpness", minimum=0, maximum=6, standard=3),
    EmulatedControl(_CAMERA | 1, "Camera Controls", CLASS),
    EmulatedControl(
        EXPOSURE_AUTO,
        "Auto Exposure",
        MENU,
        maximum=3,
        standard=3,
        menu=("", "Manual Mode", "", "Aperture Priority Mode"),
    ),
    EmulatedControl(
        EXPOSURE_ABSOLUTE,
        "Exposure Time, Absolute",
        minimum=1,
        maximum=5000,
        standard=157,
        inactive_with=(EXPOSURE_AUTO, 3),
    ),
    EmulatedControl(ISO, "ISO Sensitivity", INTEGER_MENU, maximum=3, standard=0, menu=(100, 200, 400, 800)),
    EmulatedControl(PAN_RESET, "Pan, Reset", BUTTON),
    EmulatedControl(ZOOM, "Zoom, Absolute", minimum=100, maximum=500, standard=100),
    EmulatedControl(PIXEL_RATE, "Pixel Rate", INTEGER64, minimum=1 << 33, maximum=1 << 34, standard=1 << 33),
)

ENCODER_CONTROLS = (
    *USUAL_CONTROLS,
    EmulatedControl(_CODEC | 1, "Codec Controls", CLASS),
    EmulatedControl(GOP_SIZE, "Video GOP Size", minimum=1, maximum=600, standard=30),
    EmulatedControl(BITRATE, "Video Bitrate", minimum=100_000, maximum=25_000_000, step=1000, standard=4_000_000),
    EmulatedControl(REPEAT_HEADERS, "Repeat Sequence Header", BOOLEAN, maximum=1, standard=1),
    EmulatedControl(FORCE_KEY, "Force Key Frame", BUTTON),
    EmulatedControl(H264_I_PERIOD, "H264 I-Frame Period", minimum=1, maximum=600, standard=30),
    EmulatedControl(
        H264_PROFILE,
        "H264 Profile",
        MENU,
        maximum=4,
        standard=4,
        menu=("Baseline", "Constrained Baseline", "Main", "", "High"),
    ),
)
"""Of a camera that encodes itself."""
