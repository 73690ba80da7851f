"""A media file is written in few calls of the system, and says what it has when the disk takes no more."""

import errno
import hashlib
import os
from pathlib import Path

import pytest
from fakes.full_disk import full_disk
from hypothesis import given
from hypothesis import strategies as st

from hardware.sinks.mediafile import MediaFile


@pytest.mark.parametrize("gathers", [False, True])
def test_parts_are_one_after_the_other_in_the_file_and_in_its_hash(tmp_path: Path, gathers: bool) -> None:
    parts = [bytes([number % 256]) * (number % 7) for number in range(1000)]
    file = MediaFile(tmp_path / "clip", gathers=gathers)
    file.write(b"header")
    file.write_all(parts)
    file.flush()
    file.release()
    whole = b"header" + b"".join(parts)
    assert (tmp_path / "clip").read_bytes() == whole
    assert (file.size, file.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())


@given(lengths=st.lists(st.integers(0, 3000), max_size=20), limit=st.integers(0, 20_000))
def test_what_does_not_fit_is_a_failure_and_all_that_fits_is_there(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[int], limit: int
) -> None:
    path = tmp_path_factory.mktemp("full") / "clip"
    parts = [os.urandom(length) for length in lengths]
    whole = b"".join(parts)
    file = MediaFile(path)
    with full_disk(limit):
        file.write_all(parts)
    file.release()
    assert path.read_bytes() == whole[:limit]
    assert file.size == min(limit, len(whole))
    if len(whole) > limit:
        assert file.failure is not None
        assert file.failure.errno == errno.EFBIG
    else:
        assert file.failure is None
        assert file.sha256 == hashlib.sha256(whole).hexdigest()
