"""Why no clip is made of others."""

from agent.errors import ActionError
from presets_store.errors import Kind


class NoFootage(ActionError):
    """Nothing was recorded then, or it is not there any more."""

    code = "no_footage"
    kind = Kind.NOT_FOUND
    template = "camera {camera!r} has no recording of the time from {start} to {end}"


class UnknownClip(ActionError):
    """A clip that this device does not have, or not any more."""

    code = "unknown_clip"
    kind = Kind.NOT_FOUND
    template = "{field}: this device has no clip {clip}"


class TooSlow(ActionError):
    """The time that it may take was over."""

    code = "too_slow"
    template = "it was not done after {seconds:g} s"
