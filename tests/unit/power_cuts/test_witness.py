"""The witness: what was heard counts from the length of the log on that it had then."""

import json
from pathlib import Path

import pytest
from fakes.vm.witness import Evidence, Heard, Witness
from fakes.vm.write_log import ENTRY, MAGIC, SUPERBLOCK, VERSION, WriteLog

SECTOR = 512


def log_of(path: Path, entries: int) -> None:
    entry = ENTRY.pack(1, 1, 0, 0).ljust(2 * SECTOR, b"\0")
    path.write_bytes(SUPERBLOCK.pack(MAGIC, VERSION, 0, SECTOR).ljust(SECTOR, b"\0") + entry * entries)


def test_a_line_is_heard_with_the_size_of_the_log(tmp_path: Path) -> None:
    lines, log = tmp_path / "lines", tmp_path / "log"
    lines.touch()
    log_of(log, 2)
    witness = Witness(lines, log)
    witness.start()
    with lines.open("ab", buffering=0) as port:
        port.write(json.dumps({"what": "accepted", "event": 7}).encode() + b'\n{"what": "n')
        heard = witness.wait("accepted", 10)
        log_of(log, 3)
        port.write(b'ow", "mono_ns": 5}\n{"what": "cut off')
        witness.wait("now", 10, after=heard)
    witness.close()
    assert [line.log_size for line in witness.heard] == [5 * SECTOR, 7 * SECTOR]
    assert [line.said["what"] for line in witness.heard] == ["accepted", "now"]


def test_silence_is_a_failure(tmp_path: Path) -> None:
    lines, log = tmp_path / "lines", tmp_path / "log"
    lines.touch()
    log_of(log, 0)
    witness = Witness(lines, log)
    witness.start()
    with pytest.raises(AssertionError, match="'over' was not said"):
        witness.wait("over", 0.05)
    witness.close()


def test_what_is_known_depends_on_the_length_of_the_log(tmp_path: Path) -> None:
    log_of(tmp_path / "log", 9)
    said = [
        (1, {"what": "accepted", "event": 1}),
        (2, {"what": "open", "file": "a.mp4", "first_mono_ns": 10}),
        (3, {"what": "now", "mono_ns": 50}),
        (5, {"what": "file", "file": "a.mp4", "sha256": "ab", "seconds": 2.0}),
        (6, {"what": "ended", "event": 1, "status": 4}),
    ]
    with WriteLog(tmp_path / "log") as log:
        sizes = [SECTOR] + [entry.data_at + entry.stored for entry in log.entries]
        evidence = Evidence([Heard(sizes[at], line) for at, line in said], log)
    early, late = evidence.known_at(4), evidence.known_at(9)
    assert (early.accepted, early.ended, early.files) == ({1}, {}, {})
    assert (early.filming, early.now_ns) == ({"a.mp4": 10}, 50)
    assert (late.ended, late.files, late.filming) == ({1: 4}, {"a.mp4": "ab"}, {})
    assert evidence.seconds == {"a.mp4": 2.0}
    assert evidence.lengths("ended", 0, 9) == [6]
    assert evidence.lengths("ended", 7, 9) == []
