"""Errors of starting."""

from presets_store.errors import CuelightError, Kind


class SealedStateUnavailable(CuelightError):
    """The sealed cache was closed, or could not be opened when the agent started."""

    code = "sealed_state_unavailable"
    kind = Kind.UNAVAILABLE
    template = "what must outlast the database cannot be kept: {reason}"


class CameraTakesNoSecret(CuelightError):
    """Only a camera behind a network is told one."""

    code = "camera_takes_no_secret"
    kind = Kind.UNPROCESSABLE
    template = "camera {camera!r} has the backend {backend!r}, which needs no secret; only 'network' takes one"
