"""Whether the agent runs, and in the version that is installed."""

from agent.checks.base import Finding, NoAnswer, Subject, broken, ok, warning
from presets_store import __version__


def check(subject: Subject) -> Finding:
    try:
        running = subject.ask("/v1/version")["Version"]
    except NoAnswer as error:
        return broken(str(error))
    if running.removeprefix("cuelight ") != __version__:
        return warning(f"version {running} runs, {__version__} is installed; restart the agent")
    return ok(f"version {running} answers at {subject.settings.socket_path}")
