"""Every cell of the start-up matrix, lived by a real agent, against the table of docs/start-up.md."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.served_store import empty_store
from fakes.startup_cells import BOUND, CELLS, UPSTREAMS, Cell, Outcome, lived, outcome, seams
from fakes.startup_table import Row, agrees, read_table

TABLE = read_table()
PASTS = [(upstream, bound) for upstream in UPSTREAMS for bound in BOUND]


@pytest.fixture(autouse=True)
async def _seams() -> AsyncIterator[None]:
    with seams(await empty_store()):
        yield


def row_of(cell: Cell) -> Row:
    (row,) = [row for row in TABLE if row.covers(cell)]
    return row


def incidents_of(cell: Cell, *, readable: bool) -> tuple[str, ...]:
    """The three rules below the table."""
    database, cache = cell.damaged in ("database", "both"), cell.damaged in ("cache", "both")
    copy_left = cell.bound in ("standalone", "both") and (readable or not database)
    told = {"cache_damaged": cache, "database_damaged": database, "standalone_resealed": cache and copy_left}
    return tuple(code for code, holds in told.items() if holds)


def assert_as_written(cell: Cell, came: Outcome) -> None:
    row = row_of(cell)
    assert agrees(f"{came.mode}: {came.reason}", row.mode), (cell, came, row.text)
    assert (came.runs, came.in_boot, came.source) == (row.runs, row.in_boot, row.source), (cell, came, row.text)
    assert came.note == row.note, (cell, came, row.text)
    assert came.incidents == incidents_of(cell, readable=False), (cell, came)


def test_each_cell_is_in_exactly_one_row_and_no_row_is_empty() -> None:
    assert len(CELLS) == len(set(CELLS)) == 128
    assert {cell: sum(row.covers(cell) for row in TABLE) for cell in CELLS} == dict.fromkeys(CELLS, 1)
    assert all(any(row.covers(cell) for cell in CELLS) for row in TABLE)


def test_nothing_is_begun_more_than_once_in_a_boot() -> None:
    assert all(row.in_boot <= 1 for row in TABLE)


@pytest.mark.parametrize(("upstream", "bound"), PASTS, ids=lambda value: str(value))
async def test_a_real_agent_does_what_the_table_says(tmp_path: Path, upstream: str, bound: str) -> None:
    past = await lived(tmp_path / "past", upstream, bound)
    cells = [cell for cell in CELLS if (cell.upstream, cell.bound) == (upstream, bound)]
    assert len(cells) == len(CELLS) // len(PASTS)
    came = await asyncio.gather(*(outcome(past, cell, tmp_path / str(index)) for index, cell in enumerate(cells)))
    for cell, each in zip(cells, came, strict=True):
        assert_as_written(cell, each)
        assert ("is silent" in each.reason) == (upstream == "slow")
        told_lost = "the online start-up preset of device 1 (preset 1)" in each.messages
        assert told_lost == (bound in ("online", "both") and cell.damaged == "database")


@pytest.mark.parametrize(("upstream", "bound"), [("none", bound) for bound in BOUND] + [("down", "both")])
async def test_where_the_rows_can_still_be_read_it_is_as_with_a_sound_database(
    tmp_path: Path, upstream: str, bound: str
) -> None:
    past = await lived(tmp_path / "past", upstream, bound)
    damaged = [
        cell
        for cell in CELLS
        if (cell.upstream, cell.bound) == (upstream, bound) and cell.damaged in ("database", "both")
    ]
    came = await asyncio.gather(
        *(outcome(past, cell, tmp_path / str(index), readable=True) for index, cell in enumerate(damaged))
    )
    for cell, each in zip(damaged, came, strict=True):
        row = row_of(cell._replace(damaged="nothing" if cell.damaged == "database" else "cache"))
        assert agrees(f"{each.mode}: {each.reason}", row.mode), (cell, each)
        assert (each.runs, each.in_boot, each.source) == (row.runs, row.in_boot, row.source), (cell, each)
        assert each.incidents == incidents_of(cell, readable=True), (cell, each)
        assert "bind it anew" not in each.messages
