"""Sealing: secrets at rest, encrypted and bound to the name under which they are kept.

A sealed value is: version (1 byte), key id (8), nonce (12), AES-256-GCM ciphertext with its 16-byte tag. Version, key
id and name are authenticated with it.
"""

import contextlib
import hashlib
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from presets_store.credentials import credentials_folder
from presets_store.durable import sync_folder, write_durably
from presets_store.errors import CuelightError

KEY_BYTES = 32
KEY_ID_BYTES = 8
_VERSION = b"\x01"
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEADER_BYTES = len(_VERSION) + KEY_ID_BYTES


class SealBroken(CuelightError):
    """A sealed value that this key cannot open: another key's, another name's, or changed."""

    code = "seal_broken"
    template = "the sealed value {name!r} cannot be opened: {reason}"


class SealKeyUnusable(CuelightError):
    """The key file exists but must not be used as it is."""

    code = "seal_key_unusable"
    template = "the seal key {path!r} cannot be used: {reason}"


class Seals(Protocol):
    """What seals and opens values: one key, or several of which one seals."""

    @property
    def key_id(self) -> str:
        """Of the key that seals: 16 hexadecimal digits."""
        ...

    def seal(self, name: str, plain: bytes) -> bytes:
        """`plain`, to be opened only under the same name."""
        ...

    def unseal(self, name: str, sealed: bytes) -> bytes:
        """What was sealed under `name`; SealBroken when it is not that."""
        ...

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose, which follows from the key that seals and tells nothing about it."""
        ...


class Sealer:
    """Seals and opens values with one key of 32 bytes; `key_id`, 16 hexadecimal digits, tells it from others."""

    def __init__(self, key: bytes, key_id: str) -> None:
        self._header = _VERSION + bytes.fromhex(key_id)
        if len(key) != KEY_BYTES or len(self._header) != _HEADER_BYTES:
            raise ValueError(f"a seal key has {KEY_BYTES} bytes and its id {KEY_ID_BYTES}")
        self.key_id = key_id
        self._key = key
        self._cipher = AESGCM(key)

    def __repr__(self) -> str:
        return f"Sealer(key_id={self.key_id!r})"

    def seal(self, name: str, plain: bytes) -> bytes:
        """`plain`, to be opened only under the same name."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return self._header + nonce + self._cipher.encrypt(nonce, plain, self._header + name.encode())

    def unseal(self, name: str, sealed: bytes) -> bytes:
        """What was sealed under `name`; SealBroken when it is not that."""
        if len(sealed) < _HEADER_BYTES + _NONCE_BYTES + _TAG_BYTES:
            raise SealBroken(name=name, reason="it is too short")
        if not sealed.startswith(_VERSION):
            raise SealBroken(name=name, reason="its format is unknown to this release")
        header, nonce = sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES : _HEADER_BYTES + _NONCE_BYTES]
        if header != self._header:
            reason = f"it was sealed with key {header[len(_VERSION) :].hex()}, this one is {self.key_id}"
            raise SealBroken(name=name, reason=reason)
        try:
            return self._cipher.decrypt(nonce, sealed[_HEADER_BYTES + _NONCE_BYTES :], header + name.encode())
        except InvalidTag:
            raise SealBroken(name=name, reason="it was changed, or kept under another name") from None

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose (HKDF-SHA256), which tells nothing about this one."""
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"cuelight " + purpose.encode()).derive(self._key)


class Keyring:
    """Seals with the `current` key and opens what any of its keys sealed."""

    def __init__(self, current: Sealer, others: Sequence[Sealer] = ()) -> None:
        self._current = current
        self._keys = {sealer.key_id: sealer for sealer in (*others, current)}

    def __repr__(self) -> str:
        return f"Keyring(current={self._current!r}, key_ids={sorted(self._keys)})"

    @property
    def key_id(self) -> str:
        return self._current.key_id

    def seal(self, name: str, plain: bytes) -> bytes:
        return self._current.seal(name, plain)

    def unseal(self, name: str, sealed: bytes) -> bytes:
        key_id = sealed[len(_VERSION) : _HEADER_BYTES].hex()
        return self._keys.get(key_id, self._current).unseal(name, sealed)

    def derive(self, purpose: str) -> bytes:
        return self._current.derive(purpose)


def key_id_of(key: bytes) -> str:
    """16 hexadecimal digits that follow from the key and tell nothing about it."""
    return hashlib.sha256(b"cuelight seal key id" + key).digest()[:KEY_ID_BYTES].hex()


def load_or_create_key(path: Path) -> Sealer:
    """The sealer of the key file at `path`, which is made (32 random bytes, 0600) if there is none.

    SealKeyUnusable when the file is not a regular one, others may read it, or its size is wrong. Blocks for the disk.
    """
    if not path.exists():
        with contextlib.suppress(FileExistsError):  # another process was faster: its key counts
            write_durably(path, secrets.token_bytes(KEY_BYTES), exclusive=True)
    key = _read_key(path)
    return Sealer(key, key_id_of(key))


def load_keyring(path: Path) -> tuple[Keyring, bool]:
    """The keyring of the key file at `path`, and whether a rotation is unfinished.

    If it is, whoever keeps sealed values must seal them anew with this keyring, and then call `finish_rotation`.
    Otherwise, and for errors, as `load_or_create_key`.
    """
    following = _following(path)
    if not following.exists():
        return Keyring(load_or_create_key(path)), False
    if not path.exists():  # lost: the following key is all that there is
        finish_rotation(path)
        return Keyring(load_or_create_key(path)), False
    return begin_rotation(path), True


def begin_rotation(path: Path) -> Keyring:
    """A keyring that seals with a new key, `<path>.next`, and still opens what the key at `path` sealed.

    The new key is on the disk when this returns, so that whatever is sealed with it can be opened after a crash. A
    rotation that is unfinished goes on with its key. SealKeyUnusable, OSError as `load_or_create_key`.
    """
    if path.parent == credentials_folder():
        raise SealKeyUnusable(path=str(path), reason="a credential of systemd cannot be changed from here")
    old = load_or_create_key(path)
    return Keyring(load_or_create_key(_following(path)), [old])


def finish_rotation(path: Path) -> None:
    """Puts the new key in the place of the old one, durably; when nothing that the old one sealed is left.

    FileNotFoundError when no rotation was begun. Blocks for the disk.
    """
    _following(path).replace(path)
    sync_folder(path.parent)


def _following(path: Path) -> Path:
    return path.with_name(f"{path.name}.next")


def _read_key(path: Path) -> bytes:
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise SealKeyUnusable(path=str(path), reason="it is not a regular file")
        # An access list by which systemd lets only this service read a credential looks like a group's right.
        others = 0o007 if path.parent == credentials_folder() else 0o077
        if stat.S_IMODE(status.st_mode) & others:
            raise SealKeyUnusable(
                path=str(path), reason=f"its permissions are {stat.filemode(status.st_mode)}; make them 0600"
            )
        key = file.read(KEY_BYTES + 1)
    if len(key) != KEY_BYTES:
        raise SealKeyUnusable(path=str(path), reason=f"it has not exactly {KEY_BYTES} bytes; restore it from a backup")
    return key
