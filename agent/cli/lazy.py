"""Commands that are loaded when they are asked for: until then their names are known, and what help lists of them."""

import sys
from types import ModuleType
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from agent.startup.importing import imported

Command = Any
"""A command or a group of the library that typer carries within itself."""


class Later(TyperCommand):
    """Stands for the command, or the group, at `place`, which is `module:attribute`.

    `summary` is the first paragraph of its help.
    """

    def __init__(self, name: str, place: str, summary: str, epilog: str | None = None) -> None:
        super().__init__(name, help=summary, epilog=epilog)
        self._place = place

    def loaded(self) -> Command:
        """What it stands for."""
        module, _, attribute = self._place.partition(":")
        found = getattr(module_named(module), attribute)
        parent = typer.Typer(rich_markup_mode=None)
        if isinstance(found, typer.Typer):
            parent.add_typer(found, name=self.name)
        else:
            parent.command(self.name, epilog=self.epilog)(found)
        return typer.main.get_group(parent).commands[str(self.name)]


class LazyGroup(TyperGroup):
    """A group that has `later` behind the commands of its own."""

    later: ClassVar[tuple[Later, ...]] = ()

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for command in self.later:
            self.add_command(command)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Command, list[str]]:
        """The command that the first of `args` names, loaded; and the other ones."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, loaded(command), rest

    def load(self) -> None:
        """Loads them all: for whoever describes the commands."""
        self.commands = {name: loaded(command) for name, command in self.commands.items()}


def loaded(command: Command) -> Command:
    """The command itself, whatever stands for it."""
    return command.loaded() if isinstance(command, Later) else command


def module_named(name: str) -> ModuleType:
    """The module. It is imported once only: `imported` takes for granted that there is no garbage yet."""
    return sys.modules.get(name) or imported(name)
