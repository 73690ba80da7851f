"""A chain of clips holds, or the link that does not is named."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from agent.media.chain.ledger import Ledger
from agent.media.chain.links import BrokenLink, Check, Entry, Link, follow, forge, public_key
from agent.media.chain.verifying import Fault, verify

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))


def clip(index: int) -> Entry:
    return Entry(
        kind="clip", signed=1000 + index, camera="main", file=f"main/{index}.mp4", size=index, sha256="ab" * 32
    )


def chain(count: int, key: Ed25519PrivateKey = KEY) -> list[Link]:
    entries = [Entry(kind="begin", signed=1, device="SN1", key=public_key(key)), *map(clip, range(count))]
    links: list[Link] = []
    for number, entry in enumerate(entries, 1):
        links.append(forge(entry, number, links[-1].hash if links else "", key))
    return links


def broken(lines: list[bytes], trusted: str = "") -> list[tuple[int, str]]:
    found = follow(lines, Check(trusted))
    return [(link.number, link.reason) for link in found if isinstance(link, BrokenLink)]


def test_a_chain_as_it_was_written_holds() -> None:
    lines = [link.line() for link in chain(5)]
    assert broken(lines) == []
    assert broken(lines, trusted=public_key(KEY)) == []


def test_another_device_s_key_is_told() -> None:
    found = broken([link.line() for link in chain(1)], trusted=public_key(OTHER))
    assert [number for number, _ in found] == [1, 2]
    assert public_key(KEY) in found[0][1]


@given(st.integers(2, 8), st.data())
def test_whatever_is_changed_its_link_is_named(count: int, data: st.DataObject) -> None:
    links = chain(count)
    victim = data.draw(st.integers(0, count))
    raw = bytearray(links[victim].line()[:-1])
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 127))
    lines = [link.line() for link in links]
    lines[victim] = bytes(raw) + b"\n"
    try:
        if Link.model_validate_json(lines[victim]) == links[victim]:
            return  # the same number written in another way
    except ValueError:
        pass
    numbers = [number for number, _ in broken(lines)]
    assert numbers, "it is noticed"
    assert numbers[0] in (victim + 1, victim + 2), "at that link, or at the next, which no longer follows it"


@given(st.integers(1, 8), st.data())
def test_a_link_that_was_taken_out_is_named(count: int, data: st.DataObject) -> None:
    lines = [link.line() for link in chain(count + 1)]
    victim = data.draw(st.integers(1, count))
    del lines[victim]
    assert broken(lines) == [(victim + 1, f"it is missing; link {victim + 2} follows")]


def test_a_forged_link_does_not_pass_with_another_key() -> None:
    links = chain(2)
    forged = forge(clip(9), 3, links[1].hash, OTHER)
    assert broken([*(link.line() for link in links[:2]), forged.line()])[0][0] == 3


def test_a_new_key_begins_anew_and_is_told() -> None:
    links = chain(2)
    begin = forge(Entry(kind="begin", signed=5, key=public_key(OTHER)), 4, links[-1].hash, OTHER)
    check = Check()
    assert all(isinstance(link, Link) for link in follow([link.line() for link in [*links, begin]], check))
    assert check.keys == [public_key(KEY), public_key(OTHER)]


def test_the_ledger_survives_a_torn_line_and_begins_new_files(tmp_path: Path) -> None:
    ledger, links = Ledger(tmp_path, links_per_file=3), chain(6)
    for link in links:
        ledger.append(link.number, [link.line()])
    assert [path.stem for path in ledger.files()] == ["000000001", "000000004", "000000007"]
    newest = ledger.files()[-1]
    with newest.open("ab") as file:
        file.write(b'{"number": 8, "prev')
    assert list(ledger.lines()) == [link.line() for link in links]
    assert ledger.newest() == links[-1].line()
    assert ledger.trim() == 19
    assert ledger.trim() == 0
    assert newest.read_bytes() == links[-1].line()


@pytest.mark.parametrize("line", [b"", b"\n", b"[]\n", b'{"number": 1}\n', b"\xff\n"])
def test_what_is_no_link_is_told_as_that(line: bytes) -> None:
    assert broken([line]) == [(1, "it cannot be read")]


@pytest.mark.parametrize("left", [0, 1, 4])
def test_a_chain_that_was_cut_at_its_end_has_fewer_links_than_were_told(tmp_path: Path, left: int) -> None:
    removed = [Entry(kind="removed", signed=2, camera="main", file=f"main/{index}.mp4") for index in range(3)]
    links = chain(0)
    for entry in removed:
        links.append(forge(entry, len(links) + 1, links[-1].hash, KEY))
    if left:
        Ledger(tmp_path).append(1, [link.line() for link in links[:left]])
    assert verify(tmp_path).holds, "the chain itself does not tell"
    assert verify(tmp_path, least=left).holds
    proof = verify(tmp_path, least=5)
    assert proof.faults == [Fault(left + 1, "", f"it is missing: the chain ends at link {left}, and had 5")]
