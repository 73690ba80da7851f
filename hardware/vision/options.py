"""What an analyser can be set to. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from hardware.models import OptionValue


@dataclass(frozen=True, slots=True)
class Number:
    """From `lowest` to `highest`, both included. `whole`: an integer."""

    default: float
    lowest: float
    highest: float
    whole: bool = False

    def problem(self, value: OptionValue) -> str:
        """What would be right; "" when `value` is."""
        kinds = int if self.whole else int | float
        if not isinstance(value, bool) and isinstance(value, kinds) and self.lowest <= value <= self.highest:
            return ""
        return f"{'an integer ' if self.whole else ''}{self.lowest:g} to {self.highest:g}"


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    default: bool

    def problem(self, value: OptionValue) -> str:
        """What would be right; "" when `value` is."""
        return "" if isinstance(value, bool) else "true or false"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of `words`."""

    default: str
    words: tuple[str, ...]

    def problem(self, value: OptionValue) -> str:
        """What would be right; "" when `value` is."""
        return "" if value in self.words else f"one of {', '.join(self.words)}"


@dataclass(frozen=True, slots=True)
class ModelName:
    """The name of the network whose files come with the order; "" for none."""

    default: str = ""

    def problem(self, value: OptionValue) -> str:
        """What would be right; "" when `value` is."""
        return "" if isinstance(value, str) else "a name"


Option = Number | Flag | Choice | ModelName


def complete(known: Mapping[str, Option], given: Mapping[str, OptionValue]) -> dict[str, OptionValue]:
    """Every option: as given, else its default."""
    return {name: given.get(name, option.default) for name, option in known.items()}
