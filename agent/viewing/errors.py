"""What a viewer may be told instead of a picture."""

from presets_store.errors import CuelightError, Kind


class CameraSilent(CuelightError):
    """The camera gave no picture in time, or its host cannot show it."""

    code = "camera_silent"
    kind = Kind.UNAVAILABLE
    template = "camera {camera!r} shows nothing: {reason}"


class TooManyViewers(CuelightError):
    """The camera has as many viewers as it may have, or they want as many different pictures."""

    code = "too_many_viewers"
    kind = Kind.LIMITED
    template = "camera {camera!r} has all the viewers that it may have: {most}"


class StreamUnknown(CuelightError):
    """No such HLS stream, or it has no such file now."""

    code = "stream_unknown"
    kind = Kind.NOT_FOUND
    template = "camera {camera!r} has no file {file!r} of an HLS stream {name!r} now"
