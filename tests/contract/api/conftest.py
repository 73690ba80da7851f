import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.api_document import api_document
from fakes.clock import ManualClock
from fakes.postgres import PostgresServer
from fakes.served_store import Answer, ServedStore, SigningClient, served_store
from sqlalchemy.engine import make_url

from presets_store.storage import open_database


@pytest.fixture(scope="session")
def migrated_database(postgres_server: PostgresServer) -> str:
    """The name of a migrated, empty PostgreSQL database to copy."""
    url = postgres_server.database()

    async def migrate() -> None:
        await (await open_database(url)).close()

    asyncio.run(migrate())
    return str(make_url(url).database)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of this test's own on either system; "" stands for a new SQLite file."""
    if request.param == "sqlite":
        yield ""
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.lent(template=request.getfixturevalue("migrated_database")) as url:
        yield url


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def store(tmp_path: Path, clock: ManualClock, database_url: str) -> AsyncIterator[ServedStore]:
    async with served_store(tmp_path, clock, url=database_url) as served:
        yield served


@pytest.fixture
async def reporting_store(tmp_path: Path, clock: ManualClock, database_url: str) -> AsyncIterator[ServedStore]:
    """As `store`, with a destination for reports named `hub`."""
    async with served_store(tmp_path, clock, url=database_url, report_to="hub") as served:
        yield served


@pytest.fixture
def client(store: ServedStore) -> SigningClient:
    return store.client


@pytest.fixture(autouse=True)
def _answers_are_as_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test of this folder is answered, the API's document must tell of: status, code and every member."""
    send = SigningClient.send

    async def checked(self: SigningClient, method: str, target: str, *args: Any, **options: Any) -> Answer:
        answer = await send(self, method, target, *args, **options)
        api_document().check_answer(method, target, answer)
        return answer

    monkeypatch.setattr(SigningClient, "send", checked)
