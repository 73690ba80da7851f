"""A real agent and a real hub with a hostile network between them, while both are killed: nothing lost, nothing twice.

The operator asks the hub for events; the network delays, cuts, repeats, holds back, falls silent, answers by itself and
shows another certificate; agent and hub die by SIGKILL. Witnesses are the journal of the cameras, the agent's log, and
the two databases as they lie on the disk in the end.
"""

import asyncio
import json
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fakes.hostile_place import CAMERAS, PHOTO, RECORDING, STOP, STRIKES, TEST, WITNESSED, HostilePlace, hostile_place
from fakes.hostile_plan import Plan, Trouble
from fakes.soak import SOAKING, count, seeded, told

from hardware.sources.journal import read_journal

EVENTS = count(100, 10_000)
ROUNDS = count(2, 40)
"""Of strikes: in each, everything of STRIKES happens once."""
RATE = 0.15
"""Requests that meet trouble."""
LONGEST_DELAY = 0.5
PEACE_SECONDS = count(60, 1800)
"""In which all must be settled, when the network is well again."""
COMPLETE, ERROR = 4, 5
SENT = 4
"""The status of a clip or photo whose file is at the hub."""

Row = dict[str, Any]


@pytest.mark.soak
@pytest.mark.timeout(6 * 3600 if SOAKING else 300)
async def test_nothing_is_lost_and_nothing_happens_twice_whatever_the_network_does(tmp_path: Path) -> None:
    dice = seeded("hostile upstream")
    plan = Plan(dice, rate=0.0, seconds=LONGEST_DELAY)
    async with hostile_place(tmp_path, plan, dice) as place:
        plan.rate = RATE
        async with asyncio.TaskGroup() as group:
            group.create_task(_strike(place, dice))
            turns = iter(range(EVENTS))
            for camera in CAMERAS:
                for kind in (RECORDING, TEST, PHOTO):
                    group.create_task(place.operator.have_done(kind, camera, turns))
            group.create_task(place.operator.have_done(STOP, CAMERAS[0], turns))
        plan.rate = 0.0
        await _settled(place)
        assert await asyncio.to_thread(place.agent.stop) == 0, place.agent.logged()[-3000:]
        assert await asyncio.to_thread(place.hub.stop) == 0
    await asyncio.to_thread(_check, place)
    troubles = {str(name): number for name, number in place.proxy.met.items()}
    told("upstream_hostile", events=EVENTS, struck=place.struck, troubles=troubles, repeats=len(place.proxy.repeats))


async def _strike(place: HostilePlace, dice: random.Random) -> None:
    """Everything of STRIKES in each round, at moments spread over all events."""
    strikes = [strike for _ in range(ROUNDS) for strike in dice.sample(STRIKES, len(STRIKES))]
    async with asyncio.TaskGroup() as group:
        for number, strike in enumerate(strikes, 1):
            while place.operator.done < number * EVENTS // (len(strikes) + 1):
                place.operator.progressed.clear()
                await place.operator.progressed.wait()
            await asyncio.sleep(dice.uniform(0, 0.5))
            group.create_task(place.strike(strike, dice.uniform(0.1, 1.5)))


async def _settled(place: HostilePlace) -> None:
    """Every report has arrived, and every clip."""
    for _ in range(5 * PEACE_SECONDS):
        left = await asyncio.to_thread(_unsettled, place)
        if not any(left):
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"{left} reports, clips and photos have not arrived:\n{place.agent.logged()[-5000:]}")


def _unsettled(place: HostilePlace) -> list[int]:
    """How many reports wait on the device, and clips and photos that the hub does not have yet."""
    tables = ("outbox", f"clips WHERE video_clip_status <> {SENT}", f"images WHERE image_status <> {SENT}")
    own = place.agent.state / "cuelight.db"
    return [_rows(own, f"SELECT count(*) AS n FROM {rows}")[0]["n"] for rows in tables]


def _check(place: HostilePlace) -> None:
    """What must be true in the end, whatever happened."""
    asked = place.operator.events
    there = {row["key"]: row for row in _rows(place.hub.state / "hub.db", "SELECT * FROM events")}
    here = {row["remote_id"]: row for row in _rows(place.agent.state / "cuelight.db", "SELECT * FROM events")}
    assert len(asked) == EVENTS
    assert set(there) == set(asked) == set(here), "each event once at the hub, and once on the device"
    outcomes = {key: (row["event_status"], row["result"]) for key, row in there.items()}
    assert outcomes == {key: (row["event_status"], row["result"]) for key, row in here.items()}
    for key, (status, result) in outcomes.items():
        interrupted = status == ERROR and json.loads(result)["code"] == "interrupted"
        assert status == COMPLETE or interrupted, (asked[key], status, result)
        assert here[key]["attempt_number"] <= max(1, asked[key].max_attempts)
    _check_witnesses(place, here)
    _check_clips(place, here)
    assert dict.fromkeys(STRIKES, ROUNDS) == place.struck
    assert Counter(place.proxy.met)[Trouble.NONE] > EVENTS
    for repeat in place.proxy.repeats:
        unsigned = repeat.path.startswith(("/v1/version", "/v1/file/content/"))
        assert unsigned or repeat.first != 200 or repeat.second in (0, 401), repeat


def _check_witnesses(place: HostilePlace, here: dict[int, Row]) -> None:
    """The cameras and the log know of no second start within an attempt, and of one for whatever became Complete."""
    starts = Counter(str(entry["consumer"]) for entry in read_journal(place.agent.journal) if entry["what"] == "start")
    assert set(starts.values()) == {1}, "the same start twice"
    by_uuid = {row["uuid"]: key for key, row in here.items()}
    filmed: Counter[int] = Counter()
    for consumer in starts:
        uuid, attempt, continuation = consumer.split("/")
        assert 1 <= int(attempt) <= here[by_uuid[uuid]]["attempt_number"], consumer
        assert continuation == "0", "no host died alone"
        filmed[by_uuid[uuid]] += 1
    for key, asked in place.operator.events.items():
        witnessed = asked.kind in WITNESSED and here[key]["event_status"] == COMPLETE
        assert filmed[key] >= witnessed, asked
        assert filmed[key] == 0 or asked.kind in WITNESSED
    begun = Counter((entry["event"], entry["attempt"]) for entry in _log(place) if "attempt" in entry)
    assert set(begun.values()) == {1}, "the log tells of a second start within an attempt"


def _check_clips(place: HostilePlace, here: dict[int, Row]) -> None:
    """Every clip and photo of a result is at the hub, once, with the bytes that were recorded."""
    results = [json.loads(row["result"]) for row in here.values() if row["result"]]
    files = [made["file"] for result in results for made in (*result.get("clips", ()), *result.get("photos", ()))]
    joined = (
        "SELECT clips.file, files.path FROM clips LEFT JOIN files ON files.key = clips.file_id UNION ALL "
        "SELECT local_file_path, files.path FROM images LEFT JOIN files ON files.key = images.file_id"
    )
    sent = _rows(place.hub.state / "hub.db", joined)
    assert sorted(row["file"] for row in sent) == sorted(files)
    for row in sent:
        assert (place.hub.folder / "files" / row["path"]).read_bytes() == (
            place.agent.media / row["file"]
        ).read_bytes(), row["file"]


def _log(place: HostilePlace) -> Iterator[Row]:
    for line in place.agent.logged().splitlines():
        if line.startswith("{") and " begins" in line:
            yield json.loads(line)


def _rows(database: Path, statement: str) -> list[Row]:
    """What a database has on the disk, read as a stranger."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(statement)]
