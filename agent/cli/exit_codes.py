"""What the command `cuelight` answers to its caller."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Stable: scripts depend on it."""

    OK = 0
    FAILED = 1
    """The event that was watched, or that a command waited for, did not become Complete; a file could not be read or
    written; a question was not answered with yes; `run`: the agent could not go on."""
    USAGE = 2
    """The command line is wrong."""
    REFUSED = 3
    """The agent refused, or has no such thing."""
    UNREACHABLE = 4
    """No agent answers at the socket."""
    UNHEALTHY = 5
    """`doctor` found something broken."""
    RESTART = 75
    """`run`: an event asked for a restart of the agent (EX_TEMPFAIL: a supervisor starts it again)."""
    SETTINGS = 78
    """The settings are invalid (EX_CONFIG of sysexits.h: a supervisor should not try again)."""
    INTERRUPTED = 130
    """Ctrl-C: watching ended, the event goes on."""
