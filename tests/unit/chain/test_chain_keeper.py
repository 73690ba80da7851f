"""The chain while the agent runs, across restarts and losses, and the proof of a folder."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.clock import ManualClock
from fakes.served_store import SEALER

from agent.media.chain.keeper import Chain
from agent.media.chain.ledger import Ledger
from agent.media.chain.links import Entry
from agent.media.chain.verifying import Proof, verify
from agent.startup.sealed import SealedState


class Box:
    """A device's folder and memory; `start` is a start of its agent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.media = folder / "media"
        self.sealed: SealedState | None = None

    async def start(self) -> tuple[Chain, list[str]]:
        await self.stop()
        self.sealed, _ = await SealedState.open(self.folder / "sealed", SEALER)
        chain = Chain(Ledger(self.media), self.sealed, ManualClock(), "SN1")
        return chain, [incident.message for incident in await chain.open()]

    async def stop(self) -> None:
        if self.sealed is not None:
            await self.sealed.close()
            self.sealed = None

    def film(self, name: str) -> Entry:
        data = name.encode() * 1000
        path = self.media / "main" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.with_name(f"{name}.json").write_text("{}")
        digest = hashlib.sha256(data).hexdigest()
        return Entry(kind="clip", signed=1, camera="main", file=f"main/{name}", size=len(data), sha256=digest)

    async def proof(self, *, trusted: str = "", only: str = "") -> Proof:
        return await asyncio.to_thread(verify, self.media, trusted=trusted, only=only)


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    made = Box(tmp_path)
    yield made
    await made.stop()


async def test_the_chain_goes_on_over_restarts_with_the_same_key(box: Box) -> None:
    chain, _ = await box.start()
    await chain.add([box.film("a.mp4"), box.film("b.mp4")])
    key = chain.key
    chain, wrong = await box.start()
    assert (chain.key, chain.head.number, wrong) == (key, 3, [])
    await chain.add([box.film("c.mkv")])
    box.film("d.ts")
    proof = await box.proof(trusted=key)
    assert (proof.holds, proof.links, proof.clips, proof.keys) == (True, 4, 3, [key])
    assert proof.unchained == ["main/d.ts"]


async def test_a_changed_a_cut_and_a_lost_file_are_named(box: Box) -> None:
    chain, _ = await box.start()
    await chain.add([box.film("a.mp4"), box.film("b.mp4"), box.film("c.mp4"), box.film("d.mp4")])
    changed = box.media / "main/a.mp4"
    changed.write_bytes(changed.read_bytes()[:-1] + b"!")
    (box.media / "main/b.mp4").write_bytes(b"short")
    (box.media / "main/c.mp4").unlink()
    proof = await box.proof()
    assert not proof.holds
    assert [(fault.number, fault.file) for fault in proof.faults] == [
        (2, "main/a.mp4"), (3, "main/b.mp4"), (4, "main/c.mp4"),
    ]  # fmt: skip
    assert proof.clips == 1
    assert (await box.proof(only="main/d.mp4")).holds
    assert not (await box.proof(only="main/c.mp4")).holds
    assert not (await box.proof(only="main/never.mp4")).holds


async def test_what_the_device_removed_itself_is_no_fault(box: Box) -> None:
    chain, _ = await box.start()
    await chain.add([box.film("a.mp4"), box.film("b.mp4")])
    (box.media / "main/a.mp4").unlink()
    await chain.add([chain.removed("main", "main/a.mp4", "too old")])
    proof = await box.proof()
    assert (proof.holds, proof.clips, proof.removed) == (True, 1, 1)


async def test_a_ledger_that_was_cut_short_is_told_at_the_start_and_by_the_check(box: Box) -> None:
    chain, _ = await box.start()
    await chain.add([box.film("a.mp4")])
    await chain.add([box.film("b.mp4")])
    (ledger,) = await asyncio.to_thread(Ledger(box.media).files)
    ledger.write_bytes(b"".join(ledger.read_bytes().splitlines(keepends=True)[:-1]))
    chain, wrong = await box.start()
    assert "ends at link 2; this device wrote up to 3" in wrong[0]
    await chain.add([box.film("c.mp4")])
    proof = await box.proof()
    assert [(fault.number, fault.reason) for fault in proof.faults] == [(3, "it is missing; link 4 follows")]
    assert proof.unchained == ["main/b.mp4"]


async def test_a_torn_link_is_written_again(box: Box) -> None:
    chain, _ = await box.start()
    await chain.add([box.film("a.mp4")])
    (ledger,) = await asyncio.to_thread(Ledger(box.media).files)
    with ledger.open("ab") as file:
        file.write(b'{"number":3,"previous":"')
    chain, wrong = await box.start()
    assert wrong == []
    await chain.add([box.film("b.mp4")])
    assert (await box.proof()).holds


async def test_a_device_that_lost_its_memory_begins_with_a_new_key_and_the_chain_holds(box: Box) -> None:
    chain, _ = await box.start()
    await chain.add([box.film("a.mp4")])
    first = chain.key
    await box.stop()
    for path in (box.folder / "sealed").iterdir():
        path.unlink()
    chain, _ = await box.start()
    await chain.add([box.film("b.mp4")])
    proof = await box.proof()
    assert proof.holds
    assert proof.keys == [first, chain.key]
    assert not (await box.proof(trusted=first)).holds


async def test_a_key_that_was_kept_before_its_first_link_still_begins(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "append", _full)
        with pytest.raises(OSError, match="full"):
            await box.start()
    chain, _ = await box.start()
    await chain.add([box.film("a.mp4")])
    assert (await box.proof(trusted=chain.key)).holds


def _full(*_: object) -> None:
    raise OSError("full")
