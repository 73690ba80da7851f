"""Errors of the device's health."""

from presets_store.errors import CuelightError, Kind


class HealthUnread(CuelightError):
    """A sensor or a disk does not answer."""

    code = "health_unread"
    kind = Kind.UNAVAILABLE
    template = "the box's readings are not there after {seconds:g} s; health is told again when they are"
