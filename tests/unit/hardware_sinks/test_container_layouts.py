"""What is whole of a file that may hold anything."""

import io
from collections.abc import Mapping
from fractions import Fraction

import av
import pytest
from fakes.source import coded_pictures
from hypothesis import given
from hypothesis import strategies as st

from hardware.containers.layout import Layout
from hardware.containers.table import CONTAINERS
from hardware.models import Codec


def film(kind: str) -> bytes:
    """Three seconds, written as recordings are."""
    written = io.BytesIO()
    container = CONTAINERS[kind]
    with av.open(Outlet(written), "w", format=container.muxer, options=dict(container.options)) as file:
        mux(file, 30)
    return written.getvalue()


def mux(file: av.container.OutputContainer, count: int) -> None:
    """Pictures, ten a second."""
    stream = file.add_mux_stream("h264", rate=10, width=64, height=48)
    for number, (data, key) in enumerate(coded_pictures(Codec.H264, 64, 48, count)):
        packet = av.Packet(data)
        packet.stream, packet.time_base, packet.is_keyframe = stream, Fraction(1, 10), key
        packet.pts = packet.dts = number
        packet.duration = 1
        file.mux(packet)


class Outlet:
    """Like a recording's file: nothing can go back in it."""

    def __init__(self, target: io.BytesIO) -> None:
        self.write = target.write


@pytest.fixture(scope="module")
def films() -> Mapping[str, bytes]:
    return {kind: film(kind) for kind in CONTAINERS}


def measured(kind: str, data: bytes) -> Layout:
    return CONTAINERS[kind].measure(io.BytesIO(data))


@pytest.mark.parametrize("kind", list(CONTAINERS))
@given(data=st.data())
def test_of_a_shorter_file_less_is_whole_and_never_more_than_there_is(
    kind: str, data: st.DataObject, films: Mapping[str, bytes]
) -> None:
    whole = films[kind]
    size = data.draw(st.integers(0, len(whole)))
    torn, full = measured(kind, whole[:size]), measured(kind, whole)
    assert torn.end <= size
    assert (torn.fragments, torn.end) <= (full.fragments, full.end)
    assert torn.playable <= full.playable
    again = measured(kind, whole[: torn.end])
    assert again.end <= torn.end
    assert torn.fragments - again.fragments in ((0, 1) if kind == "ts" else (0,))


@pytest.mark.parametrize("kind", list(CONTAINERS))
@given(data=st.data())
def test_a_damaged_file_is_looked_at_without_harm(kind: str, data: st.DataObject, films: Mapping[str, bytes]) -> None:
    whole = films[kind]
    place = data.draw(st.integers(0, len(whole) - 1))
    noise = data.draw(st.binary(max_size=40))
    damaged = whole[:place] + noise + whole[place + len(noise) :]
    assert 0 <= measured(kind, damaged).end <= len(damaged)


@pytest.mark.parametrize("kind", list(CONTAINERS))
@given(noise=st.binary(max_size=2000))
def test_noise_is_no_film(kind: str, noise: bytes) -> None:
    layout = measured(kind, noise)
    assert layout.fragments == 0
    assert layout.end <= len(noise)


def test_what_was_written_whole_is_not_ours_to_cut() -> None:
    written = io.BytesIO()
    with av.open(written, "w", format="matroska") as file:
        mux(file, 5)
    layout = measured("mkv", written.getvalue())
    assert (layout.playable, layout.fragmented) == (True, False)
