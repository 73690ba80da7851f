"""What a command may fail with, and the exit code that it deserves."""

from agent.cli.exit_codes import ExitCode
from agent.errors import SettingsInvalid
from presets_store.errors import CuelightError, Kind


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


def exit_code(error: CuelightError) -> ExitCode:
    """How a command that failed with `error` ends."""
    match error:
        case SettingsInvalid():
            return ExitCode.SETTINGS
        case BadParameters():
            return ExitCode.USAGE
        case AgentUnreachable() | AgentForbidden():
            return ExitCode.UNREACHABLE
        case Refused() | NothingNamed() | Ambiguous():
            return ExitCode.REFUSED
        case _:
            return ExitCode.FAILED
