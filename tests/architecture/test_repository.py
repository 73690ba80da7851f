"""What must not be in the repository, and what the lock files must be."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-build.lock", "requirements-dev.lock")


def tracked() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listing.split("\0") if name]


@pytest.mark.parametrize("name", [*LOCKS, "requirements-hub.lock"])
def test_locks_carry_hashes_and_no_addresses(name: str) -> None:
    text = (ROOT / name).read_text()
    pins = re.findall(r"^\S+==\S+", text, re.MULTILINE)
    assert len(pins) >= 5
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text
    assert "--index-url" not in text


def pins(name: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for package, version in re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE):
        found.setdefault(package, set()).add(version)
    return found


@pytest.mark.parametrize("name", LOCKS[1:])
def test_every_environment_runs_the_device_versions(name: str) -> None:
    device = pins(LOCKS[0])
    other = pins(name)
    assert {package: other.get(package) for package in device} == device


def test_a_hub_has_besides_what_the_tests_had() -> None:
    hub, tested = pins("requirements-hub.lock"), pins("requirements-dev.lock")
    assert {"asyncpg", "botocore"} <= set(hub)
    assert not set(hub).intersection(pins("requirements.lock"))
    assert {package: tested.get(package) for package in hub} == hub


def test_no_secret_or_key_file_is_tracked() -> None:
    suspicious = [path.name for path in tracked() if path.suffix in {".key", ".pem", ".db", ".sqlite"}]
    assert suspicious == []


def test_the_footage_is_small_and_explained() -> None:
    folder = ROOT / "hardware" / "footage"
    assert (folder / "street.mp4").stat().st_size < 1_500_000
    text = (folder / "README.md").read_text()
    assert "vtest.avi" in text
    assert "Apache-2.0" in text
