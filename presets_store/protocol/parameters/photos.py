"""Parameters of photos."""

from typing import Annotated

from pydantic import Field

from presets_store.protocol.fields import Real
from presets_store.protocol.parameters.base import Controls, Count, Flag, Name, Rotation, Seconds, Side, StartParameters


class CapturePhoto(StartParameters):
    """Image_Start_taking_photos. `interval_seconds` 0: one photo; `height` and `width` 0: all that the sensor has.

    `shutter` in microseconds, 0 automatic; `ev` in stops; `brightness` -1 to 1; the three below it are multipliers.
    Ours, and left out by other clients: `controls` are the camera's own, by name.
    """

    height: Side = 0
    width: Side = 0
    interval_seconds: Seconds = 0.0
    quality: Annotated[int, Field(ge=1, le=100)] = 93
    encoding: Name = "jpg"
    vflip: Flag = 0
    hflip: Flag = 0
    rotation: Rotation = 0
    brightness: Real = 0.0
    contrast: Real = 1.0
    saturation: Real = 1.0
    sharpness: Real = 1.0
    awb: Name = "auto"
    exposure: Name = "normal"
    ev: Real = 0.0
    denoise: Name = "auto"
    shutter: Count = 0
    gain: Real = 0.0
    hdr: Name = "off"
    controls: Controls = Field(default_factory=dict)
