import logging

import pytest
from fakes.served_store import ServedStore

from agent.startup.incidents import KEPT, incidents, note_incidents
from presets_store.services.restoring.restore import Incident


def incident(number: int) -> Incident:
    return Incident("cache_damaged", f"message {number}", number)


async def test_the_newest_are_kept_in_their_order(store: ServedStore) -> None:
    database = store.services.database
    assert await incidents(database) == []
    for number in range(KEPT - 1):
        await note_incidents(database, [incident(number)])
    await note_incidents(database, [incident(number) for number in range(KEPT - 1, KEPT + 5)])
    assert await incidents(database) == [incident(number) for number in range(5, KEPT + 5)]


async def test_more_at_once_than_are_kept(store: ServedStore) -> None:
    await note_incidents(store.services.database, [incident(number) for number in range(3 * KEPT)])
    assert await incidents(store.services.database) == [incident(number) for number in range(2 * KEPT, 3 * KEPT)]


async def test_each_is_logged_with_its_code_and_no_news_is_not_written(
    store: ServedStore, caplog: pytest.LogCaptureFixture
) -> None:
    await note_incidents(store.services.database, [])
    assert caplog.records == []
    await note_incidents(store.services.database, [incident(1)])
    (record,) = caplog.records
    assert (record.levelno, record.message, vars(record)["code"]) == (logging.ERROR, "message 1", "cache_damaged")
