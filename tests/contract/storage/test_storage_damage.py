import contextlib
import json
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from fakes.damage import DAMAGES, beside, copy_database, damage, foreign_database, gone, readable_rows
from fakes.filled_store import EVENTS, SERIAL, UNFINISHED, UNSENT

from presets_store.storage import DatabaseDamaged, open_database
from presets_store.storage.damage.aside import (
    KEPT,
    Note,
    clear_place,
    note_damage,
    read_note,
    remove_note,
    remove_oldest,
    set_aside,
    write_note,
)
from presets_store.storage.damage.check import check, damage_of, exercise, is_damage
from presets_store.storage.damage.salvage import Salvaged, salvage
from presets_store.storage.records import KeyStatus

PLANTED = """
PRAGMA writable_schema=ON;
CREATE TABLE sqlite_sequence_copy (a);
CREATE VIEW spy AS SELECT * FROM devices;
UPDATE sqlite_master SET type = 'table', name = 'presets', tbl_name = 'presets',
  sql = 'CREATE VIEW presets AS SELECT load_extension(''planted'') AS key' WHERE name = 'presets' AND type = 'table';
"""


@pytest.fixture
def path(filled_file: Path, tmp_path: Path) -> Path:
    return copy_database(filled_file, tmp_path / "store.db")


@pytest.fixture
def folded(path: Path) -> Path:
    """With an empty log: all of it is in the file itself."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def files(folder: Path) -> dict[str, bytes]:
    return {found.name: found.read_bytes() for found in folder.iterdir() if not found.name.endswith("-shm")}


def test_a_sound_database_has_no_damage_and_is_left_as_it_was(path: Path) -> None:
    before = files(path.parent)
    assert damage_of(path) == ""
    assert files(path.parent) == before


def test_what_is_missing_empty_or_foreign_is_not_damaged(tmp_path: Path) -> None:
    assert damage_of(tmp_path / "none.db") == ""
    (tmp_path / "empty.db").touch()
    assert damage_of(tmp_path / "empty.db") == ""
    foreign_database(tmp_path / "photos.db", Random(0))
    assert damage_of(tmp_path / "photos.db") == ""


async def test_a_check_neither_stops_a_writer_nor_is_stopped_by_one(path: Path) -> None:
    database = await open_database(f"sqlite:///{path}")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=0.1)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE presets SET tag_number = 1")
        assert await check(path) == ""
        writer.execute("COMMIT")
    await database.close()


@pytest.mark.parametrize("kind", ["header_overwritten", "pages_zeroed", "truncated", "text_file"])
def test_damage_is_found_and_named(folded: Path, kind: str) -> None:
    damage(folded, kind, seed=3)
    assert damage_of(folded)


async def test_damage_that_opens_is_found_by_trying_out(folded: Path) -> None:
    with contextlib.closing(sqlite3.connect(folded)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'outbox'").fetchone()
    with folded.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(bytes(4096))
    database = await open_database(f"sqlite:///{folded}")
    with pytest.raises(DatabaseDamaged, match="malformed"):
        await exercise(database, folded.name)
    await database.close()


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE presets SET event_status = 77 WHERE key = 3", "ValueError: 77"),
        ("ALTER TABLE outbox RENAME TO elsewhere", "no such table"),
    ],
)
async def test_rows_that_make_no_sense_are_damage(path: Path, statement: str, reason: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(statement)
    database = await open_database(f"sqlite:///{path}")
    with pytest.raises(DatabaseDamaged, match=reason):
        await exercise(database, path.name)
    await database.close()


async def test_trying_out_leaves_nothing_behind(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        before = list(connection.iterdump())
    database = await open_database(f"sqlite:///{path}")
    await exercise(database, path.name)
    await database.close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert list(connection.iterdump()) == before


def test_a_sound_file_is_saved_whole(path: Path) -> None:
    found = salvage(path)
    assert [device.serial_number for device in found.devices if device.own] == [SERIAL]
    assert len(found.presets) == 30
    assert [key.status for key in found.keys] == [*[KeyStatus.ACTIVE] * 3, KeyStatus.REVOKED]
    assert [report.event_key for report in found.reports] == list(UNSENT)
    assert {event.key for event in found.events} == {*UNSENT, *UNFINISHED}
    assert {"devices": 2, "presets": 30, "events": EVENTS + 3, "clips": EVENTS}.items() <= found.marks.items()
    assert (found.bad, found.incomplete) == (0, ())


def test_reading_changes_nothing_and_leaves_no_copy(path: Path) -> None:
    for kind in ("log_garbled", "header_overwritten"):
        damage(path, kind, seed=1)
        before = files(path.parent)
        salvage(path)
        assert files(path.parent) == before


def test_with_only_the_header_lost_everything_is_saved(path: Path) -> None:
    sound = salvage(path)
    with path.open("r+b") as file:
        file.write(bytes(100))
    assert salvage(path) == sound


def test_every_row_beside_the_holes_is_saved(folded: Path) -> None:
    """Two separate leaves of the outbox are lost: what is before, between and behind them is not."""
    with contextlib.closing(sqlite3.connect(folded)) as connection:
        bodies = connection.execute("SELECT key, body FROM outbox ORDER BY key").fetchall()
    content = bytearray(folded.read_bytes())
    lost = set()
    for key in (bodies[10][0], bodies[40][0]):
        start = content.index(dict(bodies)[key].encode()) // 4096 * 4096
        lost |= {other for other, body in bodies if start <= content.find(body.encode()) < start + 4096}
        content[start : start + 4096] = bytes(4096)
    folded.write_bytes(content)
    found = salvage(folded)
    assert 2 <= len(lost) < 20
    assert {report.key for report in found.reports} == {key for key, _ in bodies} - lost
    assert found.incomplete == ("outbox",)


def inner_cells(path: Path, table: str) -> list[int]:
    """Where in the file the inner page of a table names its leaves: each in 4 bytes, then the highest key in there."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    begin = (root - 1) * 4096
    page = path.read_bytes()[begin : begin + 4096]
    assert page[0] == 5, "an inner page"
    count = int.from_bytes(page[3:5], "big")
    return [begin + int.from_bytes(page[place : place + 2], "big") for place in range(12, 12 + 2 * count, 2)]


def test_a_wrong_key_in_an_inner_page_leaves_nothing_out(folded: Path) -> None:
    """To look for a key there leads past all rows of the first leaf, and is no error."""
    content = bytearray(folded.read_bytes())
    content[inner_cells(folded, "outbox")[0] + 4] = 0
    folded.write_bytes(content)
    assert [report.event_key for report in salvage(folded).reports] == list(UNSENT)


def test_the_leaf_of_another_table_takes_no_place(folded: Path) -> None:
    """Its rows have keys that rows of our own have too, and come before those."""
    content = bytearray(folded.read_bytes())
    ours, *_ = inner_cells(folded, "outbox")
    highest = content[ours + 4]
    theirs = next(cell for cell in inner_cells(folded, "events") if content[cell + 4] > highest)
    content[ours : ours + 4] = content[theirs : theirs + 4]
    folded.write_bytes(content)
    found = salvage(folded)
    assert sorted(report.event_key for report in found.reports) == list(UNSENT)[highest:]
    assert found.incomplete == ("outbox",)
    assert found.bad


@pytest.mark.parametrize(
    ("key", "wrong"),
    [(18, 18 | 0x80), (18, 118), (18, 50), (50, 18), (18, 17), (17, 18), (18, 19), (18, 0), (1, 60), (60, 1)],
)
@pytest.mark.parametrize("hole", [False, True])
def test_a_row_with_a_wrong_key_hides_no_other(folded: Path, key: int, wrong: int, hole: bool) -> None:
    """Neither those behind it, though its key be beyond all of theirs, nor the one that has this key rightly."""
    sound = {report.key: report for report in salvage(folded).reports}
    content = bytearray(folded.read_bytes())
    begins = {other: content.index(f'"eventUUID": "{report.event_uuid}'.encode()) for other, report in sound.items()}
    place = content.rindex(bytes((key, 12, 0)), 0, begins[key])  # before the lengths of its values, 12 bytes
    content[place] = wrong  # with the highest bit it goes on in the next byte, and is 2316
    lost = {key}
    if hole:  # then the rows behind it are read from the last one on
        start = begins[30] // 4096 * 4096
        lost |= {other for other, begin in begins.items() if start <= begin < start + 4096}
        content[start : start + 4096] = bytes(4096)
    folded.write_bytes(content)
    found = salvage(folded)
    saved = {report.key: report for report in found.reports}
    assert len(saved) == len(found.reports)
    for other in sound.keys() - lost:
        assert saved.get(other) == sound[other]
    assert found.incomplete == ("outbox",)


def test_a_file_cut_short_gives_what_is_left(folded: Path) -> None:
    size = folded.stat().st_size
    with folded.open("r+b") as file:
        file.truncate(size * 9 // 10)
    found = salvage(folded)
    assert found.devices
    assert found.reports
    assert found.incomplete


def test_rows_of_an_older_revision_are_read(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "old.db")) as connection:
        connection.executescript(
            "CREATE TABLE keys (access_key TEXT PRIMARY KEY, sealed_secret BLOB, status TEXT);"
            "INSERT INTO keys VALUES ('one', x'00ff', 'active'), ('two', NULL, 'active'), ('three', x'00', 'stolen');"
        )
    found = salvage(tmp_path / "old.db")
    assert [(key.key, key.access_key, key.sealed_secret, key.last_access) for key in found.keys] == [
        (0, "one", b"\x00\xff", 0)
    ]
    assert found.bad == 2


@pytest.mark.parametrize(
    "change",
    [
        "SET device_key = 'text'",
        "SET uuid = x'ff00'",
        "SET event_status = 8",
        "SET key = 9007199254740993",
        "SET late = 2",
    ],
)
def test_rows_without_sense_are_counted_and_left_out(path: Path, change: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"UPDATE events {change} WHERE key = {EVENTS + 1}")
        connection.commit()
    found = salvage(path)
    assert EVENTS + 1 not in {event.key for event in found.events}
    assert found.marks["events"] == EVENTS + 3
    assert found.bad in (0, 1)  # a key beyond all of ours is not even looked for


@pytest.mark.parametrize("name", ["bodz", "b\xf4dy"])
def test_a_column_whose_name_is_damaged_is_not_taken_for_a_missing_one(folded: Path, name: str) -> None:
    content = folded.read_bytes()
    place = content.index(b"body TEXT", content.index(b"CREATE TABLE outbox"))
    folded.write_bytes(content[:place] + name.encode("latin-1") + content[place + len(b"body") :])
    found = salvage(folded)
    assert len(found.reports) == (len(UNSENT) if name == "bodz" else 0)
    assert ("outbox" in found.incomplete) == (name != "bodz")
    assert len(found.presets) == 30


def test_several_columns_with_damaged_names_give_no_rows(path: Path) -> None:
    """Else a revoked key would seem to be one without a status, and be active by default."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript("ALTER TABLE keys RENAME status TO statut; ALTER TABLE keys RENAME created TO creates")
    found = salvage(path)
    assert (found.keys, found.bad) == ((), 4)


def test_nothing_of_a_planted_schema_is_run(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(PLANTED)
    found = salvage(path)
    assert found.presets == ()
    assert "presets" in found.incomplete
    assert len(found.reports) == len(UNSENT)


def test_the_time_limit_holds(path: Path) -> None:
    def clock() -> Iterator[float]:
        yield from (0.0, 0.0)
        while True:
            yield 100.0

    ticks = clock()
    found = salvage(path, seconds=5.0, monotonic=lambda: next(ticks))
    assert found.incomplete


def test_of_no_file_nothing_is_saved(tmp_path: Path) -> None:
    assert salvage(tmp_path / "none.db") == Salvaged()


@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.parametrize("seed", range(4))
def test_whatever_plain_sqlite_reads_of_the_outbox_is_saved(path: Path, tmp_path: Path, kind: str, seed: int) -> None:
    whole = readable_rows(path, "outbox", tmp_path / "scratch.db")
    damage(path, kind, seed)
    left = [row for row in readable_rows(path, "outbox", tmp_path / "scratch.db") if row in whole]
    found = salvage(path)
    assert {row[0] for row in left} <= {report.key for report in found.reports}


def test_a_file_is_set_aside_with_its_log_and_nothing_is_overwritten(path: Path) -> None:
    before = files(path.parent)
    beside(path.parent / "store.db.damaged-S", "-wal").write_text("an earlier one")
    note = set_aside(path, Note(reason="why", moment=1), "S")
    assert note == Note(reason="why", moment=1, aside="store.db.damaged-S-2", moved=True)
    assert read_note(path) == note
    after = files(path.parent)
    assert after["store.db.damaged-S-2"] == before["store.db"]
    assert after["store.db.damaged-S-2-wal"] == before["store.db-wal"]
    assert not path.exists()
    assert set_aside(path, note, "T") == note
    assert len(salvage(path.with_name(note.aside)).reports) == len(UNSENT)


def test_three_files_are_kept_the_oldest_go(path: Path) -> None:
    for number in range(5):
        for sidecar in ("", "-wal"):
            beside(path.parent / f"store.db.damaged-{number}", sidecar).touch()
    assert remove_oldest(path, "store.db.damaged-0") == ["store.db.damaged-1", "store.db.damaged-2"]
    there = sorted(found.name for found in path.parent.glob("store.db.damaged-?"))
    assert there == ["store.db.damaged-0", "store.db.damaged-3", "store.db.damaged-4"]
    assert len(there) == KEPT
    assert not beside(path.parent / "store.db.damaged-1", "-wal").exists()
    assert remove_oldest(path, "store.db.damaged-0") == []


def test_the_first_word_about_damage_stays(path: Path) -> None:
    assert read_note(path) is None
    note_damage(path, "first", 7)
    note_damage(path, "second", 8)
    assert read_note(path) == Note(reason="first", moment=7)
    (place,) = path.parent.glob("*.damage-note")
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    remove_note(path)
    remove_note(path)
    assert read_note(path) is None


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[1]", json.dumps({"reason": "x"}).encode(), b"{"])
def test_a_note_that_cannot_be_read_is_still_a_note(path: Path, content: bytes) -> None:
    write_note(path, Note(reason="why", moment=1))
    (place,) = path.parent.glob("*.damage-note")
    place.write_bytes(content)
    note = read_note(path)
    assert note is not None
    assert "cannot be read itself" in note.reason
    assert not note.moved


def test_clearing_a_place_takes_the_sidecars_too(path: Path) -> None:
    clear_place(path)
    gone(path, Random(0))
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("code", "damage"),
    [
        (sqlite3.SQLITE_IOERR_READ, True),
        (sqlite3.SQLITE_IOERR_CORRUPTFS, True),
        (sqlite3.SQLITE_CORRUPT, True),
        (sqlite3.SQLITE_IOERR_WRITE, False),
        (sqlite3.SQLITE_FULL, False),
        (sqlite3.SQLITE_BUSY, False),
    ],
)
def test_a_place_that_cannot_be_read_is_damage_and_a_full_or_busy_disk_is_not(code: int, damage: bool) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    assert is_damage(error) is damage
