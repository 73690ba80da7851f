"""`make demo` stays true: it succeeds, leaves nothing behind, and says so when something was not verified."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.agent_process import ROOT

from scripts.demo.stage import Stage, StepFailed
from scripts.demo.story import CHAPTERS


def processes_about(folder: Path) -> list[str]:
    """Those that were started with a path of this folder in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            mentioned = f"CUELIGHT_STATE_FOLDER={folder}".encode() in path.read_bytes()
        except OSError:  # it ended meanwhile, or is not ours
            continue
        if mentioned:
            found.append(path.parent.name)
    return found


def demo(temporary: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-P", "-m", "scripts.demo", *options],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(temporary), "CUELIGHT_API__PORT": "not a port: the demo has its own settings"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_every_step_is_verified(tmp_path: Path) -> None:
    done = demo(tmp_path, "--seconds", "2")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "\x1b" not in done.stdout, "a pipe gets plain text"
    ok = [line for line in done.stdout.splitlines() if line.startswith("step ") and line.endswith(" ok")]
    assert len(ok) == len(CHAPTERS)
    assert list(tmp_path.iterdir()) == []
    assert processes_about(tmp_path) == []


def test_a_demo_that_fails_says_where_and_keeps_the_logs(tmp_path: Path) -> None:
    too_long = tmp_path / ("x" * 100)  # for the path of a Unix socket
    too_long.mkdir()
    done = demo(too_long)
    assert done.returncode == 1, done.stdout
    assert "step 1 FAILED" in done.stdout
    assert "hub did not become ready" in done.stdout
    (kept,) = too_long.iterdir()
    assert f"Everything is kept in {kept}" in done.stdout.replace("\n", " ")
    assert "longer than 107 bytes" in (kept / "hub.log").read_text()


def test_a_step_without_a_fact_is_not_verified() -> None:
    with pytest.raises(StepFailed, match="step 1"):
        told(Stage())


def test_one_wrong_fact_fails_its_step(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(StepFailed):
        told(Stage(), 40, 39)
    assert "frames: 39, but it must be 40" in capsys.readouterr().out


def test_an_error_fails_its_step_and_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(StepFailed):
        told(Stage(), 40, error=OSError("no space left"))
    assert "OSError: no space left" in capsys.readouterr().out


def told(stage: Stage, *frames: int, error: OSError | None = None) -> None:
    """A step with a fact for each number of frames; right is 40."""
    with stage.step("Frames", "they are counted"):
        for count in frames:
            stage.same("frames", count, 40)
        if error is not None:
            raise error
