"""What all parameter models share."""

from typing import Annotated

from pydantic import Field

from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import Count, Flag, Int, Name, NameOrId, NotNegative

MAX_SIDE = 16_384
MAX_RATE = 1000.0
DAY = 86_400.0

Side = Annotated[int, Field(ge=0, le=MAX_SIDE)]
"""Pixels; 0 leaves it to the device."""
Rate = Annotated[float, Field(ge=0, le=MAX_RATE, allow_inf_nan=False)]
"""Frames per second; 0 leaves it to the device."""
Port = Annotated[int, Field(ge=0, le=65_535)]
Seconds = Annotated[NotNegative, Field(le=1e9)]
"""As nanoseconds they must still be a whole number of a usual size; it is 31 years."""
Rotation = Annotated[int, Field(ge=0, le=270, multiple_of=90)]
"""Degrees clockwise."""
ControlValue = bool | Int | Name
Controls = Annotated[dict[Name, ControlValue], Field(max_length=64)]
"""Values for the camera's own controls, by their names."""

__all__ = ["Controls", "Count", "Flag", "Int", "Name", "NameOrId", "Port", "Rate", "Rotation", "Seconds", "Side"]


class Parameters(WireModel):
    """Parameters of an event. `camera` is the name or key of a camera; "" leaves the choice to the device."""

    camera: NameOrId = ""


class StartParameters(Parameters):
    """Parameters of a Start type. `duration_seconds` 0: until stopped."""

    duration_seconds: Seconds = 0.0


class NoParameters(Parameters):
    """An empty string or `{}`."""
