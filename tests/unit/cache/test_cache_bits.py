"""Flipped bits, cuts and noise at any place, of the file and of the log that a kill leaves."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from fakes.sealed_caches import FILE, LOG, SEALER, VALUES, assert_sound, filled, values_of
from fakes.soak import count, examples
from hypothesis import given, settings
from hypothesis import strategies as st

from presets_store.cache import open_cache

PAGE = 4096
PAGE_HEAD = 64
"""Where a page says what it is and where its rows begin: damage there costs every row of the page."""

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return contents(filled(tmp_path_factory.mktemp("sound") / "cache"))


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """As a kill between commit and checkpoint leaves it: the newest value stands in the log only."""
    folder = filled(tmp_path_factory.mktemp("killed") / "cache")
    with closing(sqlite3.connect(folder / FILE)) as beside:
        beside.execute("SELECT * FROM Settings").fetchall()
        cache, _ = open_cache(folder, SEALER)
        cache.set("standalone", b"newest")
        files = contents(folder)
    assert len(files[LOG]) > PAGE
    return files


def contents(folder: Path) -> Files:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def made(folder: Path, files: Files) -> Path:
    shutil.rmtree(folder.parent, ignore_errors=True)
    folder.mkdir(0o700, parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def opened(folder: Path, allowed: dict[str, set[bytes]]) -> set[str]:
    """The names that are missing. No value is wrong, what is missing is told, and the cache works again."""
    cache, report = open_cache(folder, SEALER)
    values = values_of(cache)
    assert all(value in allowed[name] for name, value in values.items())
    missing = allowed.keys() - values.keys()
    assert not missing or (report.damage and report.set_aside)
    cache.set("new", b"value")
    left = {name: value for name, value in values.items() if value is not None}
    assert_sound(folder, left | {"new": b"value"})
    return missing


EXACTLY = {name: {value} for name, value in VALUES.items()}


@pytest.mark.soak
@pytest.mark.timeout(count(120, 1800))
@given(data=st.data())
@settings(max_examples=examples("cache: a flipped bit costs a row at most", 80, 1000))
def test_a_flipped_bit_costs_a_row_at_most(
    tmp_path_factory: pytest.TempPathFactory, sound: Files, data: st.DataObject
) -> None:
    bit = data.draw(st.integers(0, len(sound[FILE]) * 8 - 1))
    folder = made(tmp_path_factory.getbasetemp() / "flipped" / "cache", {FILE: flipped(sound[FILE], bit)})
    assert len(opened(folder, EXACTLY)) <= 1 or bit // 8 % PAGE < PAGE_HEAD


@pytest.mark.soak
@pytest.mark.timeout(count(120, 1800))
@given(data=st.data())
@settings(max_examples=examples("cache: a changed value is named", 40, 500))
def test_a_changed_value_is_named(tmp_path_factory: pytest.TempPathFactory, sound: Files, data: st.DataObject) -> None:
    """Every bit of a sealed value counts, and damage to it costs this value only."""
    content = sound[FILE]
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(content[:18] + b"\1\1" + content[20:])  # without a log, as memory needs it
        sealed = database.execute("SELECT value FROM Cache WHERE key = 'standalone'").fetchone()[0]
    bit = content.index(sealed) * 8 + data.draw(st.integers(0, (len(VALUES["standalone"]) + 37) * 8 - 1))
    folder = made(tmp_path_factory.getbasetemp() / "changed" / "cache", {FILE: flipped(content, bit)})
    report = open_cache(folder, SEALER)[1]
    assert "do not open: 'standalone' (it" in report.damage
    assert report.lost == ("standalone",)
    assert report.salvaged == tuple(sorted(VALUES.keys() - {"standalone"}))


@pytest.mark.soak
@pytest.mark.timeout(count(120, 1800))
@given(data=st.data())
@settings(max_examples=examples("cache: a file cut anywhere", 40, 500))
def test_a_file_cut_anywhere(tmp_path_factory: pytest.TempPathFactory, sound: Files, data: st.DataObject) -> None:
    length = data.draw(st.integers(0, len(sound[FILE]) - 1))
    folder = made(tmp_path_factory.getbasetemp() / "cut" / "cache", {FILE: sound[FILE][:length]})
    opened(folder, EXACTLY)


@pytest.mark.soak
@pytest.mark.timeout(count(120, 1800))
@given(data=st.data())
@settings(max_examples=examples("cache: noise over any part", 40, 500))
def test_noise_over_any_part(tmp_path_factory: pytest.TempPathFactory, sound: Files, data: st.DataObject) -> None:
    content = sound[FILE]
    start = data.draw(st.integers(0, len(content) - 1))
    noise = data.draw(st.binary(min_size=1, max_size=6000))
    changed = (content[:start] + noise + content[start + len(noise) :])[: len(content)]
    opened(made(tmp_path_factory.getbasetemp() / "noise" / "cache", {FILE: changed}), EXACTLY)


def test_a_log_left_by_a_kill_is_read(tmp_path: Path, killed: Files) -> None:
    assert_sound(made(tmp_path / "left" / "cache", killed), VALUES | {"standalone": b"newest"})
    without_index = {name: killed[name] for name in (FILE, LOG)}
    assert_sound(made(tmp_path / "left" / "cache", without_index), VALUES | {"standalone": b"newest"})


@pytest.mark.soak
@pytest.mark.timeout(count(120, 1800))
@given(data=st.data())
@settings(max_examples=examples("cache: a damaged log costs what was not acknowledged", 80, 1000))
def test_a_damaged_log_costs_what_was_not_acknowledged(
    tmp_path_factory: pytest.TempPathFactory, killed: Files, data: st.DataObject
) -> None:
    """`set` returns when the log is folded into the file: the old value is right as well."""
    log = killed[LOG]
    if data.draw(st.booleans()):
        log = flipped(log, data.draw(st.integers(0, len(log) * 8 - 1)))
    else:
        log = log[: data.draw(st.integers(0, len(log) - 1))]
    folder = made(tmp_path_factory.getbasetemp() / "log" / "cache", {FILE: killed[FILE], LOG: log})
    allowed = EXACTLY | {"standalone": {VALUES["standalone"], b"newest"}}
    assert opened(folder, allowed) == set()


@pytest.mark.soak
@pytest.mark.timeout(count(120, 1800))
@given(data=st.data())
@settings(max_examples=examples("cache: a flipped bit beside a log", 40, 500))
def test_a_flipped_bit_beside_a_log(
    tmp_path_factory: pytest.TempPathFactory, killed: Files, data: st.DataObject
) -> None:
    bit = data.draw(st.integers(0, len(killed[FILE]) * 8 - 1))
    files = killed | {FILE: flipped(killed[FILE], bit)}
    folder = made(tmp_path_factory.getbasetemp() / "beside" / "cache", files)
    missing = opened(folder, EXACTLY | {"standalone": {VALUES["standalone"], b"newest"}})
    assert len(missing) <= 1 or bit // 8 % PAGE < PAGE_HEAD
