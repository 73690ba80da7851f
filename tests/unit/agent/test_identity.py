from pathlib import Path

import pytest

from agent import identity


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of the test's own: it has what files are put into this folder."""
    monkeypatch.setattr(identity, "BOARD_SERIAL", tmp_path / "board")
    monkeypatch.setattr(identity, "MACHINE_ID", tmp_path / "machine-id")
    return tmp_path


def test_the_settings_come_first_then_the_board_then_the_machine(machine: Path) -> None:
    (machine / "machine-id").write_text("0123456789abcdef\n")
    derived = identity.serial_number("", machine)
    assert len(derived) == 16
    assert "0123456789abcdef" not in derived, "the machine id itself must not be shown"
    assert identity.serial_number("", machine) == derived
    (machine / "board").write_bytes(b"10000000abcd\0")
    assert identity.serial_number("", machine) == "10000000abcd"
    assert identity.serial_number("mine", machine) == "mine"


@pytest.mark.parametrize("content", [None, "", "uninitialized\n"])
def test_without_any_a_serial_is_made_once(machine: Path, content: str | None) -> None:
    if content is not None:
        (machine / "machine-id").write_text(content)
    serial = identity.serial_number("", machine)
    assert identity.serial_number("", machine) == serial != ""


def test_the_boot_id_is_the_kernels() -> None:
    assert identity.boot_id() == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
