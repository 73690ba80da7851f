"""The base of all errors that a person or a peer may see.

Each class has a stable `code`, a `kind` (what sort of answer it deserves at an edge) and a `template` filled from
`fields`. Edges (HTTP, command line, event result) translate in one place each; nothing else formats errors.
"""

from enum import StrEnum
from typing import ClassVar

PROBLEM_TYPE = "urn:cuelight:problem:"
"""What stands before an error's code in the `type` of a problem document."""


class Kind(StrEnum):
    """What sort of failure it is, for the edges to translate."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    EXPIRED = "expired"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    UNPROCESSABLE = "unprocessable"
    LIMITED = "limited"
    UNSUPPORTED = "unsupported"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


class CuelightError(Exception):
    """Base class. `fields` fill the class's `template`; both are safe to show, so never put a secret in a field."""

    code: ClassVar[str] = "internal"
    kind: ClassVar[Kind] = Kind.INTERNAL
    template: ClassVar[str] = "something went wrong inside cuelight"

    def __init__(self, **fields: object) -> None:
        self.fields = fields
        super().__init__(self.template.format_map(fields))

    @property
    def message(self) -> str:
        """The sentence for people: what is wrong and what would be right."""
        return str(self)
