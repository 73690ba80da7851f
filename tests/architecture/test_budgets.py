"""The budgets of the design: sizes, blind excepts, globals, late imports."""

import ast
import re
from collections.abc import Iterator
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


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_is_something_to_judge() -> None:
    assert len(MODULES) > 50


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_are_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_FILE_LINES


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_functions_are_small(path: Path) -> None:
    long = {
        node.name: (node.end_lineno or node.lineno) - node.lineno + 1
        for node in functions(ast.parse(path.read_text()))
        if (node.end_lineno or node.lineno) - node.lineno + 1 > MAX_FUNCTION_LINES
    }
    assert not long


@pytest.mark.parametrize("package", PACKAGES)
def test_folders_are_small(package: str) -> None:
    folders = [ROOT / package, *(path for path in (ROOT / package).rglob("*") if path.is_dir())]
    crowded = {name_of(folder): len(list(folder.glob("*.py"))) for folder in folders}
    assert {name: count for name, count in crowded.items() if count > MAX_FOLDER_MODULES} == {}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_blind_excepts_are_named_boundaries(path: Path) -> None:
    lines = path.read_text().splitlines()
    blind = [number for number, line in enumerate(lines) if re.search(r"except( \(?(Base)?Exception\b.*)?:", line)]
    unnamed = [number + 1 for number in blind if "boundary" not in lines[number].lower()]
    assert unnamed == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_globals(path: Path) -> None:
    assert not [node.lineno for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Global)]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_late_imports_are_the_heavy_ones_only(path: Path) -> None:
    late = [
        (node.lineno, name)
        for function in functions(ast.parse(path.read_text()))
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in imported(node)
        if name.split(".")[0] not in LATE_IMPORTS
    ]
    assert late == []


def imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or "."]
    return [alias.name for alias in node.names]
