"""Errors of the wire: what a peer sent cannot be taken. No value that a peer sent is ever part of a text."""

from collections.abc import Sequence
from dataclasses import dataclass

from presets_store.errors import CuelightError, Kind


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing wrong with one member. `field` is its wire name with path (`videoClips[2].fileID`); "" is the whole."""

    field: str
    problem: str
    expected: str

    def inside(self, index: int) -> "FieldProblem":
        """The same problem in a member of a list."""
        return FieldProblem(f"[{index}]" + (f".{self.field}" if self.field else ""), self.problem, self.expected)

    def __str__(self) -> str:
        text = f"{self.field or 'the whole'} {self.problem}"
        return f"{text} (expected {self.expected})" if self.expected else text


class FieldsError(CuelightError):
    """Base of errors that name each wrong member. `problems` is never empty."""

    kind = Kind.INVALID
    template = "{summary}"

    def __init__(self, problems: Sequence[FieldProblem], **fields: object) -> None:
        self.problems = tuple(problems)
        super().__init__(summary="; ".join(map(str, self.problems)), **fields)


class BadRequestBody(FieldsError):
    """The body, or the query, does not fit the request."""

    code = "bad_request_body"


class BadParameters(FieldsError):
    """`eventParameters` do not fit the event type."""

    code = "bad_parameters"
    template = "parameters of {event_type}: {summary}"


class BadJson(CuelightError):
    """Text that is not a JSON document, or one that cannot be kept. `position` counts characters (bytes when they are
    not UTF-8) from 0; None when the fault has no single place.
    """

    code = "bad_json"
    kind = Kind.INVALID
    template = "{subject} is not JSON that can be taken{place}: {reason}"

    def __init__(self, *, subject: str, reason: str, position: int | None = None) -> None:
        place = "" if position is None else f" at position {position}"
        super().__init__(subject=subject, reason=reason, position=position, place=place)


class UnknownEventType(CuelightError):
    """No event type of that name or number."""

    code = "unknown_event_type"
    kind = Kind.INVALID
    template = "there is no event type {name!r}{hint}"


class UnknownAgentType(CuelightError):
    """No agent type of that name or number."""

    code = "unknown_agent_type"
    kind = Kind.INVALID
    template = "there is no agent type {name!r}{hint}"


class AgentTypeMismatch(CuelightError):
    """The event type is served by another agent type than the one named."""

    code = "agent_type_mismatch"
    kind = Kind.INVALID
    template = "{event_type} is served by agent type {expected}, not by {given}"


class UnsupportedEventType(CuelightError):
    """An event type that this project knows and does not carry out."""

    code = "unsupported"
    kind = Kind.UNSUPPORTED
    template = "{event_type} is not supported: {reason}"
