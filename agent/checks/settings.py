"""Whether the settings can be used as they are."""

from agent.checks.base import Finding, Subject, broken, ok


def check(subject: Subject) -> Finding:
    if subject.problem:
        return broken(f"{subject.problem}\nCorrect them; until then the last good ones serve, or the defaults.")
    cameras = len(subject.settings.cameras)
    return ok(f"they are valid; {cameras} camera{'s' if cameras > 1 else ''}, data in {subject.settings.state_folder}")
