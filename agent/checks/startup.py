"""In which mode the agent started, and what became of the preset that it ran then."""

from agent.checks.base import Finding, NoAnswer, Subject, ok, warning
from presets_store.protocol.statuses import EventStatus

FINE = {EventStatus.PENDING, EventStatus.CHECKED_OUT, EventStatus.PROCESSING, EventStatus.COMPLETE}


def check(subject: Subject) -> Finding:
    try:
        status = subject.ask("/v1/status")
        startup = status["startup"]
        event = subject.ask(f"/v1/event/{startup['eventID']}") if startup["eventID"] else None
    except NoAnswer:
        return warning("not known while the agent does not answer; start it and ask again")
    mode = f"the mode is {status['mode']}: {status['reason']}"
    if not startup["binding"]:
        return ok(f"{mode}; {startup['note'] or 'no start-up preset runs'}")
    preset = f"the {startup['binding']} preset {startup['presetID']} ({startup['presetName']})"
    if event is None:
        return ok(f"{mode}; {preset} was not run: {startup['note']}")
    became = EventStatus(event["eventStatus"])
    if became not in FINE:
        look = f"look with: cuelight event show {startup['eventID']}"
        return warning(f"{mode}; {preset} ended as {became.wire_name}; {look}")
    return ok(f"{mode}; {preset} is {became.wire_name}")
