"""What an integration module, or who has got hold of its key, may send: bounded, checked, refused with a reason."""

import asyncio
import json
from typing import Any

import pytest
from fakes.clock import ManualClock
from fakes.inbound import EVENTS, RUN_PRESET, add_cameras, add_preset, add_script, in_base64, jpeg, segment, tell, told
from fakes.scripts import CLIENT, refused, wrong
from fakes.served_store import ServedStore, until
from sqlalchemy import Connection
from sqlalchemy import text as sql

from presets_store.api.keys import INBOUND, LARGE_BODIES
from presets_store.api.scripts.limits import Rate
from presets_store.api.settings import BODY_LIMIT
from presets_store.protocol.scripts.inbound import REQUEST_BYTES


@pytest.fixture
def database_url() -> str:
    """One database system is enough here: what is refused reaches none."""
    return ""


@pytest.fixture(autouse=True)
async def cameras(store: ServedStore) -> list[int]:
    return await add_cameras(store, "front")


async def rows(store: ServedStore, table: str) -> int:
    count = sql(f"SELECT count(*) FROM {table}")
    return int(await store.services.database.read(lambda connection: connection.execute(count).scalar_one()))


BOMBS = {
    "too many pixels": jpeg(65_000, 65_000),
    "just too many": jpeg(10_000, 5_001),
    "no height": jpeg(64, 0),
    "not a picture": b"GIF89a" + b"\0" * 100,
    "cut off": jpeg()[:-2],
    "no scan": b"\xff\xd8" + segment(0xE0, b"JFIF\0") + b"\xff\xd9",
    "two sizes": jpeg(8, 8)[:39] + jpeg(9_000, 9_000)[20:],
    "a size after the picture": b"\xff\xd8" + jpeg()[2:][21:],
    "a segment beyond the end": b"\xff\xd8\xff\xe0\xff\xff" + b"\0" * 20 + b"\xff\xd9",
    "lossless": jpeg().replace(b"\xff\xc0", b"\xff\xc3"),
    "a thousand passes": jpeg(5000, 5000, body=segment(0xDA, b"\1\1\0\0\0\0") * 1000),
    "nothing but markers": b"\xff\xd8" + segment(0xE0, b"") * 5000 + b"\xff\xd9",
}


@pytest.mark.parametrize("name", BOMBS)
async def test_pictures_that_nobody_should_open(store: ServedStore, name: str) -> None:
    errors = wrong(await tell(store, image=in_base64(BOMBS[name])))
    assert list(errors) == ["image"]
    assert await rows(store, "triggers") == 0


async def test_what_is_no_base64(store: ServedStore) -> None:
    for image in ("data:image/jpeg;base64,AAAA", "AAA", "ä" * 8, "AA AA"):
        assert wrong(await tell(store, image=image)) == {
            "image": ["is not in base64 (expected a JPEG of at most 50 megapixels, in base64)"]
        }


DEEP: Any = {"a": {"b": {"c": {"d": {"e": 1}}}}}
ATTRIBUTES = {
    "deep": DEEP,
    "wide": {f"a{number}": number for number in range(100)},
    "wide inside": {"a": list(range(100))},
    "long text": {"a": "x" * 1001},
    "long name": {"x" * 65: 1},
    "no name": {"": 1},
    "long in all": {f"a{number}": "x" * 1000 for number in range(20)},
    "nul": {"a": "b\0c"},
    "no object": [1, 2],
}


@pytest.mark.parametrize("name", ATTRIBUTES)
async def test_attributes_have_bounds(store: ServedStore, name: str) -> None:
    errors = wrong(await tell(store, attributes=ATTRIBUTES[name]))
    assert list(errors) == ["attributes"]
    assert await rows(store, "triggers") == 0


@pytest.mark.parametrize(
    "body",
    [
        '{"event": "motion", "camera": "front", "attributes": {"a": NaN}}',
        '{"event": "motion", "camera": "front", "attributes": ' + "[" * 5000 + "]" * 5000 + "}",
        '{"event": "motion", "camera": "front", "attributes": {"a": "\\ud800"}}',
        '{"event": {"name": "motion"}, "camera": ["front"]}',
        '{"event": "", "camera": ""}',
        '["motion"]',
        "{",
    ],
    ids=["not a number", "deep", "half a character", "other types", "nothing", "a list", "half"],
)
async def test_bodies_that_are_no_events(store: ServedStore, body: str) -> None:
    assert wrong(await store.client.call("POST", EVENTS, body))
    assert await rows(store, "triggers") == 0


async def parametrised(store: ServedStore, parameters: dict[str, Any]) -> int:
    """A script whose parameters nobody looked at when it was stored, as those of a newer hub."""
    preset = await add_preset(store)
    key = await add_script(store, reaction_id=RUN_PRESET, extra={"preset_id": preset})
    extra = json.dumps({"preset_id": preset, "parameters": parameters})

    def put(connection: Connection) -> None:
        connection.execute(sql("UPDATE scripts SET extra = :extra"), {"extra": extra})

    await store.services.database.write(put)
    return key


async def test_a_trigger_never_writes_the_template(store: ServedStore) -> None:
    """What is filled in is text, whatever it looks like: no format, attribute, index, or placeholder once more."""
    key = await parametrised(store, {"overlay": "{plate} {other}"})
    evil = '{camera}{0.__class__}{{x}} $(reboot) %s " } , { "fps": 1'
    assert await told(store, attributes={"plate": evil, "camera": "forged", "other": {"fps": 1}}) == [
        (key, "fired", "")
    ]
    (event,) = await store.client.json("POST", "/v1/event/list", {})
    assert json.loads(event["eventParameters"]) == {"fps": 25, "durationSeconds": 5, "overlay": f"{evil} "}


async def test_placeholders_do_not_blow_up(store: ServedStore) -> None:
    await parametrised(store, {"controls": {f"c{number}": "{a}" * 60 for number in range(60)}})
    ((_, outcome, reason),) = await told(store, attributes={"a": "x" * 1000})
    assert (outcome, reason) == ("failed", "bad_parameters")
    assert await rows(store, "events") == 0


async def test_a_request_may_have_eight_megabytes_here_only(store: ServedStore) -> None:
    large = jpeg(body=b"\0" * 5_900_000)
    assert (await tell(store, image=in_base64(large))).status == 202
    beyond = await tell(store, image="A" * REQUEST_BYTES)
    assert "8 MiB" in refused(beyond, 413)
    elsewhere = await store.client.call("POST", CLIENT, {"title": "x" * BODY_LIMIT})
    assert "1 MiB" in refused(elsewhere, 413)


async def test_few_large_requests_are_held_at_once(store: ServedStore) -> None:
    """A third waits until one of two has been answered, and small ones do not wait for any."""
    gate = store.app[LARGE_BODIES]
    for _ in range(2):
        await gate._places.acquire()
    waiting = asyncio.ensure_future(tell(store, image=in_base64(jpeg(body=b"\0" * 1_000_000))))
    assert (await tell(store)).status == 202
    assert not waiting.done()
    gate._places.release()
    assert (await waiting).status == 202
    gate._places.release()
    await until(lambda: gate._places._value == 2)


async def test_a_sender_has_a_rate(store: ServedStore, clock: ManualClock) -> None:
    store.app[INBOUND]._rates = (Rate(1, 3), Rate(1000, 5000))
    for _ in range(3):
        assert (await tell(store)).status == 202
    answer = await tell(store)
    refused(answer, 429)
    assert answer.headers["Retry-After"] == "1"
    clock.advance(1)
    assert (await tell(store)).status == 202
    clock.advance(60)
    assert (await tell(store, image=in_base64(jpeg(body=b"\0" * 3000)))).status == 202
    answer = await tell(store, image=in_base64(jpeg(body=b"\0" * 3000)))
    refused(answer, 429)
    assert int(answer.headers["Retry-After"]) > 1
