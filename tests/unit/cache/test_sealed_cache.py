import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.sealed_caches import FILE, KEY, SEALER, VALUES, assert_sound, filled, values_of
from hypothesis import given, settings
from hypothesis import strategies as st

from presets_store.cache import CacheEntryRefused, CacheReport, CacheUnwritable, open_cache, sealed
from presets_store.sealing import Keyring, Sealer, key_id_of

NEW = Sealer(KEY[::-1], key_id_of(KEY[::-1]))


def test_values_are_there_after_the_next_opening(tmp_path: Path) -> None:
    assert_sound(filled(tmp_path / "cache"), VALUES)


def test_a_value_is_replaced_and_forgotten(tmp_path: Path) -> None:
    cache, _ = open_cache(filled(tmp_path / "cache"), SEALER)
    cache.set("long", b"short")
    cache.delete("credentials")
    cache.delete("never there")
    assert (cache.get("long"), cache.get("credentials"), cache.get("never there")) == (b"short", None, None)
    left = {name: value for name, value in VALUES.items() if name != "credentials"} | {"long": b"short"}
    assert cache.names() == sorted(left)
    cache.close()
    assert_sound(tmp_path / "cache", left)


@given(values=st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1, max_size=200), st.binary(max_size=300)))
@settings(max_examples=15)
def test_any_name_and_any_bytes(tmp_path_factory: pytest.TempPathFactory, values: dict[str, bytes]) -> None:
    folder = tmp_path_factory.mktemp("any") / "cache"
    cache, _ = open_cache(folder, SEALER)
    for name, value in values.items():
        cache.set(name, value)
    cache.close()
    assert_sound(folder, values)


def test_between_writes_it_is_one_private_file_without_a_readable_value(tmp_path: Path) -> None:
    cache, _ = open_cache(tmp_path / "cache", SEALER)
    cache.set("name", b"the secret value")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [FILE]
    assert stat.S_IMODE((tmp_path / "cache").stat().st_mode) == 0o700
    assert b"secret" not in (tmp_path / "cache" / FILE).read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("", b"", "1 to 200"),
        ("n" * 201, b"", "1 to 200"),
        (".probe", b"", "reserved"),
        ("name", bytes(2**20 + 1), "1048577 bytes"),
    ],
    ids=["no name", "long name", "the probe's name", "long value"],
)
def test_limits_are_told(tmp_path: Path, name: str, value: bytes, reason: str) -> None:
    cache, _ = open_cache(tmp_path / "cache", SEALER)
    with pytest.raises(CacheEntryRefused, match=reason):
        cache.set(name, value)
    cache.set("n" * 200, bytes(2**20))
    assert cache.names() == ["n" * 200]


def test_all_values_together_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "MAX_TOTAL_BYTES", 1000)
    cache, _ = open_cache(tmp_path / "cache", SEALER)
    cache.set("one", bytes(900))
    with pytest.raises(CacheEntryRefused, match="together"):
        cache.set("two", bytes(200))
    cache.set("one", bytes(100))
    cache.set("two", bytes(200))


def test_reseal_seals_everything_anew(tmp_path: Path) -> None:
    cache, _ = open_cache(filled(tmp_path / "cache"), SEALER)
    keyring = Keyring(NEW, [SEALER])
    assert cache.reseal(keyring) == len(VALUES)
    cache.set("later", b"value")
    cache.close()
    cache, report = open_cache(tmp_path / "cache", NEW)
    assert report == CacheReport()
    assert values_of(cache) == VALUES | {"later": b"value"}


def test_a_reseal_that_fails_leaves_every_row_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, _ = open_cache(filled(tmp_path / "cache"), SEALER)
    before = cache._disk
    assert before is not None
    kept, written = before.set, 0

    def second_fails(name: str, value: bytes) -> bool:
        nonlocal written
        written += 1
        if written == 2:
            raise OSError(5, "Input/output error")
        return kept(name, value)

    monkeypatch.setattr(before, "set", second_fails)
    with pytest.raises(CacheUnwritable, match="Input/output"):
        cache.reseal(Keyring(NEW, [SEALER]))
    assert values_of(cache) == VALUES
    assert_sound(tmp_path / "cache", VALUES)


WRITER = """
import sys
from pathlib import Path
from fakes.sealed_caches import SEALER
from presets_store.cache import open_cache
from presets_store.sealing import Keyring, Sealer
cache, _ = open_cache(Path(sys.argv[1]), SEALER)
number, new = 0, Sealer(b"n" * 32, "11" * 8)
while True:
    number += 1
    if sys.argv[2] == "set":
        cache.set("number", b"%d" % number)
    else:
        cache.reseal(Keyring(new, [SEALER]) if number % 2 else Keyring(SEALER, [new]))
    print(number, flush=True)
"""


def killed_after(folder: Path, work: str, lines: int) -> int:
    """A process that writes without end is killed; the last number that it told."""
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-P", "-c", WRITER, str(folder), work]
    environment = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'tests'}"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for _ in range(lines):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        told = [line for line in process.stdout if line.endswith("\n")]
    return lines + len(told)


def test_what_set_returned_for_survives_a_kill(tmp_path: Path) -> None:
    folder = filled(tmp_path / "cache")
    for lines in (1, 6):
        told = killed_after(folder, "set", lines)
        cache, report = open_cache(folder, SEALER)
        assert report == CacheReport()
        number = int(cache.get("number") or b"")
        assert told <= number <= told + 1
        assert values_of(cache) == VALUES | {"number": b"%d" % number}
        cache.close()


def test_a_kill_while_resealing_leaves_rows_that_the_keyring_opens(tmp_path: Path) -> None:
    folder = filled(tmp_path / "cache")
    killed_after(folder, "reseal", 3)
    cache, report = open_cache(folder, Keyring(SEALER, [Sealer(b"n" * 32, "11" * 8)]))
    assert report == CacheReport()
    assert values_of(cache) == VALUES
