"""Whether a provisioning file was of no use, and whether a token waits for the upstream."""

from agent.checks.base import Finding, Subject, broken, ok, warning
from agent.setup.loading import SETUP
from agent.setup.report import read_report, unfinished


def check(subject: Subject) -> Finding:
    folder = subject.settings.state_folder
    report = read_report(folder)
    left = unfinished(folder)
    if report is not None and report.is_useless:
        return broken(f"{left}\nCorrect the file, or remove it; nothing of it is in force.")
    if left:
        return warning(f"{left}; if it does not: is its address right, and is there a network?")
    if report is not None and not report.problem:
        return ok(f"{report.file} was applied at {report.date}")
    return ok("by cuelight setup" if (folder / SETUP).exists() else "by the settings alone; cuelight setup asks")
