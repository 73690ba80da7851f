"""The command line of `rpicam-vid`. Pure."""

import re
from collections.abc import Mapping

from hardware.camera import NO_CONTROL
from hardware.models import Adjusted, Adjustment, Codec, ControlValue, Format

_TEXT = re.compile(r"[A-Za-z0-9.,:_-]{1,64}")
"""What may stand behind the `=` of an option."""

_NAMES = {
    "exposure": ("normal", "sport", "long"),
    "awb": ("auto", "incandescent", "tungsten", "fluorescent", "indoor", "daylight", "cloudy"),
    "denoise": ("auto", "off", "cdn_off", "cdn_fast", "cdn_hq"),
    "hdr": ("off", "auto", "sensor", "single-exp"),
}
_NUMBERS = {
    "shutter_us": "shutter",
    "ev": "ev",
    "gain": "gain",
    "brightness": "brightness",
    "contrast": "contrast",
    "saturation": "saturation",
    "sharpness": "sharpness",
}
_CONTROLS = (
    "autofocus_mode", "autofocus_range", "autofocus_speed", "autofocus_window", "awb", "awbgains", "brightness",
    "contrast", "denoise", "ev", "exposure", "flicker_period", "gain", "hdr", "hflip", "lens_position", "metering",
    "roi", "rotation", "saturation", "sharpness", "shutter", "vflip",
)  # fmt: skip
"""The camera's own controls are the program's options of these names, with underscores."""

_SWITCHES = ("hflip", "vflip")


def command_for(program: str, camera: int, granted: Format, *, software_encoder: bool) -> list[str]:
    """The program for this format, to standard output, for ever.

    `software_encoder`: the box has none in hardware (Raspberry Pi 5), and the program's own would make B-frames.
    """
    command = [program, f"--camera={camera}", "--timeout=0", "--nopreview", "--flush", "--verbose=0", "--output=-"]
    command += [f"--width={granted.width}", f"--height={granted.height}", f"--framerate={granted.rate:g}"]
    if granted.codec is Codec.MJPEG:
        return [*command, "--codec=mjpeg", "--quality=90"]
    command += ["--codec=h264", "--inline", f"--intra={max(1, round(granted.rate))}"]
    return [*command, "--low-latency", "--libav-format=h264"] if software_encoder else command


def adjusting_arguments(wanted: Adjustment) -> tuple[dict[str, str], Adjusted]:
    """Options for what is wanted of the picture, by their names, and what they meet."""
    arguments: dict[str, str] = {}
    met: set[str] = set()
    unmet: dict[str, str] = {}
    for name, value in wanted.asked().items():
        option, problem = _option_for(name, value, wanted.controls)
        if problem:
            unmet[name] = problem
        else:
            met.add(name)
            arguments |= {option.partition("=")[0]: option} if option else {}
    return arguments, Adjusted(frozenset(met), unmet)


def _option_for(name: str, value: object, controls: Mapping[str, ControlValue]) -> tuple[str, str]:
    """The option, empty when leaving it out does it; and why there is none."""
    if name in controls:
        return _control(name, controls[name])
    if name in _NAMES:
        known = value in _NAMES[name]
        return (f"--{name}={value}", "") if known else ("", f"{value!r} is none of {', '.join(_NAMES[name])}")
    if name in _NUMBERS:
        return f"--{_NUMBERS[name]}={value}", ""
    return (f"--bitrate={value}", "") if name == "bitrate" else ("", NO_CONTROL)


def _control(name: str, value: ControlValue) -> tuple[str, str]:
    if name not in _CONTROLS:
        return "", NO_CONTROL
    if name in _SWITCHES:
        return (f"--{name}" if value in (True, 1) else ""), ""
    text = str(value)
    if not _TEXT.fullmatch(text):
        return "", f"{text!r} is no value of it"
    return f"--{name.replace('_', '-')}={text}", ""
