"""The box walk finds the last whole fragment wherever a file is cut."""

import io

from hypothesis import example, given
from hypothesis import strategies as st

from hardware.containers.mp4 import Box, measure, read_boxes


def box(kind: bytes, payload: bytes, *, long: bool = False) -> bytes:
    if long:
        return (1).to_bytes(4, "big") + kind + (16 + len(payload)).to_bytes(8, "big") + payload
    return (8 + len(payload)).to_bytes(4, "big") + kind + payload


HEADER = box(b"ftyp", b"isom") + box(b"moov", box(b"mvhd", bytes(20)) + box(b"mvex", bytes(4)))

fragments = st.lists(
    st.builds(
        lambda moof, mdat, long: box(b"moof", moof) + box(b"mdat", mdat, long=long),
        st.binary(max_size=40),
        st.binary(max_size=60),
        st.booleans(),
    ),
    max_size=6,
)


@given(fragments, st.data())
def test_a_cut_anywhere_keeps_every_whole_fragment(parts: list[bytes], data: st.DataObject) -> None:
    ends = [len(HEADER)]
    for part in parts:
        ends.append(ends[-1] + len(part))
    whole = HEADER + b"".join(parts)
    cut = data.draw(st.integers(len(HEADER), len(whole)), "cut")
    layout = measure(io.BytesIO(whole[:cut]))
    assert layout.playable
    assert layout.fragmented
    assert layout.fragments == sum(end <= cut for end in ends[1:])
    assert layout.end == max(end for end in ends if end <= cut)


@given(fragments)
def test_zeros_after_the_last_fragment_are_torn(parts: list[bytes]) -> None:
    """A file system that had grown the file before a power cut fills it with zeros."""
    whole = HEADER + b"".join(parts)
    layout = measure(io.BytesIO(whole + bytes(4096)))
    assert (layout.fragments, layout.end) == (len(parts), len(whole))


@given(st.binary(max_size=300))
@example(b"")
@example(b"\x00\x00\x00\x01mdat" + b"\xff" * 8)
@example(b"\x00\x00\x00\x08moof" * 30)
def test_any_bytes_are_measured(content: bytes) -> None:
    layout = measure(io.BytesIO(content))
    assert 0 <= layout.end <= len(content)


def test_a_plain_file_is_not_fragmented() -> None:
    content = box(b"ftyp", b"isom") + box(b"mdat", bytes(50)) + box(b"moov", box(b"mvhd", bytes(20)))
    layout = measure(io.BytesIO(content))
    assert (layout.playable, layout.fragmented, layout.fragments, layout.end) == (True, False, 0, len(content))


def test_a_file_cut_within_its_index_is_not_playable() -> None:
    assert not measure(io.BytesIO(HEADER[:-1])).playable


def test_the_boxes_of_a_closed_recording() -> None:
    content = HEADER + box(b"moof", b"") + box(b"mdat", b"1234", long=True) + box(b"mfra", b"")
    assert [found.type for found in read_boxes(io.BytesIO(content))] == [b"ftyp", b"moov", b"moof", b"mdat", b"mfra"]
    assert next(read_boxes(io.BytesIO(content))) == Box(b"ftyp", 0, 12)
    assert measure(io.BytesIO(content)).end == len(content)
