"""Keeps the chain while the agent runs: the device's key, the newest link, what is still to be chained."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.media.chain.ledger import Ledger
from agent.media.chain.links import BrokenLink, Entry, Link, forge, public_key
from agent.startup.sealed import SealedState, encoded
from presets_store.clock import Clock, micros
from presets_store.errors import CuelightError
from presets_store.services.restoring.restore import Incident

logger = logging.getLogger(__name__)

_KEY = "chain.key"
_HEAD = "chain.head"


@dataclass(frozen=True, slots=True)
class Head:
    """The newest link. `number` 0: there is none."""

    number: int = 0
    hash: str = ""


class Chain:
    """Appends to the ledger. A link is on the disk when `add` returns; the sealed cache knows the newest one, too.

    Where the ledger says less than the cache remembers, it was cut: that is told, and the chain goes on from what the
    cache remembers, so that a check finds the gap, and names its key again: the ledger that had it may be gone.
    """

    def __init__(self, ledger: Ledger, sealed: SealedState, clock: Clock, serial: str) -> None:
        self._ledger = ledger
        self._sealed = sealed
        self._clock = clock
        self._serial = serial
        self._key: Ed25519PrivateKey | None = None
        self._head = Head()
        self._begun = False
        self._lock = asyncio.Lock()

    @property
    def key(self) -> str:
        """The device's public key, raw, in hexadecimal; empty before `open`."""
        return public_key(self._key) if self._key else ""

    @property
    def head(self) -> Head:
        """The newest link."""
        return self._head

    async def open(self) -> list[Incident]:
        """Takes up the chain, with a new key if the device has none; what was found wrong with it. Once.

        Raises OSError, and what the sealed cache raises.
        """
        async with self._lock:
            return await self._open() if self._key is None else []

    async def _open(self) -> list[Incident]:
        kept = self._sealed.value(_KEY)
        key = Ed25519PrivateKey.from_private_bytes(kept) if kept else Ed25519PrivateKey.generate()
        spare, newest = await asyncio.to_thread(lambda: (self._ledger.trim(), self._ledger.newest()))
        if spare:
            logger.warning("an unfinished link of the chain was cut off (%d bytes)", spare)
        found, wrong = self._compare(newest)
        self._head = found
        if not kept:
            await self._sealed.keep({_KEY: key.private_bytes_raw()})
        self._key = key
        self._begun = not wrong and (self._sealed.document(_HEAD) or {}).get("key") == self.key
        return [Incident("chain_broken", wrong, self._now())] if wrong else []

    async def add(self, entries: Sequence[Entry]) -> list[Link]:
        """Appends what `entries` say; the links. Raises OSError."""
        if not entries:
            return []
        async with self._lock:
            begin = [] if self._begun else [Entry(kind="begin", signed=self._now(), device=self._serial, key=self.key)]
            links = await self._append([*begin, *entries])
            self._begun = True
            return links[len(begin) :]

    def removed(self, camera: str, file: str, reason: str) -> Entry:
        """What is to be appended when the device itself removes a file."""
        return Entry(kind="removed", signed=self._now(), camera=camera, file=file, reason=reason)

    def _compare(self, newest: bytes | None) -> tuple[Head, str]:
        """The head from which to go on, and what is wrong; empty when the ledger ends as the cache remembers."""
        kept = self._sealed.document(_HEAD)
        remembered = Head(int(kept["number"]), str(kept["hash"])) if kept else Head()
        try:
            there = _head_of(newest)
        except BrokenLink as broken:
            return remembered, f"the chain of clips is damaged at its end: {broken.reason}"
        if there.number == remembered.number and there.hash != remembered.hash:
            return remembered, f"link {there.number} of the chain of clips is not the one that this device wrote"
        if there.number >= remembered.number:
            return there, ""  # the cache is a write behind after a power cut
        return (
            remembered,
            f"the chain of clips ends at link {there.number}; this device wrote up to {remembered.number}",
        )

    async def _append(self, entries: Sequence[Entry]) -> list[Link]:
        if self._key is None:
            raise RuntimeError("the chain is not open")
        links: list[Link] = []
        head = self._head
        for entry in entries:
            link = forge(entry, head.number + 1, head.hash, self._key)
            head = Head(link.number, link.hash)
            links.append(link)
        lines = [link.line() for link in links]
        await asyncio.to_thread(self._ledger.append, links[0].number, lines)
        self._head = head
        try:
            await self._sealed.keep({_HEAD: encoded({"number": head.number, "hash": head.hash, "key": self.key})})
        except CuelightError as error:
            logger.error("the newest link is not remembered: %s", error)  # as after a power cut; written it is
        return links

    def _now(self) -> int:
        return micros(self._clock.now())


def _head_of(line: bytes | None) -> Head:
    if line is None:
        return Head()
    try:
        link = Link.model_validate_json(line)
    except ValueError:
        raise BrokenLink(0, "", "it cannot be read") from None
    return Head(link.number, link.hash)
