"""What a command may fail with, and the exit code that it deserves."""

from collections.abc import Sequence

from agent.cli.exit_codes import ExitCode
from agent.enrolment.errors import AddressRefused, EnrolmentOverruled
from agent.setup.errors import NothingAsked, SetupInvalid, SetupOverruled
from presets_store.errors import CuelightError, Kind
from presets_store.process.errors import SettingsInvalid
from presets_store.protocol.errors import BadJson, FieldProblem, FieldsError, UnknownEventType


class AgentUnreachable(CuelightError):
    """Nothing usable answers at the socket."""

    code = "agent_unreachable"
    kind = Kind.UNAVAILABLE
    template = "no agent answers at {socket} ({reason}); start it with: cuelight run"


class AgentForbidden(CuelightError):
    """The socket is there, but not for this user."""

    code = "agent_forbidden"
    kind = Kind.UNAVAILABLE
    template = "this user may not open {socket}; run the command as the agent's user, or join the socket's group"


class Refused(CuelightError):
    """The agent answered with a problem document; `detail` is its text."""

    code = "refused"
    kind = Kind.CONFLICT
    template = "{detail}"

    def __init__(self, status: int, problem: str, detail: str) -> None:
        self.status = status
        self.problem = problem
        super().__init__(status=status, problem=problem, detail=detail)


class BadParameters(CuelightError):
    """Event parameters that cannot be read."""

    code = "bad_parameters"
    kind = Kind.INVALID
    template = "{given} {problem}"


class NothingNamed(CuelightError):
    """No record has the name."""

    code = "not_found"
    kind = Kind.NOT_FOUND
    template = "no {what} is named {name!r}; {hint}"


class Ambiguous(CuelightError):
    """Several records fit."""

    code = "ambiguous"
    kind = Kind.CONFLICT
    template = "{name!r} could be several {what}: {candidates}; say which by its ID"


class Declined(CuelightError):
    """A question was not answered with yes."""

    code = "declined"
    kind = Kind.CONFLICT
    template = "nothing was changed"


class FileExists(CuelightError):
    """A file that would be replaced."""

    code = "file_exists"
    kind = Kind.CONFLICT
    template = "{path} is there already; --force replaces it"


class FileUnusable(CuelightError):
    """A file on this side of the socket that cannot be read or written."""

    code = "file_unusable"
    kind = Kind.UNAVAILABLE
    template = "{path} cannot be {done}: {reason}"


class PresetFileInvalid(FieldsError):
    """A preset file that is not imported; nothing was stored."""

    code = "preset_file_invalid"
    template = "{source} is not imported:{lines}"

    def __init__(self, source: str, problems: Sequence[FieldProblem]) -> None:
        super().__init__(problems, source=source, lines="".join(f"\n  {problem}" for problem in problems))


class NotExportable(CuelightError):
    """A preset that no file can tell whole."""

    code = "not_exportable"
    kind = Kind.CONFLICT
    template = "preset {preset} cannot be exported: {reason}"


class ExportFailed(CuelightError):
    """The file job that makes a plain MP4 failed."""

    code = "export_failed"
    kind = Kind.UNPROCESSABLE
    template = "{source} cannot be exported: {reason}"


class CamerasNotFound(CuelightError):
    """The job that looks for cameras failed."""

    code = "cameras_not_found"
    kind = Kind.UNAVAILABLE
    template = "{reason}"


def exit_code(error: CuelightError) -> ExitCode:
    """How a command that failed with `error` ends."""
    match error:
        case SettingsInvalid():
            return ExitCode.SETTINGS
        case BadParameters() | UnknownEventType() | PresetFileInvalid() | BadJson() | AddressRefused():
            return ExitCode.USAGE
        case SetupInvalid() | NothingAsked():
            return ExitCode.USAGE
        case AgentUnreachable() | AgentForbidden():
            return ExitCode.UNREACHABLE
        case Refused() | NothingNamed() | Ambiguous() | FileExists() | NotExportable():
            return ExitCode.REFUSED
        case EnrolmentOverruled() | SetupOverruled():
            return ExitCode.REFUSED
        case _:
            return ExitCode.FAILED
