"""The chain while the agent runs, across restarts and losses, and the proof of a folder."""

import asyncio
import errno
import hashlib
import os
import resource
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fakes.clock import ManualClock
from fakes.served_store import SEALER

from agent.media.chain.keeper import Chain
from agent.media.chain.ledger import Ledger
from agent.media.chain.links import Entry, forge
from agent.media.chain.verifying import MOST_FAULTS, Proof, verify
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


@pytest.mark.parametrize("torn", [b'{"number":3,"previous":"', bytes(50_000)])
async def test_a_torn_link_is_written_again(box: Box, torn: bytes) -> None:
    chain, _ = await box.start()
    await chain.add([box.film("a.mp4")])
    (ledger,) = await asyncio.to_thread(Ledger(box.media).files)
    with ledger.open("ab") as file:
        file.write(torn)
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
        chain, _ = await box.start()
        with pytest.raises(OSError, match="full"):
            await chain.add([box.film("a.mp4")])
    chain, _ = await box.start()
    await chain.add([box.film("a.mp4")])
    assert (await box.proof(trusted=chain.key)).holds


async def test_a_disk_that_fills_up_within_a_link_leaves_none_half(box: Box) -> None:
    chain, _ = await box.start()
    await chain.add([box.film("a.mp4")])
    entries = [box.film("b.mp4"), box.film("c.mp4")]
    (ledger,) = await asyncio.to_thread(Ledger(box.media).files)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ledger.stat().st_size + 800, limits[1]))
    try:
        with pytest.raises(OSError, match="large"):
            await chain.add(entries)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    await chain.add(entries)
    proof = await box.proof()
    assert (proof.faults, proof.clips) == ([], 3)


async def test_two_who_open_it_at_once_make_one_chain(box: Box) -> None:
    box.sealed, _ = await SealedState.open(box.folder / "sealed", SEALER)
    chain = Chain(Ledger(box.media), box.sealed, ManualClock(), "SN1")

    async def begin(name: str) -> None:
        await chain.open()
        await chain.add([box.film(name)])

    await asyncio.gather(*(begin(f"{number}.mp4") for number in range(5)))
    proof = await box.proof()
    assert (proof.faults, proof.clips, proof.keys) == ([], 5, [chain.key])


async def test_in_another_media_folder_the_chain_names_its_key_again(box: Box) -> None:
    chain, _ = await box.start()
    await chain.add([box.film("a.mp4")])
    box.media = box.folder / "another disk"
    chain, wrong = await box.start()
    assert "ends at link 0" in wrong[0]
    await chain.add([box.film("b.mp4")])
    proof = await box.proof(trusted=chain.key)
    assert [fault.number for fault in proof.faults] == [1], "what is missing is named once"
    assert (proof.clips, proof.unchained) == (1, [])


async def test_another_end_of_the_same_length_is_told(box: Box) -> None:
    chain, _ = await box.start()
    await chain.add([box.film("a.mp4")])
    (ledger,) = await asyncio.to_thread(Ledger(box.media).files)
    first = ledger.read_bytes().splitlines(keepends=True)[0]
    other = forge(Entry(kind="removed", signed=1, file="main/a.mp4"), 2, "", Ed25519PrivateKey.generate())
    ledger.write_bytes(first + other.line())
    _, wrong = await box.start()
    assert wrong


async def test_a_clip_that_the_device_meant_to_remove_is_proven_while_it_is_there(box: Box) -> None:
    chain, _ = await box.start()
    await chain.add([box.film("a.mp4"), chain.removed("main", "main/a.mp4", "too old")])
    proof = await box.proof(only="main/a.mp4")
    assert (proof.holds, proof.clips, proof.removed) == (True, 1, 0)
    (box.media / "main/a.mp4").write_bytes(b"another")
    assert [fault.number for fault in (await box.proof()).faults] == [2]
    (box.media / "main/a.mp4").unlink()
    proof = await box.proof(only="main/a.mp4")
    assert (proof.holds, proof.clips, proof.removed) == (True, 0, 1)


async def test_a_changed_clip_is_not_right_because_it_was_chained_again(box: Box) -> None:
    """As after a lost database, when the folder alone says what its clips are."""
    chain, _ = await box.start()
    await chain.add([box.film("a.mp4")])
    await chain.add([box.film("a.mp4")])
    assert (await box.proof()).holds
    forged = box.film("a.mp4").model_copy(update={"size": 3, "sha256": hashlib.sha256(b"abc").hexdigest()})
    (box.media / "main/a.mp4").write_bytes(b"abc")
    await chain.add([forged])
    assert [fault.file for fault in (await box.proof()).faults] == ["main/a.mp4"]


async def test_rubbish_is_not_read_to_its_end(box: Box) -> None:
    (box.media / "chain").mkdir(parents=True)
    (box.media / "chain" / "000000001.jsonl").write_bytes(b"\n" * 100_000)
    assert len((await box.proof()).faults) == MOST_FAULTS + 1


async def test_clips_without_any_chain_prove_nothing(box: Box) -> None:
    box.media.mkdir()
    assert (await box.proof()).holds, "nothing was filmed yet"
    box.film("a.mp4")
    proof = await box.proof()
    assert (proof.holds, proof.unchained) == (False, ["main/a.mp4"])


@pytest.mark.parametrize(
    "way", ["../outside", "{folder}/outside", "main/link", "main", "", "main/fifo", "a\0b", "x" * 300]
)
async def test_a_hostile_chain_does_not_lead_out_of_the_folder(box: Box, way: str) -> None:
    chain, _ = await box.start()
    box.film("a.mp4")
    secret = box.folder / "outside"
    secret.write_bytes(b"abc")
    (box.media / "main/link").symlink_to(secret)
    os.mkfifo(box.media / "main/fifo")
    file = way.format(folder=box.folder)
    size = {"main": (box.media / "main").stat().st_size, "": box.media.stat().st_size, "main/fifo": 0}.get(file, 3)
    digest = hashlib.sha256(b"abc").hexdigest()
    await chain.add([Entry(kind="clip", signed=1, file=file, size=size, sha256=digest)])
    proof = await asyncio.wait_for(box.proof(), 5)
    assert [(fault.number, fault.file) for fault in proof.faults] == [(2, file)]
    assert "bytes" not in proof.faults[0].reason, "nothing is told of what lies outside"


async def test_what_is_no_file_is_no_part_of_a_chain(box: Box) -> None:
    chain, _ = await box.start()
    await chain.add([box.film("a.mp4")])
    os.mkfifo(box.media / "chain" / "000000009.jsonl")
    assert (await asyncio.wait_for(box.proof(), 5)).clips == 1


async def test_a_file_that_the_disk_cannot_read_is_a_fault_and_the_others_are_proven(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, _ = await box.start()
    await chain.add([box.film("a.mp4"), box.film("b.mp4")])
    plain = Path.open

    def failing(path: Path, *arguments: Any) -> Any:
        if path.name == "a.mp4":
            raise OSError(errno.EIO, "Input/output error", str(path))
        return plain(path, *arguments)

    monkeypatch.setattr(Path, "open", failing)
    proof = await box.proof()
    assert [(fault.file, "Input/output error" in fault.reason) for fault in proof.faults] == [("main/a.mp4", True)]
    assert proof.clips == 1


def _full(*_: object) -> None:
    raise OSError("full")
