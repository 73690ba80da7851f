"""Numbers out of what devices say of themselves, as lines of a chart. Pure.

A path names members and positions: `battery.percent`, `cpu.percent[0]`. Text that is a number counts as one; a list of
numbers is one line each.
"""

import json
import math
import re
from collections.abc import Iterable
from typing import Any, Final

from presets_store.protocol.errors import BadRequestBody, FieldProblem
from presets_store.protocol.fleet.health import ChartDataset, ChartPoint

Path = tuple[str | int, ...]

USUAL: Final = (
    "battery.percent",
    "cpu.percent",
    "cpu.temp",
    "gpu.temp",
    "memory.virtual_memory.percent",
    "disk.percent",
    "radio.wi.signal_dBm",
)
"""The paths of which a chart is made when none is asked for."""

LINES: Final = 16
"""Of a list."""

_SECOND: Final = 1_000_000
_PATH: Final = re.compile(r"[^.\[\]]+(?:\[[0-9]{1,4}\])*(?:\.[^.\[\]]+(?:\[[0-9]{1,4}\])*)*")
_STEP: Final = re.compile(r"[^.\[\]]+|\[[0-9]+\]")


def read_path(text: str) -> Path:
    """`cpu.percent[0]` -> `("cpu", "percent", 0)`. Raises BadRequestBody."""
    if not _PATH.fullmatch(text):
        expected = "names and positions such as battery.percent or cpu.percent[0]"
        raise BadRequestBody([FieldProblem("variableName", "is no path into the health", expected)])
    return tuple(int(step[1:-1]) if step.startswith("[") else step for step in _STEP.findall(text))


def number_of(value: Any) -> float | None:
    """The number that `value` is, or that its text says; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str) or "_" in str(value):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def numbers_at(said: Any, path: Path) -> dict[str, float]:
    """The number at the path by what is to be added to the path's name: nothing, or the position in a list."""
    for step in path:
        said = _member(said, step)
    if not isinstance(said, list):
        number = number_of(said)
        return {} if number is None else {"": number}
    numbers = ((f"[{index}]", number_of(value)) for index, value in enumerate(said[:LINES]))
    return {label: number for label, number in numbers if number is not None}


def _member(said: Any, step: str | int) -> Any:
    if isinstance(step, str):
        return said.get(step) if isinstance(said, dict) else None
    return said[step] if isinstance(said, list) and step < len(said) else None


def chart_lines(names: Iterable[str], told: Iterable[tuple[int, str]]) -> list[ChartDataset]:
    """One line for each name with numbers, in this order. `told`: date (microseconds) and JSON text, oldest first."""
    paths = {name: read_path(name) for name in names}
    lines: dict[str, dict[str, list[ChartPoint]]] = {name: {} for name in paths}
    for date, text in told:
        said = json.loads(text)
        for name, path in paths.items():
            for position, number in numbers_at(said, path).items():
                point = ChartPoint.model_construct(time=date // _SECOND, value=number)
                lines[name].setdefault(name + position, []).append(point)
    return [
        ChartDataset.model_construct(label=label, data=points)
        for of_name in lines.values()
        for label, points in of_name.items()
    ]
