"""From the parameters of photos and recordings to what is wanted of the camera's own controls: pure."""

from agent.running import Parameters
from hardware.models import Adjustment
from presets_store.protocol.parameters.photos import CapturePhoto
from presets_store.protocol.parameters.recording import ENCODER_KEYS, MultiplexRecording, Recording

_PICTURE = {
    "shutter": "shutter_us",
    **{name: name for name in ("brightness", "contrast", "saturation", "sharpness", "awb", "exposure", "ev")},
    **{name: name for name in ("denoise", "gain", "hdr")},
}


_DEFAULT_BITRATES = (Recording.model_fields["bitrate"].default, MultiplexRecording.model_fields["bitrate"].default)


def photo_adjustment(parameters: Parameters) -> Adjustment:
    """Only what was asked: a client that writes all of its defaults out does not ask for them."""
    fields = CapturePhoto.model_fields
    asked = {
        member: parameters[name]
        for name, member in _PICTURE.items()
        if name in parameters and parameters[name] not in ("", fields[name].default)
    }
    return Adjustment.model_validate({**asked, "controls": parameters.get("controls", {})})


def recording_adjustment(parameters: Parameters, bitrate: int) -> Adjustment:
    """As `photo_adjustment`, for whatever encodes. `bitrate`: what the parameters ask for, in bit/s; 0 for nothing."""
    fields = Recording.model_fields
    encoder = {
        name: int(parameters[name])
        for name in sorted(ENCODER_KEYS)
        if name in parameters and parameters[name] != fields[name].default
    }
    if bitrate and parameters.get("bitrate") not in _DEFAULT_BITRATES:
        encoder["bitrate"] = bitrate
    return Adjustment(encoder=encoder, controls=parameters.get("controls", {}))
