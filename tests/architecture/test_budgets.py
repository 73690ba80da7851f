"""The budgets of the design: sizes, blind excepts, globals, late imports."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("presets_store", "hardware", "agent")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 40
MAX_FOLDER_MODULES = 24
LATE_IMPORTS = {"av", "cv2", "apprise", "asyncpg", "alembic", "typer", "rich"}

MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
FILES = [*MODULES, *sorted(path for folder in ("tests", "bench", "scripts") for path in (ROOT / folder).rglob("*.py"))]


Function = ast.FunctionDef | ast.AsyncFunctionDef
Offenders = dict[str, object]
"""What breaks a budget, by file: a test shows all of them at once."""


@dataclass(frozen=True)
class Read:
    """What is judged of a file. Its tree is not kept: all together they are two million objects, and 270 MB."""

    functions: dict[str, int]
    """The lines of those that are too long."""
    globals: list[int]
    late: list[tuple[int, str]]
    """Imports inside functions: line and module."""


@cache
def read(path: Path) -> Read:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    functions = [node for node in nodes if isinstance(node, Function)]
    return Read(
        {each.name: lines_of(each) for each in functions if lines_of(each) > MAX_FUNCTION_LINES},
        [node.lineno for node in nodes if isinstance(node, ast.Global)],
        [late for function in functions for late in imports_in(function)],
    )


def imports_in(function: Function) -> Iterator[tuple[int, str]]:
    for node in ast.walk(function):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((node.lineno, name) for name in imported(node))


def lines_of(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def offending(paths: list[Path], judge: Callable[[Path], object]) -> Offenders:
    return {str(path.relative_to(ROOT)): found for path in paths if (found := judge(path))}


def test_there_is_something_to_judge() -> None:
    assert len(MODULES) > 50


def test_files_are_small() -> None:
    def too_long(path: Path) -> int:
        lines = len(path.read_text().splitlines())
        return lines if lines > MAX_FILE_LINES else 0

    assert offending(FILES, too_long) == {}


def test_functions_are_small() -> None:
    assert offending(FILES, lambda path: read(path).functions) == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_folders_are_small(package: str) -> None:
    folders = [ROOT / package, *(path for path in (ROOT / package).rglob("*") if path.is_dir())]
    crowded = {str(folder): len(list(folder.glob("*.py"))) for folder in folders}
    assert {name: count for name, count in crowded.items() if count > MAX_FOLDER_MODULES} == {}


def test_blind_excepts_are_named_boundaries() -> None:
    def unnamed(path: Path) -> list[int]:
        return [
            number
            for number, line in enumerate(path.read_text().splitlines(), 1)
            if re.search(r"except( \(?(Base)?Exception\b.*)?:", line) and "boundary" not in line.lower()
        ]

    assert offending(MODULES, unnamed) == {}


def test_no_globals() -> None:
    assert offending(MODULES, lambda path: read(path).globals) == {}


def test_late_imports_are_the_heavy_ones_only() -> None:
    def late(path: Path) -> list[tuple[int, str]]:
        return [(line, name) for line, name in read(path).late if name.split(".")[0] not in LATE_IMPORTS]

    assert offending(MODULES, late) == {}


def imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or "."]
    return [alias.name for alias in node.names]
