from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.settings import MediaSettings
from agent.sizes import bytes_of


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("512", 512), ("64kB", 64_000), ("20GB", 20 * 10**9), ("1.5 GiB", 3 << 29), (" 2 TB ", 2 * 10**12)],
)
def test_sizes_as_people_write_them(text: str, size: int) -> None:
    assert bytes_of(text) == MediaSettings.model_validate({"max_size": text}).max_size == size


@pytest.mark.parametrize("text", ["", "GB", "-1", "1e9", "20 gigabytes", "1,5GB", "0x10", "\u0661GB", True, -1, [1]])
def test_what_is_no_size_is_refused(text: object) -> None:
    with pytest.raises(ValidationError):
        MediaSettings.model_validate({"max_size": text})


@given(st.text(max_size=12))
def test_any_text_is_a_size_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        assert bytes_of(text) >= 0
