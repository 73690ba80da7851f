"""How an event ends: status and result text, from whatever an action returned or raised."""

import json
from dataclasses import dataclass
from typing import Any

from agent.running import Result, StopReason
from presets_store.errors import CuelightError
from presets_store.protocol.statuses import EventStatus
from presets_store.redaction import redact

MAX_RESULT = 60_000
"""Characters of a result; the wire takes 65,536."""
TOLD = 50
"""Members of a list in a result that would be too long; the index has all clips."""
MAX_TOLD = 2_000
"""Characters of a text in such a result."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`interrupted` asks for another attempt while some are left; else `status` is final."""

    status: EventStatus
    result: Result
    interrupted: bool = False

    @property
    def text(self) -> str:
        """The result as it is stored and reported: JSON without secrets, within the wire's limit."""
        text = json.dumps(redact(self.result), ensure_ascii=False)
        if len(text) <= MAX_RESULT:
            return text
        left_out = {name: len(value) - TOLD for name, value in self.result.items() if _too_many(value)}
        return json.dumps(redact({**_shortened(self.result), "leftOut": left_out}), ensure_ascii=False)

    @property
    def summary(self) -> str:
        """A few words for the log."""
        return str(self.result.get("message") or self.result.get("note") or "done")


def complete(result: Result) -> Outcome:
    return Outcome(EventStatus.COMPLETE, result)


def failure(error: CuelightError) -> Outcome:
    """The outcome of an error of ours."""
    return failed(error.code, error.message, {})


def failed(code: str, message: str, result: Result) -> Outcome:
    """Error, with what was done until then."""
    return Outcome(EventStatus.ERROR, {"code": code, "message": message, **result})


def stopped(reason: StopReason, attempt: int, result: Result) -> Outcome:
    """What a stop makes of an event: Complete, Cancelled, or interrupted."""
    match reason:
        case StopReason.STOPPED:
            return complete(result)
        case StopReason.ENDED:
            return Outcome(EventStatus.CANCELLED, result)
        case StopReason.SHUTDOWN:
            return interrupted(attempt, "the agent was stopped", result)


def interrupted(attempt: int, reason: str, result: Result) -> Outcome:
    """Cut off: `interrupted` is the code that an upstream may answer with a new attempt."""
    message = f"interrupted in attempt {attempt}: {reason}"
    return Outcome(
        EventStatus.ERROR, {"code": "interrupted", "message": message, "attempt": attempt, **result}, interrupted=True
    )


def _too_many(value: object) -> bool:
    return isinstance(value, list) and len(value) > TOLD


def _shortened(value: Any) -> Any:
    """A copy with long lists and texts cut; results are not nested deeply."""
    if isinstance(value, str):
        return value[:MAX_TOLD]
    if isinstance(value, list):
        return [_shortened(member) for member in value[:TOLD]]
    if isinstance(value, dict):
        return {name: _shortened(member) for name, member in value.items()}
    return value
