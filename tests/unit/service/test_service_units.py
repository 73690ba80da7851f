"""The units of the package: systemd knows all that they say, they are as closed as we promise, and it is explained."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from agent.startup.supervised import STUCK_AFTER
from presets_store.process.service import LOOK_EVERY

ROOT = Path(__file__).resolve().parents[3]
UNITS = [ROOT / "packaging" / "systemd" / f"cuelight{part}.service" for part in ("", "-hub", "-clock")]
PAGE = (ROOT / "docs" / "service.md").read_text()

MOST_EXPOSED = 15
"""Tenths: what `systemd-analyze security` may say of any of them."""

analyzed = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


def options_of(unit: Path) -> list[tuple[str, str]]:
    lines = [line for line in unit.read_text().splitlines() if line and line[0] not in "#["]
    return [(name, value) for name, _, value in (line.partition("=") for line in lines)]


@analyzed
def test_systemd_understands_every_line(tmp_path: Path) -> None:
    for unit in UNITS:
        text = re.sub(r"^ExecStart=\S+", f"ExecStart={shutil.which('true')}", unit.read_text(), flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(text)
    command = ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / unit.name) for unit in UNITS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@analyzed
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_sandbox_is_as_closed_as_promised(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}"]
    done = subprocess.run([*command, str(unit)], capture_output=True, text=True, check=False, timeout=60)
    score = done.stdout.strip().splitlines()[-1]
    print(score)
    assert done.returncode == 0, done.stdout
    assert re.search(r": [01]\.\d ", score), score


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_option_is_explained(unit: Path) -> None:
    options = options_of(unit)
    assert options
    assert [name for name, _ in options if f"`{name}" not in PAGE] == []
    allowed = [value.split()[0] for name, value in options if name == "DeviceAllow"]
    assert [device for device in allowed if f"`{device}`" not in PAGE] == []


def test_every_action_that_polkit_allows_is_explained_and_only_to_the_agent() -> None:
    rules = (ROOT / "packaging" / "polkit" / "50-cuelight.rules").read_text()
    actions = re.findall(r'"(org\.[\w.-]+)"', rules)
    assert actions
    assert [action for action in actions if f"`{action}`" not in PAGE] == []
    assert 'subject.user === "cuelight" &&' in rules


def test_the_watchdog_is_slower_than_what_feeds_it() -> None:
    for unit in UNITS[:2]:
        seconds = float(dict(options_of(unit))["WatchdogSec"])
        assert 3 * LOOK_EVERY <= seconds < STUCK_AFTER, "two words may be lost, and no supervision is slower to notice"
