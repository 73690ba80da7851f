"""What a soak leaves in bench/soak.json: counts of whole runs and of parts, each with its commit."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("test_run", ROOT / "scripts" / "test.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(commit: str, **more: object) -> dict[str, object]:
    return {"commit": commit, "seed": commit, "seconds": 1, "passed": True, **more}


def test_a_part_replaces_its_own_counts_and_a_whole_run_all(script: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "soak.json"
    script.write_soak(path, run("a"), [{"test": "kill", "stage": 1}, {"test": "kill", "stage": 2}, {"test": "cache"}])
    script.write_soak(path, run("b", only=["-k", "cache"]), [{"test": "cache", "examples": 5}])
    kept = json.loads(path.read_text())
    assert [each["commit"] for each in kept["runs"]] == ["a", "b"]
    assert [(each["commit"], each["test"]) for each in kept["counts"]] == [("a", "kill"), ("a", "kill"), ("b", "cache")]
    script.write_soak(path, run("c", only=["-k", "kill"]), [{"test": "kill", "stage": 3}])
    kept = json.loads(path.read_text())
    assert [each["commit"] for each in kept["runs"]] == ["b", "c"], "of a nothing is left"
    script.write_soak(path, run("d"), [{"test": "kill"}])
    assert json.loads(path.read_text()) == {"runs": [run("d")], "counts": [{"commit": "d", "test": "kill"}]}
