import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presets_store.sealing import KEY_BYTES, SealBroken, Sealer, SealKeyUnusable, key_id_of, load_or_create_key

KEY = bytes(range(KEY_BYTES))
SEALER = Sealer(KEY, key_id_of(KEY))
names = st.text(max_size=40)


@given(names, st.binary(max_size=300))
def test_what_is_sealed_opens_under_its_name(name: str, plain: bytes) -> None:
    sealed = SEALER.seal(name, plain)
    assert SEALER.unseal(name, sealed) == plain
    assert sealed != SEALER.seal(name, plain)
    assert len(sealed) == 1 + 8 + 12 + len(plain) + 16


@given(names, names, st.binary(max_size=50))
def test_another_name_does_not_open_it(name: str, other: str, plain: bytes) -> None:
    sealed = SEALER.seal(name, plain)
    if other != name:
        with pytest.raises(SealBroken, match="another name"):
            SEALER.unseal(other, sealed)


@given(st.binary(max_size=50), st.data())
def test_any_changed_bit_and_any_cut_is_noticed(plain: bytes, data: st.DataObject) -> None:
    sealed = SEALER.seal("name", plain)
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    changed = bytearray(sealed)
    changed[bit // 8] ^= 1 << bit % 8
    for broken in (bytes(changed), sealed[: data.draw(st.integers(0, len(sealed) - 1))], sealed + b"\0"):
        with pytest.raises(SealBroken):
            SEALER.unseal("name", broken)


@given(st.binary(max_size=100))
def test_anything_else_is_refused(noise: bytes) -> None:
    with pytest.raises(SealBroken):
        SEALER.unseal("name", noise)


def test_another_key_is_named_and_no_secret_is_shown() -> None:
    other = Sealer(KEY[::-1], key_id_of(KEY[::-1]))
    with pytest.raises(SealBroken, match=SEALER.key_id) as caught:
        other.unseal("name", SEALER.seal("name", b"open sesame"))
    assert "sesame" not in str(caught.value)
    assert KEY.hex() not in repr(SEALER)
    assert str(KEY) not in repr(SEALER)


@pytest.mark.parametrize(("key", "key_id"), [(b"short", "00" * 8), (KEY, "00"), (KEY, "no hex at all...")])
def test_a_key_of_another_size_is_a_fault_of_the_program(key: bytes, key_id: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Sealer(key, key_id)


def test_a_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "seal.key"
    sealed = load_or_create_key(path).seal("name", b"plain")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_create_key(path).unseal("name", sealed) == b"plain"
    assert list(tmp_path.iterdir()) == [path]


def test_those_who_come_together_get_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(load_or_create_key, [tmp_path / "seal.key"] * 32))
    assert len({sealer.key_id for sealer in made}) == 1
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620])
def test_a_key_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "seal.key"
    load_or_create_key(path)
    path.chmod(mode)
    with pytest.raises(SealKeyUnusable, match="0600"):
        load_or_create_key(path)


@pytest.mark.parametrize("size", [0, 31, 33, 5000])
def test_a_key_of_the_wrong_size_is_refused_and_kept(tmp_path: Path, size: int) -> None:
    path = tmp_path / "seal.key"
    path.write_bytes(b"k" * size)
    path.chmod(0o600)
    with pytest.raises(SealKeyUnusable, match="32 bytes"):
        load_or_create_key(path)
    assert path.stat().st_size == size


def test_a_key_must_be_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(SealKeyUnusable, match="regular file"):
        load_or_create_key(tmp_path / "pipe")
