"""The links of the chain: what they say, how they are signed, how a chain is checked. Pure.

A link's hash covers all that it says and the hash of the link before it; its signature (Ed25519, the device's key)
covers that hash. So no link can be changed, left out or put in without breaking what follows.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

LONGEST_LINE = 4096
"""Bytes of one link."""

_PURPOSE = b"cuelight chain of clips 1\n"
_HEX = r"^[0-9a-f]*$"


class Entry(BaseModel):
    """What a link says. `begin` starts a chain with a new key; `clip` is a file; `removed` tells why one is gone.

    `file` is relative to the media folder. `start` and `signed` are microseconds since the Unix epoch by the device's
    clock, whose quality at the recording is `clock_quality`. `key` (of `begin`) is the public key, raw, in hexadecimal.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["begin", "clip", "removed"]
    signed: int = Field(ge=0)
    device: str = ""
    key: str = Field(default="", pattern=_HEX)
    camera: str = ""
    file: str = ""
    size: int = Field(default=0, ge=0)
    sha256: str = Field(default="", pattern=_HEX)
    start: int = 0
    seconds: float = 0.0
    clock_quality: str = ""
    reason: str = ""


class Link(BaseModel):
    """One link: `number` counts from 1, `previous` is the hash of the one before, empty for the first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int = Field(ge=1)
    previous: str = Field(pattern=_HEX)
    entry: Entry
    hash: str = Field(pattern=_HEX)
    signature: str = Field(pattern=_HEX)

    def line(self) -> bytes:
        """The link as a line of a ledger."""
        return self.model_dump_json().encode() + b"\n"


class BrokenLink(Exception):
    """The chain does not hold at this place; `reason` says why, in words for people."""

    def __init__(self, number: int, file: str, reason: str) -> None:
        self.number = number
        self.file = file
        self.reason = reason
        super().__init__(f"link {number}{f' ({file})' if file else ''}: {reason}")


def public_key(key: Ed25519PrivateKey) -> str:
    """The public key of `key`, raw, in hexadecimal."""
    return key.public_key().public_bytes_raw().hex()


def forge(entry: Entry, number: int, previous: str, key: Ed25519PrivateKey) -> Link:
    """The next link: hashed and signed."""
    digest = _digest(entry, number, previous)
    signature = key.sign(_PURPOSE + digest)
    return Link(number=number, previous=previous, entry=entry, hash=digest.hex(), signature=signature.hex())


def _digest(entry: Entry, number: int, previous: str) -> bytes:
    said = {"number": number, "previous": previous, "entry": entry.model_dump()}
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).digest()


class Check:
    """Follows a chain link by link. `keys` are the public keys met, in order; more than one: the device got a new one.

    `trusted`: the public key that must have signed all of it; empty takes what the chain itself names.
    """

    def __init__(self, trusted: str = "") -> None:
        self.number = 0
        self.hash = ""
        self.keys: list[str] = []
        self._trusted = trusted

    def take(self, line: bytes) -> Iterator[Link | BrokenLink]:
        """What the next line tells: the link when it holds, and why the chain is broken there when it is."""
        number, previous = self.number + 1, self.hash
        self.number = number
        try:
            link = Link.model_validate_json(line)
        except ValidationError:
            yield BrokenLink(number, "", "it cannot be read")
            return
        self.number, self.hash = link.number, link.hash
        if link.number != number:
            yield BrokenLink(number, "", f"it is missing; link {link.number} follows")
            previous = link.previous
        try:
            self._check(link, previous)
        except BrokenLink as broken:
            yield broken
            return
        yield link

    def _check(self, link: Link, previous: str) -> None:
        number, file = link.number, link.entry.file
        if link.previous != previous:
            raise BrokenLink(number, file, "it does not follow the link before it")
        digest = _digest(link.entry, number, link.previous)
        if digest.hex() != link.hash:
            raise BrokenLink(number, file, "what it says was changed")
        if link.entry.kind == "begin" and link.entry.key not in self.keys[-1:]:
            self.keys.append(link.entry.key)
        file = link.entry.file
        if not self.keys:
            raise BrokenLink(link.number, file, "the chain does not begin with a key")
        if self._trusted and self.keys[-1] != self._trusted:
            raise BrokenLink(link.number, file, f"it is signed with the key {self.keys[-1]}, not with the one given")
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.keys[-1]))
            key.verify(bytes.fromhex(link.signature), _PURPOSE + digest)
        except (InvalidSignature, ValueError):
            raise BrokenLink(link.number, file, "its signature is not that of the device's key") from None


def follow(lines: Iterable[bytes], check: Check) -> Iterator[Link | BrokenLink]:
    """The links of `lines`, each checked; why, where one does not hold or is missing."""
    for line in lines:
        yield from check.take(line)
