"""The witness journal: whole lines, on disk, whoever writes and whenever it dies."""

import os
import threading
from pathlib import Path

import pytest

from hardware.boot import boot_id
from hardware.durable import write_durably
from hardware.sources.journal import WitnessJournal, read_journal


def test_a_line_is_on_disk_before_append_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "witness.jsonl"
    synced: list[tuple[str, int]] = []

    def fsync(descriptor: int) -> None:
        name = str(Path(f"/proc/self/fd/{descriptor}").readlink())
        synced.append((name, path.stat().st_size))

    monkeypatch.setattr(os, "fsync", fsync)
    journal = WitnessJournal(path, "door")
    journal.append("open")
    assert synced == [(str(path), path.stat().st_size), (str(tmp_path), path.stat().st_size)]
    journal.append("start", "e/1/0")
    assert synced[2:] == [(str(path), path.stat().st_size)]


def test_lines_of_many_writers_never_mix(tmp_path: Path) -> None:
    path = tmp_path / "witness.jsonl"

    def write(number: int) -> None:
        journal = WitnessJournal(path, f"camera{number}")
        for turn in range(25):
            journal.append("start", f"{number}/{turn}")

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    entries = read_journal(path)
    assert len(entries) == 100
    assert {entry["consumer"] for entry in entries} == {f"{number}/{turn}" for number in range(4) for turn in range(25)}
    assert {entry["boot_id"] for entry in entries} == {boot_id()}


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "witness.jsonl"
    WitnessJournal(path, "door").append("open")
    with path.open("ab") as file:
        file.write(b'{"what": "sta')
    assert [entry["what"] for entry in read_journal(path)] == ["open"]


def test_no_journal_is_an_empty_one(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "none") == []


def test_a_durable_write_replaces_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "clip.json"
    write_durably(path, b"old", 0o640)
    assert path.stat().st_mode & 0o777 == 0o640

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_durably(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
