"""Runs the measures that are named on a command line, or all, and keeps what they found."""

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from bench.results import Result, save_parts, table

Size = TypeVar("Size")


async def run_by_name(
    words: Sequence[str],
    measures: Mapping[str, Callable[[Size], Awaitable[list[Result]]]],
    full: Size,
    quick: Size,
    file: Path,
) -> None:
    """`words`: names, and `--quick` for the `quick` size, of which nothing is saved.

    The rows of what was not run stay in `file`: each names its commit.
    """
    names = [word for word in words if word != "--quick"]
    size = full if len(names) == len(words) else quick
    parts = {}
    for name in names or measures:
        print(f"{name} ...", file=sys.stderr, flush=True)
        parts[name] = await measures[name](size)
    print(table([row for rows in parts.values() for row in rows]))
    if size is full:
        save_parts(parts, list(measures), file)
