"""What a command writes: JSON for programs, rich tables for a terminal, plain aligned text for everything else.

Every text that came from the API passes through `clean`; none is ever read as markup.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

from rich.cells import cell_len, set_cell_size

from agent.cli.text import clean, clean_lines
from presets_store.protocol.statuses import EventStatus

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Record = Mapping[str, Any]

Row = Sequence[str]

GAP = 2
NARROWEST = 8
"""Characters between two columns, and those that a column which gives way keeps."""

SAID_TO_BE_A_TERMINAL = {"FORCE_COLOR", "TTY_COMPATIBLE"}
"""Environment variables by which rich takes for a terminal what is none."""

MARK = 7
"""Characters that a fact's mark takes."""

STATUS_STYLES = {
    EventStatus.PENDING: "blue",
    EventStatus.CHECKED_OUT: "cyan",
    EventStatus.PROCESSING: "bold cyan",
    EventStatus.COMPLETE: "green",
    EventStatus.ERROR: "bold red",
    EventStatus.TIMED_OUT: "magenta",
    EventStatus.CANCELLED: "yellow",
}


def status_name(number: int) -> str:
    """`Complete` of 4; the number of a status that this release does not know."""
    return EventStatus(number).wire_name if number in STATUS_STYLES else str(number)


def status_style(number: int) -> str:
    """The colour of a status, "" for an unknown one."""
    return STATUS_STYLES[EventStatus(number)] if number in STATUS_STYLES else ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: how a cell reads, and its style on a terminal. A `wide` one gives way on a narrow one."""

    title: str
    cell: Callable[[Record], str]
    style: Callable[[Record], str] = lambda _: ""
    right: bool = False
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of a description; `text` may have several lines. `style` is that of `mark` where there is one."""

    title: str
    text: str
    style: str = ""
    mark: str = ""


class Output:
    """Where the results of a command go: one JSON document, or text."""

    def __init__(self, *, as_json: bool, stream: TextIO | None = None) -> None:
        self.as_json = as_json
        self.stream = stream or sys.stdout

    @cached_property
    def console(self) -> "Console":
        """The terminal, as rich sees it."""
        from rich.console import Console  # slow to load

        return Console(file=self.stream, markup=False, highlight=False, emoji=False)

    @cached_property
    def for_people(self) -> bool:
        """Whether a terminal looks, or is said to, and wants no JSON."""
        if self.as_json or not (self.stream.isatty() or SAID_TO_BE_A_TERMINAL.intersection(os.environ)):
            return False
        return self.console.is_terminal

    def document(self, value: object) -> None:
        """The one JSON document of a command."""
        # Non-ASCII is escaped, so that no control character reaches a terminal; json leaves DEL alone.
        self.stream.write(json.dumps(value, indent=2).replace("\x7f", "\\u007f") + "\n")

    def line(self, text: str, style: str = "") -> None:
        """A sentence."""
        if self.for_people:
            from rich.text import Text

            self.console.print(Text(clean(text), style=style), soft_wrap=True)
        else:
            self.stream.write(clean(text) + "\n")
            self.stream.flush()

    def answer(self, value: object, text: str, style: str = "") -> None:
        """What a command that changed something says: one document, or one sentence."""
        if self.as_json:
            self.document(value)
        else:
            self.line(text, style)

    def table(self, records: Sequence[Record], columns: Sequence[Column], *, empty: str) -> None:
        """The records as rows; `empty` is said when there are none."""
        if self.as_json:
            self.document(records)
        elif not records:
            self.line(empty)
        else:
            rows = [[clean(column.cell(record)) for column in columns] for record in records]
            self._table(rows, [[column.style(record) for column in columns] for record in records], columns)

    def _table(self, rows: Sequence[Row], styles: Sequence[Row], columns: Sequence[Column]) -> None:
        titles = [column.title for column in columns]
        widths = [max(cell_len(cell) for cell in cells) for cells in zip(titles, *rows, strict=True)]
        if not self.for_people:
            self.stream.writelines("  ".join(_padded(row, widths, columns)).rstrip() + "\n" for row in [titles, *rows])
            return
        from rich.text import Text

        widths = _fitted(widths, columns, self.console.width)
        head = ["bold"] * len(columns)
        for row, row_styles in zip([titles, *rows], [head, *styles], strict=True):
            cells = zip(_padded(row, widths, columns), row_styles, strict=True)
            line = Text("  ").join(Text(cell, style=style) for cell, style in cells)
            self.console.print(line, soft_wrap=True)

    def description(self, record: object, facts: Sequence[Fact]) -> None:
        """One record, a fact a line."""
        if self.as_json:
            self.document(record)
            return
        if self.for_people:
            self.console.print(_rich_description(facts))
            return
        width = max(len(fact.title) for fact in facts)
        for fact in facts:
            mark = f"{fact.mark:<{MARK}}  " if fact.mark else ""
            text = clean_lines(fact.text).replace("\n", "\n" + " " * (width + 2 + len(mark)))
            self.stream.write(f"{fact.title.ljust(width)}  {mark}{text}\n")


def _padded(row: Row, widths: Sequence[int], columns: Sequence[Column]) -> list[str]:
    """The cells, each as wide as its column; what is too long ends in an ellipsis."""
    cells = []
    for text, width, column in zip(row, widths, columns, strict=True):
        shown = text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"
        blanks = " " * (width - cell_len(shown))
        cells.append(blanks + shown if column.right else shown + blanks)
    return cells


def _fitted(widths: Sequence[int], columns: Sequence[Column], room: int) -> list[int]:
    """The widths with which the table fits into `room`, as far as its wide columns can give way."""
    excess = sum(widths) + GAP * (len(widths) - 1) - room
    fitted = list(widths)
    for index, column in enumerate(columns):
        if column.wide and excess > 0:
            fitted[index] = max(NARROWEST, widths[index] - excess)
            excess -= widths[index] - fitted[index]
    return fitted


def _rich_description(facts: Sequence[Fact]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    marked = any(fact.mark for fact in facts)
    grid.add_column(style="dim", no_wrap=True)
    if marked:
        grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for fact in facts:
        text = Text(clean_lines(fact.text), style="" if fact.mark else fact.style)
        mark = [Text(fact.mark, style=fact.style)] if marked else []
        grid.add_row(fact.title, *mark, text)
    return grid
