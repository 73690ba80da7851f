"""Errors of `cuelight setup`."""

from presets_store.errors import CuelightError, Kind


class SetupInvalid(CuelightError):
    """What was given makes no set-up; nothing was changed."""

    code = "setup_invalid"
    kind = Kind.INVALID
    template = "{source} cannot be used:\n{problems}"


class SetupOverruled(CuelightError):
    """The settings say otherwise, and win."""

    code = "setup_overruled"
    kind = Kind.CONFLICT
    template = "{key} stays as it is: {source} says so, which wins over cuelight setup; change it there"


class SetupFailed(CuelightError):
    """The system would not do what was asked; nothing of the settings was changed."""

    code = "setup_failed"
    kind = Kind.UNAVAILABLE
    template = "{what} cannot be set up: {reason}"


class NothingAsked(CuelightError):
    """Neither a terminal to ask at nor an option."""

    code = "nothing_asked"
    kind = Kind.INVALID
    template = "there is no terminal to ask at: say what to set up by options, or by --from FILE"
