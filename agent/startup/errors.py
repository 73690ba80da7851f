"""Errors of starting."""

from presets_store.errors import CuelightError, Kind


class SealedStateUnavailable(CuelightError):
    """The sealed cache was closed, or could not be opened when the agent started."""

    code = "sealed_state_unavailable"
    kind = Kind.UNAVAILABLE
    template = "what must outlast the database cannot be kept: {reason}"
