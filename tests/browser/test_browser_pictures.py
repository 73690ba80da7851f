"""A camera's pictures in a browser, by a link: moving, still, and after the camera was gone."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.agent_process import AgentProcess, running_agent
from fakes.browser import Chromium, Page
from fakes.emulator.camera import EmulatedCamera
from fakes.emulator.pictures import Mode

LOOK = """
window.look = image => {
  const canvas = document.createElement('canvas');
  canvas.width = 64; canvas.height = 36;
  const pen = canvas.getContext('2d');
  pen.drawImage(image, 0, 0, 64, 36);
  return pen.getImageData(0, 0, 64, 36).data.join();
};
"""


PLAYER = f"""
document.body.innerHTML = '<video id=view autoplay muted></video>';
window.loads = 0;
let seen = -1, stuck = 0;
const load = () => {{ window.loads += 1; stuck = 0; view.src = '%s'; }};
setInterval(() => {{
  stuck = view.currentTime === seen ? stuck + 1 : 0;
  seen = view.currentTime;
  if (view.error || stuck > 4) load();
}}, 500);
load();
{LOOK}
"""
"""A page that opens the stream anew when it stands still: so a player does."""

COMPLETE = 4


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedCamera]:
    with EmulatedCamera(tmp_path_factory.mktemp("camera") / "box", modes=(Mode("MJPG", 640, 480, (30,)),)) as emulated:
        yield emulated


@pytest.fixture(scope="module")
def agent(camera: EmulatedCamera, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentProcess]:
    settings: dict[str, Any] = {"id": "front", "name": "Front", "backend": "v4l2", "address": str(camera.by_id)}
    with running_agent(tmp_path_factory.mktemp("agent"), camera=settings, **camera.environment) as running:
        yield running


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    browser = Chromium(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture(scope="module", autouse=True)
def stream(agent: AgentProcess) -> int:
    """The event of an HLS stream. From the beginning on, as it takes a while until there is enough of it to play."""
    return agent.create_event("Video_Start_RTMP", url="hls:porch")


def link_to(agent: AgentProcess) -> dict[str, Any]:
    status, link = agent.request("POST", "/v1/camera/front/viewlink", {})
    assert status == 200
    return dict(link)


async def show(page: Page, path: str) -> None:
    """A page of the agent's own origin, else no script may look at the pixels."""
    await page.run(f"document.body.innerHTML = '<img id=view src=\"{path}\">'; {LOOK}")
    await page.until("view.naturalWidth")


async def changes(page: Page, within: float) -> bool:
    """Whether the picture becomes another one."""
    before, deadline = await page.run("look(view)"), time.monotonic() + within
    while time.monotonic() < deadline:
        if await page.run("look(view)") != before:
            return True
    return False


async def test_an_img_shows_moving_pictures(agent: AgentProcess, chromium: Chromium) -> None:
    async with chromium.page(f"{agent.url}/v1/test") as page:
        await show(page, link_to(agent)["mjpeg"])
        assert await page.run("[view.naturalWidth, view.naturalHeight]") == [640, 480]
        seen, deadline = set(), time.monotonic() + 1.5
        while time.monotonic() < deadline:
            seen.add(await page.run("look(view)"))
        assert len(seen) > 10


async def test_pictures_of_the_size_and_rate_that_were_asked_for(agent: AgentProcess, chromium: Chromium) -> None:
    async with chromium.page(f"{agent.url}/v1/test") as page:
        await show(page, link_to(agent)["mjpeg"] + "&width=320&fps=4")
        assert await page.run("[view.naturalWidth, view.naturalHeight]") == [320, 240]
        seen, deadline = set(), time.monotonic() + 1.5
        while time.monotonic() < deadline:
            seen.add(await page.run("look(view)"))
        assert 4 <= len(seen) <= 8


async def test_an_img_shows_a_snapshot(agent: AgentProcess, chromium: Chromium) -> None:
    link = link_to(agent)
    async with chromium.page(f"{agent.url}/v1/test") as page:
        await show(page, link["snapshot"])
        assert await page.run("view.naturalWidth") == 640
        await show(page, link["snapshot"] + "&width=160")
        assert await page.run("view.naturalWidth") == 160
        await page.run("view.src = view.src.replace('token=', 'token=1')")
        await page.until("view.complete && view.naturalWidth === 0")


async def test_an_hls_stream_is_played_and_played_again_after_an_interruption(
    agent: AgentProcess, chromium: Chromium, stream: int
) -> None:
    """The browser plays HLS by itself. It wants three segments to begin with; until then the page asks again."""
    address = f"/v1/camera/front/hls/porch/index.m3u8?token={link_to(agent)['token']}"
    async with chromium.page(f"{agent.url}/v1/test") as page:
        await page.run(PLAYER % address)
        await page.until("view.currentTime > 0.5 && view.videoWidth === 640", 12.0)
        before = await page.run("look(view)")
        await page.until(f"view.currentTime > 1 && look(view) !== {json.dumps(before)}")
        agent.create_event("Video_Stop_RTMP")
        assert agent.wait_for_event(stream)["eventStatus"] == COMPLETE
        agent.create_event("Video_Start_RTMP", url="hls:porch")
        loads = await page.run("loads")
        await page.until(f"loads > {loads} && view.currentTime > 0.5", 20.0)


async def test_the_picture_stays_while_the_camera_is_unplugged_and_moves_when_it_is_back(
    agent: AgentProcess, chromium: Chromium, camera: EmulatedCamera
) -> None:
    async with chromium.page(f"{agent.url}/v1/test") as page:
        await show(page, link_to(agent)["mjpeg"])
        assert await changes(page, 2.0)
        camera.fault("unplug")
        await asyncio.sleep(0.3)
        assert not await changes(page, 1.0)
        assert await page.run("view.complete || view.naturalWidth > 0")
        camera.clear()
        assert await changes(page, 15.0)
