from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.served_store import ServedStore, served_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[ServedStore]:
    async with served_store(tmp_path) as served:
        yield served
