"""The page at /docs in a browser: it shows every operation, finds them, and asks nobody else for anything."""

import base64
import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
from fakes.browser import Chromium, Page
from fakes.served_store import ServedStore, served_store

CHOICE = "Give at least one of eventType, eventTypeID."
SHOWN = "[...document.querySelectorAll('details.operation:not([hidden])')].map(each => each.id)"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    browser = Chromium(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[ServedStore]:
    async with served_store(tmp_path) as served:
        yield served


@pytest.fixture
async def page(chromium: Chromium, store: ServedStore) -> AsyncIterator[Page]:
    async with chromium.page(store.root + "/docs") as opened:
        await opened.until("document.querySelectorAll('details.operation').length")
        yield opened


async def search(page: Page, words: str) -> list[str]:
    """The operations that are left."""
    typed = f"(box => {{ box.value = {json.dumps(words)}; box.dispatchEvent(new Event('input')); }})"
    await page.run(f"{typed}(document.getElementById('search'))")
    found: list[str] = await page.run(SHOWN)
    return found


async def test_the_page_shows_all_operations_with_everything_about_them(page: Page, store: ServedStore) -> None:
    document = json.loads((await store.client.send("GET", "/openapi.json")).body)
    operations = [each for path in document["paths"].values() for each in path.values()]
    assert set(await page.run(SHOWN)) == {each["operationId"] for each in operations}
    assert await page.run("document.getElementById('count').textContent") == f"{len(operations)} operations"
    await page.run("location.hash = 'postEvent'")
    text = await page.until("document.querySelector('#postEvent[open] .inside')?.innerText")
    for said in ("Idempotency-Key", "CreateEvent", "eventParameters", "404", "device_unknown", "ANSWER 200", CHOICE):
        assert said in text, said
    for each in operations:  # each opens, whatever its bodies and answers are
        await page.run(f"document.getElementById({json.dumps(each['operationId'])}).open = true")
    await page.until(f"document.querySelectorAll('.operation[open] > .inside').length === {len(operations)}")


async def test_a_search_leaves_what_has_all_words(page: Page) -> None:
    assert "postEvent" in await search(page, "POST /v1/event Queue")
    assert await search(page, "getlatest HEALTH") == ["getDevicehealthGetlatest"]
    assert "postEvent" in await search(page, "device_not_unique queue"), "by the code of an error"
    assert await search(page, "no such thing anywhere") == []
    assert await page.run("document.getElementById('count').textContent") == "0 operations"
    assert len(await search(page, "")) > 100


async def test_light_and_dark(page: Page) -> None:
    await page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = await page.run(ground)
    await page.run("document.getElementById('theme').click()")
    light = await page.run(ground)
    assert dark != light
    await page.run("document.getElementById('theme').click()")
    assert await page.run(ground) == dark
    if folder := os.environ.get("CUELIGHT_PICTURES"):
        await keep_pictures(page, Path(folder))


async def keep_pictures(page: Page, folder: Path) -> None:
    """For people who want to see how it looks."""
    await page.call("Emulation.setDeviceMetricsOverride", width=1280, height=900, deviceScaleFactor=1, mobile=False)
    await page.run("location.hash = 'postEvent'")
    for name in ("dark", "light"):
        picture = await page.call("Page.captureScreenshot")
        (folder / f"docs-{name}.png").write_bytes(base64.b64decode(picture["data"]))
        await page.run("document.getElementById('theme').click()")


async def test_nothing_comes_from_elsewhere(page: Page, store: ServedStore) -> None:
    asked = await page.run("performance.getEntriesByType('resource').map(each => each.name)")
    assert {each.removeprefix(store.root) for each in asked} == {"/docs/page.css", "/docs/page.js", "/openapi.json"}
    with pytest.raises(AssertionError, match="Failed to fetch"):
        await page.run("fetch('http://localhost:9/')")
    async with aiohttp.ClientSession() as session, session.get(store.root + "/docs/") as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
