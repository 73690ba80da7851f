"""Who looks at a camera: what viewers share, how many there may be, and what outlives a host."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import cast

import pytest
from fakes.viewing import FakeHost

from agent.viewing import viewers as viewing
from agent.viewing.errors import CameraSilent, TooManyViewers
from agent.viewing.viewers import Look, Viewers
from hardware.client import CameraClient
from hardware.models import SinkEnded


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


@pytest.fixture
def viewers(host: FakeHost) -> Viewers:
    return Viewers(cast("CameraClient", host))


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5.0):
        while not condition():  # noqa: ASYNC110 - any condition, told by nobody
            await asyncio.sleep(0.001)


class Viewer:
    def __init__(self, viewers: Viewers, look: Look) -> None:
        self.seen: list[int] = []
        self.task = asyncio.create_task(viewers.watch(look, lambda picture: self.seen.append(picture.mono_ns)))

    async def leave(self) -> None:
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


@pytest.fixture
async def enter(viewers: Viewers) -> AsyncIterator[Callable[..., Viewer]]:
    entered: list[Viewer] = []

    def begin(look: Look | None = None) -> Viewer:
        entered.append(Viewer(viewers, look or Look()))
        return entered[-1]

    yield begin
    for viewer in entered:
        if not viewer.task.done():
            await viewer.leave()


async def test_equal_looks_share_one_preview_from_the_first_to_the_last(
    host: FakeHost, enter: Callable[..., Viewer]
) -> None:
    viewers = [enter(Look(640, 5)) for _ in range(10)]
    await until(lambda: host.handles)
    host.show(1)
    await until(lambda: all(viewer.seen for viewer in viewers))
    late = enter(Look(640, 5))
    await until(lambda: late.seen)
    host.show(2)
    assert [viewer.seen for viewer in (*viewers, late)] == [[1, 2]] * 11
    assert [(order.width, order.rate, order.once) for order in host.orders] == [(640, 5, False)]
    for viewer in viewers:
        await viewer.leave()
    assert host.stopped == []
    await late.leave()
    assert host.stopped == [host.orders[0].sink_id]
    again = enter(Look(640, 5))
    await until(lambda: len(host.orders) == 2)
    assert again.seen == []


async def test_other_looks_get_previews_of_their_own(host: FakeHost, enter: Callable[..., Viewer]) -> None:
    enter(Look(640, 5))
    enter(Look(320, 5))
    enter(Look(640, 0))
    await until(lambda: len(host.orders) == 3)


async def test_viewers_go_on_when_the_host_comes_back(host: FakeHost, enter: Callable[..., Viewer]) -> None:
    viewers = [enter(), enter()]
    await until(lambda: host.handles)
    host.show(1)
    host.lose()
    await asyncio.sleep(0.03)
    host.running = True
    await until(lambda: len(host.handles) == 2)
    host.show(2)
    await until(lambda: all(viewer.seen == [1, 2] for viewer in viewers))
    assert len(host.orders) == 2


async def test_there_are_so_many_places_and_no_more(
    viewers: Viewers, host: FakeHost, enter: Callable[..., Viewer]
) -> None:
    crowd = [enter() for _ in range(viewing.MOST_VIEWERS)]
    await until(lambda: host.handles)
    with pytest.raises(TooManyViewers, match="16 at a time"):
        await enter().task
    with pytest.raises(TooManyViewers):
        await viewers.snapshot(0, 1.0)
    await crowd[3].leave()
    enter()
    await until(lambda: host.handles)
    assert len(host.orders) == 1


async def test_there_are_only_so_many_different_looks(host: FakeHost, enter: Callable[..., Viewer]) -> None:
    for width in range(100, 100 + viewing.MOST_LOOKS):
        enter(Look(width))
    await until(lambda: len(host.orders) == viewing.MOST_LOOKS)
    with pytest.raises(TooManyViewers, match="4 different"):
        await enter(Look(99)).task
    enter(Look(100))
    await asyncio.sleep(0.01)
    assert len(host.orders) == viewing.MOST_LOOKS


async def test_a_refusal_is_told_and_leaves_no_place_taken(
    viewers: Viewers, host: FakeHost, enter: Callable[..., Viewer]
) -> None:
    host.refuses = True
    for _ in range(viewing.MOST_VIEWERS + 1):
        with pytest.raises(CameraSilent, match="a sink of that id runs"):
            await enter().task
        with pytest.raises(CameraSilent, match="a sink of that id runs"):
            await viewers.snapshot(0, 1.0)


async def test_closing_sends_everybody_away(viewers: Viewers, host: FakeHost, enter: Callable[..., Viewer]) -> None:
    crowd = [enter(), enter(Look(320))]
    await until(lambda: len(host.handles) == 2)
    await viewers.close()
    async with asyncio.timeout(1.0):
        await asyncio.gather(*(viewer.task for viewer in crowd))


async def test_closing_sends_those_away_who_wait_for_a_host(
    viewers: Viewers, host: FakeHost, enter: Callable[..., Viewer]
) -> None:
    host.running = False
    waiting = enter()
    await asyncio.sleep(0.02)
    await viewers.close()
    async with asyncio.timeout(1.0):
        await waiting.task


async def test_a_snapshot_is_one_picture_of_its_own(viewers: Viewers, host: FakeHost) -> None:
    asking = asyncio.create_task(viewers.snapshot(320, 5.0))
    await until(lambda: host.handles)
    host.show(7, b"this")
    host.handles[0].take(SinkEnded(sink_id="x", outcome="stopped", seconds=0, frames=1, dropped=0))
    assert (await asking).jpeg == b"this"
    assert [(order.width, order.once) for order in host.orders] == [(320, True)]


async def test_no_snapshot_in_time_says_what_the_camera_does(viewers: Viewers, host: FakeHost) -> None:
    with pytest.raises(CameraSilent, match="it is stalled: the driver does not return"):
        await viewers.snapshot(0, 0.02)
    assert host.stopped == [host.orders[0].sink_id]
    host.lose()
    with pytest.raises(CameraSilent, match="its host is not running"):
        await viewers.snapshot(0, 1.0)
