"""Reports that may be dropped: in memory first, on the disk when they have waited, within bounds, counted."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from fakes.clock import ManualClock
from fakes.served_store import empty_store
from fakes.soak import count

from presets_store.services.reports import IN_MEMORY, SAVED_AFTER, ReportsService
from presets_store.storage import Database, open_database
from presets_store.storage.errors import StorageUnavailable
from presets_store.storage.records import ReportKind

HUB = "https://hub.example"
LOG, HEALTH = ReportKind.LOG, ReportKind.HEALTH


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with opened(tmp_path) as database:
        yield database


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Database]:
    path = folder / "store.db"
    await asyncio.to_thread(shutil.copy, await empty_store(), path)
    database = await open_database(f"sqlite:///{path}")
    try:
        yield database
    finally:
        await database.close()


def told(reports: list[Any]) -> list[str]:
    return [report.body for report in reports]


async def on_disk(database: Database, destination: str = HUB) -> list[str]:
    """What a start after a kill finds."""
    return told(await ReportsService(database, ManualClock(), destination).next(1000))


async def test_what_is_sent_soon_is_never_written(database: Database) -> None:
    clock = ManualClock()
    reports = ReportsService(database, clock, HUB)
    reports.add(LOG, {"n": 1})
    reports.add(HEALTH, {"n": 2})
    assert told(await reports.next(1)) == ['{"n": 1}']
    assert told(await reports.next(9, [HEALTH])) == ['{"n": 2}']
    clock.advance(SAVED_AFTER - 1)
    await reports.save_aged()
    assert await on_disk(database) == []
    await reports.sent(await reports.next(9))
    clock.advance(SAVED_AFTER)
    await reports.save_aged()
    assert (await on_disk(database), await reports.waiting()) == ([], 0)


async def test_what_has_waited_is_written_once_and_comes_before_what_is_new(database: Database) -> None:
    clock = ManualClock()
    reports = ReportsService(database, clock, HUB)
    reports.add(LOG, {"n": 1})
    clock.advance(SAVED_AFTER)
    reports.add(HEALTH, {"n": 2})
    await reports.save_aged()
    await reports.save()
    reports.add(LOG, {"n": 3})
    assert await on_disk(database) == ['{"n": 1}', '{"n": 2}']
    assert told(await reports.next(9)) == ['{"n": 1}', '{"n": 2}', '{"n": 3}']
    assert await reports.waiting() == 3
    first, *_, last = await reports.next(9)
    await reports.sent([first, last])
    assert told(await reports.next(9)) == await on_disk(database) == ['{"n": 2}']


async def test_beyond_the_bounds_logs_go_then_health_and_it_is_counted_until_told(database: Database) -> None:
    reports = ReportsService(database, ManualClock(), HUB, size=50_000)
    for number in range(100):
        reports.add(HEALTH, {"n": number, "text": "h" * 400})
        reports.add(LOG, {"n": number, "text": "l" * 400})
    await reports.save()
    kept = await reports.next(1000)
    assert {report.kind for report in kept} == {HEALTH}
    assert sum(len(report.body) for report in kept) < 50_000
    dropped = await reports.dropped()
    assert dropped == {LOG: 100, HEALTH: 100 - len(kept)}
    again = ReportsService(database, ManualClock(), HUB, size=50_000)
    assert await again.dropped() == dropped, "a restart forgets none of it"
    await again.told({LOG: 60})
    assert await again.dropped() == {**dropped, LOG: 40}
    await again.told({**dropped, LOG: 40})
    assert not await again.dropped()
    again.add(LOG, {"n": 100})
    await again.save()
    assert not await again.dropped(), "some more were dropped, so that it is not done at each write"


async def test_while_the_disk_is_full_memory_is_bounded_as_well(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = ReportsService(database, ManualClock(), HUB)
    with monkeypatch.context() as full:
        full.setattr("presets_store.services.reports.add_reports", _full)
        for number in range(IN_MEMORY.rows + 10):
            reports.add(LOG if number % 2 else HEALTH, {"n": number})
        with pytest.raises(StorageUnavailable):
            await reports.save()
        assert await reports.waiting() == IN_MEMORY.rows
        assert await reports.dropped() == {LOG: 10}
        reports.add(LOG, {"text": "x" * IN_MEMORY.size})
        assert await reports.dropped() == {LOG: IN_MEMORY.rows // 2 + 6}, (
            "no log has room beside so large a one, nor it"
        )
    await reports.save()
    assert await reports.dropped() == await ReportsService(database, ManualClock(), HUB).dropped()
    await reports.told({LOG: 5})
    assert (await reports.dropped())[LOG] > 0


def _full(*_: Any) -> None:
    raise StorageUnavailable(database="store.db", reason="disk is full")


async def test_nothing_is_kept_for_nobody_and_what_was_for_another_goes(database: Database) -> None:
    nobody = ReportsService(database, ManualClock(), "")
    nobody.add(LOG, {"n": 1})
    assert await nobody.waiting() == 0
    before = ReportsService(database, ManualClock(), "https://old.example")
    before.add(LOG, {"n": 1})
    await before.save()
    reports = ReportsService(database, ManualClock(), HUB)
    reports.add(LOG, {"n": 2})
    await reports.save()
    await reports.forget_others()
    assert (await on_disk(database, "https://old.example"), await on_disk(database)) == ([], ['{"n": 2}'])


async def test_somebody_may_clear_a_kind(database: Database) -> None:
    reports = ReportsService(database, ManualClock(), HUB)
    for number in range(3):
        reports.add(LOG, {"n": number})
    await reports.save()
    reports.add(LOG, {"n": 3})
    reports.add(HEALTH, {"n": 4})
    taken = await reports.next(9)
    assert await reports.clear(LOG) == 4
    await reports.sent(taken[:1])
    assert told(await reports.next(9)) == ['{"n": 4}']
    assert not await reports.dropped(), "that was wanted"


@pytest.mark.soak
@pytest.mark.timeout(count(120, 1800))
async def test_the_file_keeps_to_the_bound_whatever_comes(tmp_path: Path) -> None:
    size, batches = 400_000, count(30, 600)
    async with opened(tmp_path) as database:
        empty = await asyncio.to_thread(size_in, tmp_path)
        reports = ReportsService(database, ManualClock(), HUB, size=size)
        for batch in range(batches):
            for number in range(100):
                reports.add(HEALTH if number % 3 else LOG, {"n": batch * 100 + number, "text": "x" * (number * 7)})
            await reports.save()
    assert await asyncio.to_thread(size_in, tmp_path) < empty + 1.5 * size


def size_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())
