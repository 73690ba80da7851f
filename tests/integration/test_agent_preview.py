"""Previews of a real agent: the command line, many viewers, a host that is killed, and an end without delay."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from fakes.agent_process import AgentProcess, host_of, running_agent
from fakes.command_line import called
from fakes.footage import mjpeg_footage

from hardware.v4l2.pictures import measure_jpeg


def camera() -> dict[str, Any]:
    return {"id": "front", "name": "Front door", "backend": "file", "address": str(mjpeg_footage())}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentProcess]:
    with running_agent(tmp_path_factory.mktemp("agent"), camera=camera()) as running:
        yield running


def link_to(agent: AgentProcess) -> dict[str, Any]:
    status, link = agent.request("POST", "/v1/camera/front/viewlink", {})
    assert status == 200
    return dict(link)


@asynccontextmanager
async def viewer(agent: AgentProcess) -> AsyncIterator[aiohttp.MultipartReader]:
    timeout = aiohttp.ClientTimeout(total=30.0)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(agent.url + link_to(agent)["mjpeg"]) as answer,
    ):
        yield aiohttp.MultipartReader.from_response(answer).stream


async def picture(reader: Any) -> bytes:
    part = await reader.next()
    return bytes(await part.read())


async def test_the_command_line_saves_a_picture_and_makes_a_link(agent: AgentProcess, tmp_path: Path) -> None:
    file = tmp_path / "door.jpg"
    saved = await called(agent.state, "camera", "snapshot", "Front door", "-o", str(file), "--width", "320")
    assert (saved.code, saved.err) == (0, "")
    assert saved.out.startswith(f"{file} has ")
    size = measure_jpeg(file.read_bytes())
    assert (size.width, size.height) == (320, 240)
    again = await called(agent.state, "camera", "snapshot", "front", "-o", str(file))
    assert "is there already; --force replaces it" in again.err
    forced = await called(agent.state, "camera", "snapshot", "front", "-o", str(file), "--force", "--json")
    assert forced.document == {"path": str(file), "size": file.stat().st_size}
    nowhere = await called(agent.state, "camera", "snapshot", "front", "-o", str(tmp_path / "no" / "door.jpg"))
    assert "cannot be written" in nowhere.err
    unknown = await called(agent.state, "camera", "snapshot", "back", "-o", str(tmp_path / "back.jpg"))
    assert (unknown.code, "there is no camera 'back'" in unknown.err) == (3, True)
    shown = await called(agent.state, "camera", "view", "front", "--minutes", "5")
    address = next(line.split()[1] for line in shown.out.splitlines() if line.startswith("still"))
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        assert (answer.status, answer.content_type) == (200, "image/jpeg")
        assert measure_jpeg(await answer.read()).width == 768


async def test_all_viewers_of_a_camera_share_what_its_host_sends(agent: AgentProcess) -> None:
    async def look(reader: Any) -> list[bytes]:
        return [await picture(reader) for _ in range(8)]

    before = agent.logged().count(": stop: nobody looks")
    async with viewer(agent) as first, viewer(agent) as second, viewer(agent) as third:
        seen = await asyncio.gather(look(first), look(second), look(third))
    for jpeg in seen[0]:
        assert measure_jpeg(jpeg).width == 768
    assert len(set(seen[0]) & set(seen[1]) & set(seen[2])) >= 4
    await asyncio.sleep(0.3)
    assert agent.logged().count(": stop: nobody looks") == before + 1


async def test_viewers_see_on_when_the_host_is_killed(agent: AgentProcess) -> None:
    async with viewer(agent) as reader:
        await picture(reader)
        host = host_of(agent, "front")
        os.kill(host, signal.SIGKILL)
        for _ in range(15):
            measure_jpeg(await picture(reader))
        assert host_of(agent, "front") != host


async def test_viewers_do_not_hold_up_the_end(tmp_path: Path) -> None:
    with running_agent(tmp_path, camera=camera()) as agent:
        async with viewer(agent) as reader:
            await picture(reader)
            began = time.monotonic()
            assert await asyncio.to_thread(agent.stop) == 0
            assert time.monotonic() - began < 2.5
