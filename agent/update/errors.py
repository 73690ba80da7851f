"""Why a package is not installed."""

from agent.errors import ActionError
from presets_store.errors import Kind


class NoUpdateKey(ActionError):
    """Nobody's packages are trusted."""

    code = "update_no_key"
    kind = Kind.CONFLICT
    template = "no package is installed here: the settings name no update.public_key"


class NotPackaged(ActionError):
    """This cuelight was not installed from a package."""

    code = "not_packaged"
    kind = Kind.CONFLICT
    template = "this cuelight is not installed from its package, so none replaces it: {reason}"


class BadSignature(ActionError):
    """The package is not from the maker whose key the settings have."""

    code = "update_bad_signature"
    template = "package {version} for {architecture} is not signed with the key of update.public_key"


class Downgrade(ActionError):
    """An older version than is installed."""

    code = "update_downgrade"
    kind = Kind.CONFLICT
    template = "{version} is older than {installed}, which is installed; update.allow_downgrade is not set"


class WrongPackage(ActionError):
    """A package for something else."""

    code = "update_wrong_package"
    template = "the package {reason}"


class WhileRecording(ActionError):
    """An update would cut a recording."""

    code = "update_while_recording"
    kind = Kind.CONFLICT
    template = "event {event} records now; whileRecording true cuts it for the update, and it goes on afterwards"


class UpdateUnderWay(ActionError):
    """One at a time."""

    code = "update_under_way"
    kind = Kind.CONFLICT
    template = "another update is under way; ask again when it has ended"


class UpdateNotTaken(ActionError):
    """The helper does not answer."""

    code = "update_not_taken"
    kind = Kind.UNAVAILABLE
    template = "nobody took the package within {seconds:g} s; see: systemctl status cuelight-update.path"


class UpdateLost(ActionError):
    """The helper took the request, and nothing more is known."""

    code = "update_lost"
    template = "the helper took the package and tells no outcome; see: journalctl --unit cuelight-update"


class PackageUnreadable(ActionError):
    """A file that dpkg does not take for a package, or a machine without dpkg."""

    code = "package_unreadable"
    template = "{file} cannot be read as a package: {reason}"
