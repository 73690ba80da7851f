"""The file as diskcache 5.6.3 makes it: anything more or less is not ours."""

import sqlite3
from contextlib import closing

STATEMENTS = (
    "CREATE TABLE Settings ( key TEXT NOT NULL UNIQUE, value)",
    (
        "CREATE TABLE Cache ( rowid INTEGER PRIMARY KEY, key BLOB, raw INTEGER, store_time REAL, expire_time REAL,"
        " access_time REAL, access_count INTEGER DEFAULT 0, tag BLOB, size INTEGER DEFAULT 0, mode INTEGER DEFAULT 0,"
        " filename TEXT, value BLOB)"
    ),
    "CREATE UNIQUE INDEX Cache_key_raw ON Cache(key, raw)",
    "CREATE INDEX Cache_expire_time ON Cache (expire_time)",
    (
        "CREATE TRIGGER Settings_count_insert AFTER INSERT ON Cache FOR EACH ROW BEGIN"
        ' UPDATE Settings SET value = value + 1 WHERE key = "count"; END'
    ),
    (
        "CREATE TRIGGER Settings_count_delete AFTER DELETE ON Cache FOR EACH ROW BEGIN"
        ' UPDATE Settings SET value = value - 1 WHERE key = "count"; END'
    ),
    (
        "CREATE TRIGGER Settings_size_insert AFTER INSERT ON Cache FOR EACH ROW BEGIN"
        ' UPDATE Settings SET value = value + NEW.size WHERE key = "size"; END'
    ),
    (
        "CREATE TRIGGER Settings_size_update AFTER UPDATE ON Cache FOR EACH ROW BEGIN"
        ' UPDATE Settings SET value = value + NEW.size - OLD.size WHERE key = "size"; END'
    ),
    (
        "CREATE TRIGGER Settings_size_delete AFTER DELETE ON Cache FOR EACH ROW BEGIN"
        ' UPDATE Settings SET value = value - OLD.size WHERE key = "size"; END'
    ),
)
"""In the order in which they are made, which settles the pages where their content begins."""

PAGE_BYTES = 4096
_PAGE_COUNT = slice(28, 32)


Schema = list[tuple[object, ...]]


def schema_of(database: sqlite3.Connection) -> Schema:
    """What the file declares, in a bounded number of rows."""
    select = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY rowid LIMIT ?"
    return database.execute(select, (2 * len(STATEMENTS),)).fetchall()


def expected_schema() -> Schema:
    with closing(_empty()) as empty:
        return schema_of(empty)


def with_first_page_made_anew(content: bytes) -> bytes:
    """The file `content` with the first page that a new file would have: header, schema, where each table begins."""
    with closing(_empty()) as empty:
        first = bytearray(empty.serialize()[:PAGE_BYTES])
    first[_PAGE_COUNT] = max(1, len(content) // PAGE_BYTES).to_bytes(4, "big")
    return bytes(first) + content[PAGE_BYTES:]


def _empty() -> sqlite3.Connection:
    empty = sqlite3.connect(":memory:", isolation_level=None)
    empty.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    empty.execute("PRAGMA auto_vacuum = FULL")
    for statement in STATEMENTS:
        empty.execute(statement)
    return empty
