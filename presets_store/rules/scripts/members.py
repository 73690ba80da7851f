"""Reads the members of what a peer sent; what is wrong is collected, so that a person sees all of it at once."""

from typing import Any, Final

from presets_store.protocol.errors import FieldProblem
from presets_store.rules.scripts.errors import BadScript

MAX_ITEMS: Final = 400
"""Of a list."""
_MAX_PROBLEMS: Final = 50


class Members:
    """Collects problems. A reader that finds one gives back a stand-in; `refuse` ends the reading."""

    def __init__(self) -> None:
        self.problems: list[FieldProblem] = []

    def wrong(self, path: str, problem: str, expected: str) -> None:
        """Notes a problem; after the first fifty more say nothing new."""
        if len(self.problems) < _MAX_PROBLEMS:
            self.problems.append(FieldProblem(path, problem, expected))

    def refuse(self) -> None:
        """Raises BadScript when anything was wrong."""
        if self.problems:
            raise BadScript(self.problems)

    def object(self, value: Any, path: str) -> dict[str, Any]:
        """An object; absent is empty."""
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        self.wrong(path, "is no object", "an object")
        return {}

    def items(self, value: Any, path: str) -> list[tuple[str, dict[str, Any]]]:
        """The objects of a list, each with its path; absent is empty."""
        return [(f"{path}.{index}", self.object(item, f"{path}.{index}")) for index, item in self.listed(value, path)]

    def listed(self, value: Any, path: str) -> list[tuple[int, Any]]:
        """The numbered items of a list; absent is empty."""
        if value is None:
            return []
        if not isinstance(value, list):
            self.wrong(path, "is no list", "a list")
            return []
        if len(value) > MAX_ITEMS:
            self.wrong(path, f"has more than {MAX_ITEMS} items", f"at most {MAX_ITEMS}")
            return []
        return list(enumerate(value))
