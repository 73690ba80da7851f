"""Whether the device's own memory, its database or its sealed cache, was damaged lately."""

from datetime import datetime, timedelta

from agent.checks.base import Finding, NoAnswer, Subject, ok, warning

LATELY = timedelta(days=7)
"""For so long an incident is worth a warning: a disk that has begun to fail goes on failing."""


def check(subject: Subject) -> Finding:
    try:
        status = subject.ask("/v1/status")
    except NoAnswer:
        return warning("not known while the agent does not answer; start it and ask again")
    now = datetime.fromisoformat(status["clock"]["now"])
    told = status["incidents"]
    news = [each for each in told if not each["date"] or now - datetime.fromisoformat(each["date"]) < LATELY]
    if not news:
        return ok("none lately; older ones are in: cuelight status" if told else "none")
    more = f" ({len(news)} in {LATELY.days} days)" if len(news) > 1 else ""
    return warning(f"{news[-1]['message']}{more}. If damage comes back, replace the disk")
