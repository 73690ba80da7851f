"""Floods of inbound events: what is kept stays bounded, and cooldowns hold."""

import asyncio

import pytest
from fakes.clock import ManualClock
from fakes.inbound import RUN_PRESET, add_cameras, add_channel, add_preset, add_script, counters, in_base64, jpeg, tell
from fakes.people import make_user
from fakes.served_store import ServedStore
from fakes.soak import count, told
from sqlalchemy import Connection
from sqlalchemy import text as sql

from presets_store.services.scripts.bounds import Bounds, Pruning

MINUTE = 60.0
PICTURE = jpeg(body=b"\0" * 20_000)


def usage(connection: Connection) -> dict[str, int]:
    def number(query: str) -> int:
        return int(connection.execute(sql(query)).scalar_one())

    return {
        "triggers": number("SELECT count(*) FROM triggers"),
        "decisions": number("SELECT count(*) FROM script_decisions"),
        "pictures": number("SELECT coalesce(sum(size), 0) FROM trigger_images"),
        "events": number("SELECT count(*) FROM events"),
        "deliveries": number("SELECT count(*) FROM deliveries"),
    }


@pytest.mark.soak
@pytest.mark.timeout(count(120, 1800))
async def test_ten_thousand_events_in_a_minute(store: ServedStore, clock: ManualClock) -> None:
    """Bounds are as much smaller as the flood is."""
    size = count(100, 10_000)
    bounds = Bounds(decisions=size // 20, triggers=size // 5, image_bytes=size * 1000)
    store.services.scripts.triggers._pruning = Pruning(bounds)
    await add_cameras(store, "front")
    preset = await add_preset(store)
    user = (await make_user(store, "alice"))["key"]
    await add_channel(store, user)
    script = await add_script(
        store, reaction_id=RUN_PRESET, extra={"preset_id": preset}, cooldown_seconds=10, users=[user]
    )
    asleep = await add_script(store, status="inactive")
    loud = await add_script(store, users=[user])
    most = {"triggers": 0, "decisions": 0, "pictures": 0}
    for start in range(0, size, 20):
        answers = await asyncio.gather(
            *(tell(store, external_id=f"e{start + number}", image=in_base64(PICTURE)) for number in range(20))
        )
        assert {answer.status for answer in answers} == {202}
        clock.advance(MINUTE * 20 / size)
        used = await store.services.database.read(usage)
        most = {name: max(most[name], used[name]) for name in most}
    assert most["triggers"] <= bounds.triggers * 1.1 + 20
    assert most["decisions"] <= 3 * (bounds.decisions * 1.1 + 20)
    assert most["pictures"] <= bounds.image_bytes * 1.1 + 20 * len(PICTURE)
    fired = (await counters(store, script))["fired"]
    assert 5 <= fired <= 6, "one in ten seconds"
    assert used["events"] == fired
    assert used["deliveries"] <= 50, "what waits at a channel is told together"
    assert await counters(store, script) == {"fired": fired, "cooldown": size - fired}
    assert await counters(store, asleep) == {"inactive": size}
    assert await counters(store, loud) == {"fired": size}
    told("ten thousand inbound events", events=size, **most)
