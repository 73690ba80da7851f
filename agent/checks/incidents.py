"""Whether the device's own memory was damaged lately, its chain of clips broken, or a camera had to be mended."""

from datetime import datetime, timedelta

from agent.checks.base import Finding, NoAnswer, Subject, ok, warning
from agent.checks.media import FULL
from agent.mending.ladder import Step

LATELY = timedelta(days=7)
"""For so long an incident is worth a warning: a disk that has begun to fail goes on failing."""


def check(subject: Subject) -> Finding:
    try:
        status = subject.ask("/v1/status")
    except NoAnswer:
        return warning("not known while the agent does not answer; start it and ask again")
    now = datetime.fromisoformat(status["clock"]["now"])
    told = [each for each in status["incidents"] if each["code"] != FULL]  # that is the media check's
    news = [each for each in told if not each["date"] or now - datetime.fromisoformat(each["date"]) < LATELY]
    if not news:
        return ok("none lately; older ones are in: cuelight status" if told else "none")
    more = f" ({len(news)} in {LATELY.days} days)" if len(news) > 1 else ""
    return warning(f"{news[-1]['message']}{more}. {_advice(news[-1]['code'])}")


def _advice(code: str) -> str:
    if code.removesuffix("_failed") in set(Step):
        return "Look at the camera, its cable and its power supply"
    if code == "chain_broken":
        return "See: cuelight clip verify"
    return "If damage comes back, replace the disk"
