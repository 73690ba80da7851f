"""What keeps a process from starting."""

from presets_store.errors import CuelightError, Kind


class SettingsInvalid(CuelightError):
    """The settings cannot be taken; `problems` names each key and what would be right."""

    code = "settings_invalid"
    kind = Kind.INVALID
    template = "the settings in {source} cannot be used:\n{problems}"


class PlaceUnusable(CuelightError):
    """A file or folder that is needed to start."""

    code = "place_unusable"
    kind = Kind.UNAVAILABLE
    template = "{path} cannot be used: {reason}"


class AddressTaken(CuelightError):
    """Nothing can be served at the address of the settings."""

    code = "address_taken"
    kind = Kind.UNAVAILABLE
    template = "{name}: port {port} of {host} cannot be served: {reason}"
