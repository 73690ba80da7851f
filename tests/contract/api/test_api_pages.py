"""Long lists come in pages: `Link` leads from one to the next, and nothing is missed or told twice."""

import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from fakes.clock import ManualClock
from fakes.served_store import SERIAL, ServedStore

from presets_store.clock import micros
from presets_store.protocol.fields import format_moment
from presets_store.protocol.fleet import pages as protocol_pages
from presets_store.storage.fleet import bounded

RECORDS = 7
Fill = Callable[[ServedStore, float], Awaitable[Any]]


async def log(store: ServedStore, moment: float) -> None:
    body = {"deviceSerial": SERIAL, "message": "hot", "logDate": format_moment(micros(moment))}
    await store.client.json("POST", "/v1/logmessage", body)


async def health(store: ServedStore, moment: float) -> None:
    said = f'{{"time": {{"datetime": {int(moment * 1000)}}}}}'
    await store.client.json("POST", "/v1/devicehealth", {"deviceSerial": SERIAL, "healthJSON": said})


async def clip(store: ServedStore, moment: float) -> None:
    body = {"localFilePath": f"{uuid4()}.mp4", "startTime": int(moment), "startTimeMs": 250}
    await store.client.json("POST", f"/v1/videoclip/{SERIAL}", body)


async def image(store: ServedStore, moment: float) -> None:
    body = {"localFilePath": f"{uuid4()}.jpg", "startTime": int(moment)}
    await store.client.json("POST", f"/v1/image/{SERIAL}", body)


LISTS: list[tuple[str, Fill]] = [
    ("/v1/logmessage/list", log),
    ("/v1/devicehealth/list", health),
    ("/v1/videoclip/list", clip),
    ("/v1/videoclip/devices/list", clip),
    ("/v1/image/list", image),
    ("/v1/image/devices/list", image),
]


@pytest.mark.parametrize(("path", "tell"), LISTS, ids=[path for path, _ in LISTS])
@pytest.mark.parametrize("order", ["desc", "asc"])
async def test_pages_of_a_dated_list(
    store: ServedStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, path: str, tell: Fill, order: str
) -> None:
    """With dates that occur twice, so that a page may end between two records of one moment."""
    for number in range(RECORDS):
        await tell(store, clock.now() - number // 2)
    body = {"deviceID": store.device, "order": order}
    whole = [each["key"] for each in await store.client.json("POST", path, body)]
    assert len(whole) == RECORDS
    asked = [await pages(store, path, {**body, "count": 3})]
    monkeypatch.setattr(bounded, "LONGEST_LIST", 3)
    asked.append(await pages(store, path, body))
    for found in asked:
        assert [len(page) for page in found] == [3, 3, 1]
        assert [key for page in found for key in page] == whole


async def pages(store: ServedStore, path: str, body: dict[str, Any]) -> list[list[int]]:
    """The keys on each page, until there is no `Link` any more."""
    found = []
    query = {"alldevices": "true"} if path in ("/v1/videoclip/list", "/v1/image/list") else {}
    while True:
        answer = await store.client.call("POST", path, body, query=query)
        found.append([each["key"] for each in answer.json()])
        if "Link" not in answer.headers:
            return found
        link = re.fullmatch(r'<([^?]+)\?(alldevices=true&)?after=([^&>]+)>; rel="next"', answer.headers["Link"])
        assert link is not None, answer.headers["Link"]
        assert (link[1], bool(link[2])) == (path, "alldevices" in query), "the rest of the query stays"
        query = {**query, "after": link[3]}


async def test_a_list_cut_for_its_size_says_that_there_may_be_more(
    store: ServedStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        await log(store, clock.now() - number)
    monkeypatch.setattr(bounded, "LARGEST_LIST", 8)  # characters: two messages
    found = await pages(store, "/v1/logmessage/list", {})
    assert [len(page) for page in found] == [2, 2, 0]


@pytest.mark.parametrize("after", ["7", "x.7", "7.x", "7.", "1.2.3", "٣.٣"])
async def test_a_place_that_is_none_is_refused(store: ServedStore, after: str) -> None:
    answer = await store.client.call("POST", "/v1/logmessage/list", {}, query={"after": after})
    assert answer.status == 400
    assert b"after" in answer.body


@pytest.mark.parametrize("order", ["", "deviceName"])
async def test_pages_of_devices(store: ServedStore, monkeypatch: pytest.MonkeyPatch, order: str) -> None:
    for number in range(4):
        await store.client.json("POST", "/v1/device", {"serialNumber": f"S{number}", "deviceName": "ABAA"[number]})
    monkeypatch.setattr(protocol_pages, "PAGE_LIMIT", 2)
    found: list[list[str]] = []
    query = {"orderby": order}
    while True:
        answer = await store.client.call("GET", "/v1/device/list", query=query)
        found.append([each["serialNumber"] for each in answer.json()])
        if "Link" not in answer.headers:
            break
        link = re.fullmatch(r"</v1/device/list\?orderby=(\w*)&after=(\d+)>; rel=\"next\"", answer.headers["Link"])
        assert link is not None
        assert link[1] == order
        query = {"orderby": order, "after": link[2]}
    assert found == ([["S0", "S2"], ["S3", "S1"], [SERIAL]] if order else [[SERIAL, "S0"], ["S1", "S2"], ["S3"]])
    assert (await store.client.call("GET", "/v1/device/list", query={"after": "99"})).status == 404
