"""The table of docs/start-up.md, read as a person reads it."""

from dataclasses import dataclass
from pathlib import Path

from fakes.agent_process import ROOT
from fakes.startup_cells import BOUND, DAMAGED, STARTS, UPSTREAMS, Cell

PAGE = ROOT / "docs" / "start-up.md"
HEADER = ["Upstream", "Bound", "Damaged", "Start", "Mode", "This start runs", "In this boot", "Read from", "Note"]
_DOMAINS = (UPSTREAMS, BOUND, DAMAGED, STARTS)
_NOTHING = "-"
_ANY = "any"
_LEFT_OUT = "…"


@dataclass(frozen=True)
class Row:
    """`keys`: the values of the first four columns. `mode` has its reason with it; `…` stands for what varies."""

    text: str
    keys: tuple[tuple[str, ...], ...]
    mode: str
    runs: str
    in_boot: int
    source: str
    note: str

    def covers(self, cell: Cell) -> bool:
        return all(value in values for value, values in zip(cell, self.keys, strict=True))


def read_table(page: Path = PAGE) -> list[Row]:
    """Every row of the one table with HEADER. Raises ValueError for a word that the table does not know."""
    tables = page.read_text().split("\n\n")
    lines = next(table.splitlines() for table in tables if table.startswith(f"| {HEADER[0]} | {HEADER[1]} |"))
    header, _, *rows = [[part.strip() for part in line.strip("|").split("|")] for line in lines]
    if header != HEADER:
        raise ValueError(f"the columns are {header}")
    return [_row(parts) for parts in rows]


def agrees(told: str, written: str) -> bool:
    """Whether `told` is what is `written`, where `…` stands for anything."""
    first, *others = written.split(_LEFT_OUT)
    if not others:
        return told == written
    if not told.startswith(first) or not told.endswith(others[-1]):
        return False
    rest = told[len(first) :]
    return all(part in rest for part in others)


def _row(parts: list[str]) -> Row:
    *keys, mode, runs, in_boot, source, note = parts
    return Row(
        text=" | ".join(parts),
        keys=tuple(_values(text, domain) for text, domain in zip(keys, _DOMAINS, strict=True)),
        mode=mode,
        runs=runs,
        in_boot=int(in_boot),
        source="" if source == _NOTHING else source,
        note="" if note == _NOTHING else note,
    )


def _values(text: str, domain: tuple[str, ...]) -> tuple[str, ...]:
    values = domain if text == _ANY else tuple(text.split(", "))
    unknown = set(values) - set(domain)
    if unknown:
        raise ValueError(f"{unknown} is none of {domain}")
    return values
