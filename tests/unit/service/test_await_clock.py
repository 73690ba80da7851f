"""The program that waits for the clock beside the agent, which may not ask."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from presets_store.clock import kernel_synchronised

FILE = Path(__file__).resolve().parents[3] / "packaging" / "helper" / "await_clock.py"


@pytest.fixture
def await_clock() -> ModuleType:
    specification = importlib.util.spec_from_file_location("await_clock", FILE)
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_file_comes_once_the_clock_is_right(
    await_clock: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "synchronised"
    looks = [False, False, True]
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        assert not told.exists()
        pauses.append(seconds)

    monkeypatch.setattr(await_clock, "synchronised", lambda: looks.pop(0))
    monkeypatch.setattr(await_clock.time, "sleep", pause)
    monkeypatch.setattr(sys, "argv", [str(FILE), str(told)])
    assert await_clock.main() == 0
    assert told.exists()
    assert (looks, pauses) == ([], [await_clock.LOOK_EVERY] * 2)


def test_it_sees_what_the_agent_would_see(await_clock: ModuleType) -> None:
    assert await_clock.synchronised() is kernel_synchronised()


def test_it_needs_nothing_but_the_standard_library() -> None:
    asked = [sys.executable, "-I", "-S", "-c", f"import runpy; runpy.run_path({str(FILE)!r})"]
    subprocess.run(asked, check=True, timeout=30)
