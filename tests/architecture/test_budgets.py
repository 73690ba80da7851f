"""The budgets of the design: sizes, blind excepts, globals, late imports."""

import ast
import re
from collections.abc import Callable, Iterator
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


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(path: Path) -> Iterator[Function]:
    return (node for node in ast.walk(parsed(path)) if isinstance(node, Function))


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
    def too_long(path: Path) -> dict[str, int]:
        return {each.name: lines_of(each) for each in functions(path) if lines_of(each) > MAX_FUNCTION_LINES}

    assert offending(FILES, too_long) == {}


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
    def found(path: Path) -> list[int]:
        return [node.lineno for node in ast.walk(parsed(path)) if isinstance(node, ast.Global)]

    assert offending(MODULES, found) == {}


def test_late_imports_are_the_heavy_ones_only() -> None:
    def late(path: Path) -> list[tuple[int, str]]:
        return [
            (node.lineno, name)
            for function in functions(path)
            for node in ast.walk(function)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in imported(node)
            if name.split(".")[0] not in LATE_IMPORTS
        ]

    assert offending(MODULES, late) == {}


def imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or "."]
    return [alias.name for alias in node.names]
