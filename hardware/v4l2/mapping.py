"""What somebody wants of the picture, in the terms of a camera's own controls. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from hardware.camera import NO_CONTROL
from hardware.models import Adjustment, Control, ControlValue
from hardware.v4l2.controlabi import Cid
from hardware.v4l2.controls import snake_case

NO_ENCODER = "this camera has no encoder that could be told"

_EXPOSURE_UNIT_US = 100
_MOST_STOPS = 1000
_AUTOMATIC_EXPOSURES, _MANUAL_EXPOSURES = (0, 3), (1, 2)
"""Of the exposure menu: automatic, aperture priority; manual, shutter priority."""
_MANUAL_BALANCE, _AUTOMATIC_BALANCE = 0, 1

_TEMPERATURES = {
    "incandescent": 2800,
    "tungsten": 2800,
    "indoor": 3500,
    "fluorescent": 4200,
    "horizon": 5000,
    "daylight": 5500,
    "flash": 5500,
    "cloudy": 6500,
    "shade": 7500,
}
"""In Kelvin."""

_BALANCES = {"tungsten": "incandescent", "indoor": "fluorescent"}
"""Names of the preset menu for those that it has not."""

_ENCODER = {
    "bitrate": Cid.VIDEO_BITRATE,
    "video_gop_size": Cid.VIDEO_GOP_SIZE,
    "video_bitrate_mode": Cid.VIDEO_BITRATE_MODE,
    "sequence_header_mode": Cid.VIDEO_HEADER_MODE,
    "repeat_sequence_header": Cid.VIDEO_REPEAT_SEQ_HEADER,
    "h264_i_frame_period": Cid.H264_I_PERIOD,
    "h264_level": Cid.H264_LEVEL,
    "h264_profile": Cid.H264_PROFILE,
    "h264_i_qp": Cid.H264_I_FRAME_QP,
    "h264_p_qp": Cid.H264_P_FRAME_QP,
    "h264_b_qp": Cid.H264_B_FRAME_QP,
    "h264_minimum_qp_value": Cid.H264_MIN_QP,
    "h264_maximum_qp_value": Cid.H264_MAX_QP,
}

Writes = dict[str, ControlValue]
Controls = Mapping[int, Control]


class NotMet(ValueError):
    """The camera cannot do it; the text says why."""


@dataclass(frozen=True, slots=True)
class Moves:
    """`writes`: for each thing that was asked, values by the name of a control; `unmet`: why others have none."""

    writes: Mapping[str, Writes]
    unmet: Mapping[str, str]


def plan_moves(wanted: Adjustment, controls: Controls) -> Moves:
    """`controls` by the kernel's number. Whether the values are right is for the controls themselves to say."""
    writes: dict[str, Writes] = {}
    unmet: dict[str, str] = {}
    asked = [(name, getattr(wanted, name), rule) for name, rule in _RULES.items()]
    rules = [(name, partial(rule, value, controls)) for name, value, rule in asked if value is not None]
    rules += [(name, partial(_encoder, name, value, controls)) for name, value in wanted.encoder.items()]
    for name, rule in rules:
        try:
            writes[name] = rule()
        except NotMet as why:
            unmet[name] = str(why)
    # The camera's own names last: who uses them knows the camera.
    writes |= {name: {name: own} for name, own in wanted.controls.items()}
    return Moves(writes, {name: why for name, why in unmet.items() if name not in writes})


def _need(controls: Controls, number: int, reason: str = NO_CONTROL) -> Control:
    control = controls.get(number)
    if control is None or control.read_only:
        raise NotMet(reason)
    return control


def _within(control: Control, value: float, told: str) -> int:
    """The step nearest to `value`, which is `told` to people when the range does not reach it."""
    if not control.minimum <= value <= control.maximum:
        raise NotMet(f"{told} is beyond the range of {control.name}, {control.minimum} to {control.maximum}")
    step = max(control.step, 1)
    nearest = control.minimum + round((value - control.minimum) / step) * step
    return nearest if nearest <= control.maximum else nearest - step


def _entry(control: Control, *numbers: int) -> Writes:
    """The first of these menu entries that there is."""
    for number in numbers:
        if number in control.menu:
            return {control.name: number}
    raise NotMet(f"{control.name} has no such entry")


def _shutter(microseconds: int, controls: Controls) -> Writes:
    automatic = controls.get(Cid.EXPOSURE_AUTO)
    if microseconds == 0:
        return _entry(_need(controls, Cid.EXPOSURE_AUTO), *_AUTOMATIC_EXPOSURES)
    time = _need(controls, Cid.EXPOSURE_ABSOLUTE)
    writes = _entry(automatic, *_MANUAL_EXPOSURES) if automatic else {}
    return {**writes, time.name: _within(time, microseconds / _EXPOSURE_UNIT_US, f"{microseconds} us")}


def _exposure(name: str, controls: Controls) -> Writes:
    """A mode by name: of the exposure menu, else of the scenes."""
    name = snake_case(name)
    mode, scenes = controls.get(Cid.EXPOSURE_AUTO), controls.get(Cid.SCENE_MODE)
    if name in ("normal", "auto"):
        return _entry(_need(controls, Cid.EXPOSURE_AUTO), *_AUTOMATIC_EXPOSURES)
    for control in filter(None, (mode, scenes)):
        for number, label in control.menu.items():
            if name and label.startswith(name):
                return {control.name: number}
    if mode is None and scenes is None:
        raise NotMet(NO_CONTROL)
    raise NotMet(f"{name!r} is none of its modes")


def _ev(stops: float, controls: Controls) -> Writes:
    bias = _need(controls, Cid.AUTO_EXPOSURE_BIAS)
    told = f"{stops:g} stops"
    if abs(stops) > _MOST_STOPS:
        raise NotMet(f"{told} is beyond the range of {bias.name}")
    thousandths = round(stops * 1000)
    if bias.kind != "integer_menu":
        return {bias.name: _within(bias, thousandths, told)}
    entries = [int(entry) for entry in bias.menu.values()]
    if not entries or not min(entries) <= thousandths <= max(entries):
        raise NotMet(f"{told} is beyond the entries of {bias.name}")
    return {bias.name: min(entries, key=lambda entry: abs(entry - thousandths))}


def _gain(factor: float, controls: Controls) -> Writes:
    """0: the automatic. Cameras count gain in units of their own: a factor can only be one of their default."""
    automatic = controls.get(Cid.AUTOGAIN)
    if factor == 0:
        return {_need(controls, Cid.AUTOGAIN).name: True}
    gain = _need(controls, Cid.GAIN)
    if gain.default <= 0:
        raise NotMet(
            f"{gain.name} is in units of its own, {gain.minimum} to {gain.maximum}, and no default is a factor 1"
        )
    writes: Writes = {automatic.name: False} if automatic else {}
    return {**writes, gain.name: _within(gain, gain.default * factor, f"a factor {factor:g}")}


def _awb(name: str, controls: Controls) -> Writes:
    """`auto`, a kind of light by name, or a temperature in Kelvin."""
    name = snake_case(name)
    automatic, presets = controls.get(Cid.AUTO_WHITE_BALANCE), controls.get(Cid.AUTO_N_PRESET_WHITE_BALANCE)
    if name == "auto" and presets is None:
        return {_need(controls, Cid.AUTO_WHITE_BALANCE).name: True}
    if presets is not None:
        light = _BALANCES.get(name, name)
        for number, label in presets.menu.items():
            if label == light or (number == _AUTOMATIC_BALANCE and name == "auto"):
                return {presets.name: number}
    temperature = _need(controls, Cid.WHITE_BALANCE_TEMPERATURE)
    kelvin = int(name) if name.isdecimal() else _TEMPERATURES.get(name)
    if kelvin is None:
        raise NotMet(f"{name!r} is neither auto, nor a temperature in Kelvin, nor one of {', '.join(_TEMPERATURES)}")
    writes: Writes = {automatic.name: False} if automatic else {}
    if automatic is None and presets is not None:
        writes = _entry(presets, _MANUAL_BALANCE)
    return {**writes, temperature.name: _within(temperature, kelvin, f"{kelvin} K")}


def _denoise(name: str, controls: Controls) -> Writes:
    """The kernel knows no such control: found by its name."""
    control = next((it for it in controls.values() if "noise" in it.name and not it.read_only), None)
    if control is None:
        raise NotMet(NO_CONTROL)
    name = snake_case(name)
    if control.kind == "boolean":
        return {control.name: name not in ("off", "cdn_off")}
    entry = next((number for number, label in control.menu.items() if label == name), None)
    if entry is None:
        raise NotMet(f"{control.name} has no entry {name!r}")
    return {control.name: entry}


def _hdr(name: str, controls: Controls) -> Writes:
    return {_need(controls, Cid.WIDE_DYNAMIC_RANGE).name: name.lower() != "off"}


def _brightness(share: float, controls: Controls) -> Writes:
    """-1..1: from the default to one end of the range."""
    control = _need(controls, Cid.BRIGHTNESS)
    reach = control.maximum - control.default if share > 0 else control.default - control.minimum
    return {control.name: _within(control, control.default + share * reach, f"{share:g}")}


def _multiplied(number: Cid) -> Callable[[float, Controls], Writes]:
    """For a control whose lowest value means nothing of it: 1 is its default, 2 twice as far from the lowest."""

    def rule(factor: float, controls: Controls) -> Writes:
        control = _need(controls, number)
        reach = control.default - control.minimum
        if reach <= 0 and factor != 1:
            raise NotMet(f"the default of {control.name} is its lowest value, which cannot be multiplied")
        return {control.name: _within(control, control.minimum + factor * reach, f"a factor {factor:g}")}

    return rule


def _encoder(name: str, value: int, controls: Controls) -> Writes:
    if not any(number in controls for number in _ENCODER.values()):
        raise NotMet(NO_ENCODER)
    if name not in _ENCODER:
        raise NotMet(NO_CONTROL)
    return {_need(controls, _ENCODER[name]).name: value}


_RULES: Mapping[str, Callable[..., Writes]] = {
    "exposure": _exposure,
    "shutter_us": _shutter,
    "ev": _ev,
    "gain": _gain,
    "awb": _awb,
    "denoise": _denoise,
    "hdr": _hdr,
    "brightness": _brightness,
    "contrast": _multiplied(Cid.CONTRAST),
    "saturation": _multiplied(Cid.SATURATION),
    "sharpness": _multiplied(Cid.SHARPNESS),
}
"""In this order: where two speak about one control, the later wins, such as a shutter time over a mode."""
