"""Recordings on their way to a real hub, whatever is in the way."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from fakes.stored import make_clip, make_event
from fakes.two_stores import TwoStores, two_stores

from agent.errors import UpstreamUnreachable
from agent.upstream.client import Answer, SignedClient
from agent.upstream.uploads import PUT_OFF_SECONDS, Uploads, _safe, _shown
from presets_store.protocol.statuses import EventStatus, MediaStatus
from presets_store.storage.clips import find_clip_by_file
from presets_store.storage.events import insert_event
from presets_store.storage.records import Clip, ClipState

FILM = b"the bytes of a film, but for the picture" * 20_000


class Breaking:
    """The client of a network that breaks at one request: before it got there, or after it was carried out."""

    def __init__(self, client: SignedClient, step: str, *, carried_out: bool) -> None:
        self.url, self.shown_url = client.url, client.shown_url
        self.client = client
        self.step = step
        self.carried_out = carried_out
        self.asked: list[str] = []

    async def request(self, method: str, path: str, body: object = None, **named: Any) -> Answer:
        self.asked.append(f"{method} {path}")
        if self.asked[-1].startswith(self.step):
            self.step = "nothing more"
            if self.carried_out:
                await self.client.request(method, path, body, **named)
            raise UpstreamUnreachable(url=self.shown_url, reason="the test broke it")
        return await self.client.request(method, path, body, **named)


@asynccontextmanager
async def uploading(stores: TwoStores, folder: Path, client: Any = None) -> AsyncIterator[None]:
    own, client = stores.own, client or stores.client
    uploads = Uploads(
        own.services.media.uploads, client, stores.clock, own.services.wakeups, own.device, stores.serial, folder
    )
    running = asyncio.create_task(uploads.run())
    try:
        yield
        assert not running.done(), "uploads must never end by themselves"
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await uploads.close()


async def recorded(stores: TwoStores, folder: Path, name: str, *, upstream: str, start: int = 1_000_000) -> Clip:
    """A clip in the folder and the index, of an event that `upstream` asked for."""
    event = make_event(stores.own.device, upstream=upstream, event_status=EventStatus.COMPLETE, ended=1)
    await stores.own.services.database.write(lambda connection: insert_event(connection, event))
    path = folder / "main" / name
    await asyncio.to_thread(path.parent.mkdir, exist_ok=True)
    await asyncio.to_thread(path.write_bytes, FILM)
    clip = make_clip(
        stores.own.device,
        event_uuid=event.uuid,
        file=f"main/{name}",
        state=ClipState.CLOSED,
        size=len(FILM),
        sha256=hashlib.sha256(FILM).hexdigest(),
        width=640,
        height=360,
        rate=25.0,
        seconds=4.0,
        start=start,
        camera_id="main",
    )
    return await stores.own.services.clips.index(clip)


async def there(stores: TwoStores) -> list[dict[str, Any]]:
    listed = await stores.hub.client.json("POST", "/v1/videoclip/list", {"deviceID": stores.hub.device})
    return list(listed)


async def sent(stores: TwoStores, file: str, passing: float = 0.0) -> None:
    """Waits until this device knows that the hub has the clip."""
    for _ in range(3000):
        clip = await stores.own.services.database.read(lambda connection: find_clip_by_file(connection, file))
        if clip is not None and clip.video_clip_status is MediaStatus.FILE_AVAILABLE:
            return
        stores.pass_time(passing)
        await asyncio.sleep(0.002)
    raise AssertionError(f"{file} was not sent")


async def test_a_clip_of_the_hubs_event_can_be_fetched_there(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores, uploading(stores, tmp_path):
        await recorded(stores, tmp_path, "one.mp4", upstream=stores.client.url)
        stores.own.services.wakeups.wake(stores.own.device)
        await sent(stores, "main/one.mp4")
        (clip,) = await there(stores)
        told = (clip["localFilePath"], clip["width"], clip["fileSize"], clip["clipLengthInSeconds"])
        assert told == ("main/one.mp4", 640, len(FILM), 4.0)
        assert clip["videoClipStatus"] == MediaStatus.FILE_AVAILABLE
        file = await stores.hub.client.json("GET", f"/v1/file/{clip['fileID']}")
        answer = await stores.hub.client.send("GET", file["fileLocation"].removeprefix(stores.hub.root))
        assert answer.body == FILM


STEPS = ("POST /v1/videoclip/", "POST /v1/file", "POST /v1/file/success/", "PATCH /v1/videoclip/")


@pytest.mark.parametrize("carried_out", [False, True])
@pytest.mark.parametrize("step", STEPS)
async def test_a_break_at_any_step_costs_that_step_and_makes_no_second_clip(
    tmp_path: Path, step: str, carried_out: bool
) -> None:
    async with two_stores(tmp_path) as stores:
        await recorded(stores, tmp_path, "one.mp4", upstream=stores.client.url)
        breaking = Breaking(stores.client, step, carried_out=carried_out)
        async with uploading(stores, tmp_path, breaking):
            for _ in range(1000):
                if breaking.step != step:
                    break
                await asyncio.sleep(0.002)
        assert [clip["videoClipStatus"] for clip in await there(stores)] in ([], [1], [4])
        breaking.asked.clear()
        async with uploading(stores, tmp_path, breaking):  # as after a restart
            await sent(stores, "main/one.mp4", passing=1.0)
        assert [clip["videoClipStatus"] for clip in await there(stores)] == [4]
        announced = any(each.startswith("POST /v1/videoclip/") for each in breaking.asked)
        assert announced is (step == STEPS[0]), "what was done is not done again"


async def test_other_clips_are_sent_only_while_the_hub_wants_all(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores, uploading(stores, tmp_path):
        await recorded(stores, tmp_path, "own.mp4", upstream="")
        await recorded(stores, tmp_path, "asked.mp4", upstream=stores.client.url, start=2_000_000)
        stores.own.services.wakeups.wake(stores.own.device)
        await sent(stores, "main/asked.mp4")
        assert [clip["localFilePath"] for clip in await there(stores)] == ["main/asked.mp4"]
        wanted = [{"operation": "", "fieldName": "AutoSendFiles", "value": "1"}]
        answer = await stores.hub.client.call("PATCH", f"/v1/device/{stores.hub.device}", wanted)
        assert answer.status == 200, answer
        await sent(stores, "main/own.mp4", passing=30.0)


async def test_a_file_that_is_not_what_was_recorded_holds_up_no_other(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        await recorded(stores, tmp_path, "cut.mp4", upstream=stores.client.url)
        await recorded(stores, tmp_path, "other.mp4", upstream=stores.client.url, start=2_000_000)
        await recorded(stores, tmp_path, "good.mp4", upstream=stores.client.url, start=3_000_000)
        cut, other = tmp_path / "main" / "cut.mp4", tmp_path / "main" / "other.mp4"
        await asyncio.to_thread(cut.write_bytes, FILM[:-1])
        await asyncio.to_thread(other.write_bytes, FILM[::-1])
        async with uploading(stores, tmp_path):
            await sent(stores, "main/good.mp4")
            await asyncio.to_thread(cut.write_bytes, FILM)
            await asyncio.to_thread(other.write_bytes, FILM)
            stores.pass_time(PUT_OFF_SECONDS)
            await sent(stores, "main/cut.mp4", passing=60.0)
            await sent(stores, "main/other.mp4", passing=60.0)
        assert len(await there(stores)) == 3


def test_files_go_over_tls_or_stay_on_this_machine() -> None:
    assert _safe("https://bucket.example/x?signature=1")
    assert _safe("http://127.0.0.1:8789/v1/upload/x")
    assert not _safe("http://bucket.example/x")
    assert not _safe("ftp://127.0.0.1/x")
    assert not _safe("/v1/upload/x")
    assert not _safe("https://[::1/x")
    assert _shown("https://[::1/x") == "an address that is none"
    assert _shown("https://user:pass@bucket.example/x?signature=1") == "https://bucket.example/x"
