from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.machine import Machine
from fakes.served_store import served_store


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    async with served_store(tmp_path) as store:
        yield Machine(store, tmp_path)
