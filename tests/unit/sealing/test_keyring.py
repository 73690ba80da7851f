import hmac
import os
from pathlib import Path

import pytest

from presets_store.credentials import key_file
from presets_store.sealing import (
    KEY_BYTES,
    Keyring,
    SealBroken,
    Sealer,
    SealKeyUnusable,
    begin_rotation,
    finish_rotation,
    key_id_of,
    load_keyring,
    load_or_create_key,
)


def sealer(digit: int) -> Sealer:
    key = bytes([digit]) * 32
    return Sealer(key, key_id_of(key))


OLD, NEW, FOREIGN = sealer(1), sealer(2), sealer(3)


def test_the_current_key_seals_and_every_key_opens() -> None:
    keyring = Keyring(NEW, [OLD])
    sealed = keyring.seal("name", b"plain")
    assert NEW.unseal("name", sealed) == b"plain"
    assert keyring.key_id == NEW.key_id
    assert keyring.unseal("name", sealed) == keyring.unseal("name", OLD.seal("name", b"plain")) == b"plain"


@pytest.mark.parametrize(
    "sealed",
    [FOREIGN.seal("name", b""), b"", b"\x01", OLD.seal("other", b""), b"\x02" + bytes(60)],
    ids=["foreign", "empty", "short", "other name", "other version"],
)
def test_what_no_key_sealed_under_this_name_is_refused(sealed: bytes) -> None:
    with pytest.raises(SealBroken):
        Keyring(NEW, [OLD]).unseal("name", sealed)


def test_no_key_is_shown() -> None:
    assert NEW.key_id in repr(Keyring(NEW, [OLD]))
    assert (b"\x02" * 32).hex() not in repr(Keyring(NEW, [OLD]))


def test_a_rotation_from_begin_to_end(tmp_path: Path) -> None:
    path = tmp_path / "seal.key"
    before, unfinished = load_keyring(path)
    assert not unfinished
    sealed = before.seal("name", b"plain")
    during = begin_rotation(path)
    assert during.key_id != before.key_id
    assert during.unseal("name", sealed) == b"plain"
    sealed = during.seal("name", during.unseal("name", sealed))
    finish_rotation(path)
    after, unfinished = load_keyring(path)
    assert not unfinished
    assert after.key_id == during.key_id
    assert after.unseal("name", sealed) == b"plain"
    assert list(tmp_path.iterdir()) == [path]


def test_a_crash_after_each_step_leaves_everything_readable(tmp_path: Path) -> None:
    """Each step is followed by a new start, which knows only what is on the disk."""
    path = tmp_path / "seal.key"
    first, _ = load_keyring(path)
    kept = {name: first.seal(name, b"plain") for name in ("one", "two")}

    def start(*, unfinished: bool) -> Keyring:
        keyring, found = load_keyring(path)
        assert found is unfinished
        assert [keyring.unseal(name, sealed) for name, sealed in kept.items()] == [b"plain"] * 2
        return keyring

    begin_rotation(path)
    following = start(unfinished=True).key_id
    kept["one"] = start(unfinished=True).seal("one", b"plain")
    assert start(unfinished=True).key_id == following
    assert begin_rotation(path).key_id == following
    kept["two"] = start(unfinished=True).seal("two", b"plain")
    finish_rotation(path)
    assert start(unfinished=False).key_id == following


def test_a_crash_while_the_new_key_is_written_leaves_the_old_state(tmp_path: Path) -> None:
    path = tmp_path / "seal.key"
    before, _ = load_keyring(path)
    (tmp_path / ".seal.key.next.0a1b2c3d.part").write_bytes(b"half")
    assert load_keyring(path)[0].key_id == before.key_id
    assert not load_keyring(path)[1]


def test_the_new_key_is_durable_before_anything_is_sealed_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "seal.key"
    load_or_create_key(path)

    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        begin_rotation(path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_lost_old_key_is_no_reason_to_lose_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "seal.key"
    load_or_create_key(path)
    during = begin_rotation(path)
    path.unlink()
    after, unfinished = load_keyring(path)
    assert (after.key_id, unfinished) == (during.key_id, False)


def test_a_new_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "seal.key"
    load_or_create_key(path)
    begin_rotation(path)
    (tmp_path / "seal.key.next").chmod(0o644)
    with pytest.raises(SealKeyUnusable, match="0600"):
        load_keyring(path)


def test_a_rotation_that_was_not_begun_cannot_be_finished(tmp_path: Path) -> None:
    path = tmp_path / "seal.key"
    before = load_or_create_key(path)
    with pytest.raises(FileNotFoundError):
        finish_rotation(path)
    assert load_or_create_key(path).key_id == before.key_id


def test_keys_for_other_purposes_follow_from_the_one_that_seals() -> None:
    key, old = b"k" * KEY_BYTES, b"o" * KEY_BYTES
    sealer = Sealer(key, key_id_of(key))
    extracted = hmac.digest(bytes(KEY_BYTES), key, "sha256")  # RFC 5869, by hand
    assert sealer.derive("links") == hmac.digest(extracted, b"cuelight links\x01", "sha256")
    assert sealer.derive("tokens") != sealer.derive("links")
    assert Keyring(sealer, [Sealer(old, key_id_of(old))]).derive("links") == sealer.derive("links")


def test_a_credential_of_systemd_stands_for_the_file_and_is_not_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, folder = tmp_path / "seal.key", tmp_path / "credentials"
    folder.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    assert key_file(file) == file, "other credentials are no reason to look for the key among them"
    handed = folder / "cuelight.seal_key"
    handed.write_bytes(bytes(KEY_BYTES))
    handed.chmod(0o440)  # as an access list for one user looks
    assert key_file(file) == handed
    keyring, unfinished = load_keyring(handed)
    assert (keyring.key_id, unfinished) == (key_id_of(bytes(KEY_BYTES)), False)
    with pytest.raises(SealKeyUnusable, match="credential"):
        begin_rotation(handed)
    handed.chmod(0o444)
    with pytest.raises(SealKeyUnusable, match="0600"):
        load_keyring(handed)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    assert key_file(file) == file
