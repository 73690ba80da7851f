"""Clips made of others: which are meant, what limits the work, and who is told of it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from fakes.acting import agent_camera, context_for
from fakes.clock import ManualClock
from fakes.footage import make_fragmented
from fakes.media_folder import MediaFolder
from fakes.served_store import ServedStore, until
from hypothesis import given
from hypothesis import strategies as st

from agent.actions.files import making
from agent.actions.files.choosing import of_list
from agent.actions.files.concatenate import ConcatenateFiles
from agent.actions.files.errors import UnknownClip
from agent.actions.files.extract import between, gaps
from agent.actions.files.transcode import TranscodeFile, target_name
from agent.context import Context
from agent.errors import BadParameter
from agent.media.workshop import Workshop
from agent.running import Failed, Stopped, StopReason
from agent.settings import Settings
from agent.upstream.transport import Transport
from agent.upstream.uploads.building import build_transfers
from hardware.models import ClipFile
from presets_store.storage.media.records import Upload
from presets_store.storage.media.uploads import put_upload
from presets_store.storage.records import Clip, ClipState

SPAN = {"startEpoch": 1, "endEpoch": 4_102_444_800}


@dataclass
class Receiver:
    """A server on loopback: takes files and what is posted, or answers `status`."""

    url: str = ""
    status: int = 200
    files: dict[str, bytes] = field(default_factory=dict)
    posted: list[dict[str, Any]] = field(default_factory=list)

    async def put(self, request: web.Request) -> web.Response:
        self.files[request.path_qs] = await request.read()
        return web.Response(status=self.status)

    async def post(self, request: web.Request) -> web.Response:
        self.posted.append(await request.json())
        return web.Response(status=self.status)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver, app = Receiver(), web.Application()
    app.add_routes([web.put("/{name}", receiver.put), web.post("/{name}", receiver.post)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield receiver
    await runner.cleanup()


@pytest.fixture
def media(store: ServedStore, tmp_path: Path) -> MediaFolder:
    return MediaFolder(store, tmp_path)


@pytest.fixture
async def context(store: ServedStore, media: MediaFolder) -> AsyncIterator[Context]:
    settings, services = Settings(state_folder=media.state), store.services
    transfers = build_transfers(settings, services, media.library, None, store.clock)
    shop = Workshop(database=services.database, device_key=store.device, transport=Transport("", store.clock))
    plain = context_for(media.clock, agent_camera(media.state), event_type_id=16)
    yield replace(plain, media=media.library, workshop=shop, transfers=transfers)
    await transfers.close()


async def film(media: MediaFolder, name: str, age: float, frames: int = 10) -> Path:
    """A clip of the footage that is indexed."""
    path = media.write(name, age=age, seconds=frames / 10)
    await asyncio.to_thread(make_fragmented, path, frames)
    known = {"size": path.stat().st_size, "frames": frames}
    sidecar = path.with_name(f"{name}.json")
    file = ClipFile.model_validate_json(sidecar.read_bytes()).model_copy(update=known)
    sidecar.write_text(file.model_dump_json())
    await media.library.index(file, path.parent)
    return path


async def test_a_clip_is_sent_where_it_is_wanted_and_somebody_is_told(
    context: Context, media: MediaFolder, receiver: Receiver
) -> None:
    for age in (20, 10):
        await film(media, f"clip-{age}.mp4", age)
    asked = {"uploadURL": f"{receiver.url}/file?signature=hidden", "postbackURL": f"{receiver.url}/told"}
    result = await ConcatenateFiles().run(context, {**SPAN, **asked})
    (clip,) = result["clips"]
    assert receiver.files == {"/file?signature=hidden": (media.folder / clip["file"]).read_bytes()}
    (told,) = receiver.posted
    assert (told["eventID"], told["code"], told["clips"]) == (7, "complete", [clip])
    assert result["upload"] == {"url": f"{receiver.url}/file", "size": clip["size"]}
    assert result["postback"] == {"url": f"{receiver.url}/told", "status": 200}
    assert "hidden" not in str(result)


async def test_a_refused_file_is_an_error_that_keeps_the_clip_and_an_unheard_word_only_a_note(
    context: Context, media: MediaFolder, receiver: Receiver
) -> None:
    await film(media, "clip.mp4", 10)
    receiver.status = 403
    asked = {"uploadURL": f"{receiver.url}/file", "postbackURL": "http://127.0.0.1:9/told"}
    with pytest.raises(Failed) as failed:
        await ConcatenateFiles().run(context, {**SPAN, **asked})
    assert failed.value.code == "upstream_refused"
    assert (media.folder / failed.value.result["clips"][0]["file"]).exists()
    assert "Connection refused" in failed.value.result["postback"]["failed"]


async def test_who_is_told_of_an_outcome_is_told_of_failures_too(context: Context, receiver: Receiver) -> None:
    with pytest.raises(Failed):
        await making.make_clip(
            context, replace(wanted(Clip(uuid="u", device_key=1, file="none.mp4")), postback_url=f"{receiver.url}/told")
        )
    assert (receiver.posted[0]["code"], receiver.posted[0]["eventID"]) == ("job_failed", 7)


def wanted(clip: Clip, **more: Any) -> making.Wanted:
    return making.Wanted(made="joined", parts=[making.Part(clip)], asked={}, **more)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A job that never ends by itself, and has begun to write; `told` of the calls."""
    calls: list[Any] = []

    async def run(_name: str, *, told: Any, **request: Any) -> dict[str, Any]:
        target = Path(request["target"])
        target.with_name(f".{target.name}.new").write_bytes(b"half")
        calls.append(told)
        await asyncio.Event().wait()
        return {}

    monkeypatch.setattr(making, "run_job", run)
    return calls


async def test_its_time_is_limited(context: Context, media: MediaFolder, slow: list[Any]) -> None:
    await film(media, "clip.mp4", 10)
    running = asyncio.create_task(ConcatenateFiles().run(context, {**SPAN, "timeout": "5"}))
    await until(lambda: slow)
    assert isinstance(context.clock, ManualClock)
    context.clock.advance(5)
    with pytest.raises(Failed, match="not done after 5 s"):
        await running
    assert media.names() == ["clip.mp4", "clip.mp4.json"]


async def test_a_stop_leaves_nothing_half(context: Context, media: MediaFolder, slow: list[Any]) -> None:
    await film(media, "clip.mp4", 10)
    running = asyncio.create_task(ConcatenateFiles().run(context, dict(SPAN)))
    await until(lambda: slow)
    context.stop.request(StopReason.ENDED, by="event 9")
    with pytest.raises(Stopped) as stopped:
        await running
    assert stopped.value.result["endedBy"] == "event 9"
    assert media.names() == ["clip.mp4", "clip.mp4.json"]


async def test_recordings_come_first_where_there_is_little_room(
    context: Context, media: MediaFolder, slow: list[Any]
) -> None:
    await film(media, "clip.mp4", 10)
    running = asyncio.create_task(ConcatenateFiles().run(context, dict(SPAN)))
    await until(lambda: slow)
    context.media.room.scarce = True
    slow[0]({"percent": 10.0})
    with pytest.raises(Failed) as failed:
        await running
    assert failed.value.code == "storage_full"
    with pytest.raises(Failed, match="no space left"):
        await ConcatenateFiles().run(context, dict(SPAN))
    assert media.names() == ["clip.mp4", "clip.mp4.json"]


async def test_one_job_runs_at_a_time(context: Context, media: MediaFolder, slow: list[Any]) -> None:
    await film(media, "clip.mp4", 10)
    both = [asyncio.create_task(ConcatenateFiles().run(context, dict(SPAN))) for _ in range(2)]
    await until(lambda: slow)
    await asyncio.sleep(0.05)
    assert len(slow) == 1
    context.stop.request(StopReason.ENDED, by="event 9")
    await asyncio.wait(both)


async def test_what_an_earlier_attempt_made_is_not_made_again(context: Context, media: MediaFolder) -> None:
    await film(media, "clip.mp4", 10)
    first = await ConcatenateFiles().run(context, dict(SPAN))
    again = await ConcatenateFiles().run(context, dict(SPAN))
    assert again["clips"] == first["clips"]
    assert again["notes"] == ["it was made by an earlier attempt"]


async def test_a_hub_names_clips_by_its_own_keys(context: Context, media: MediaFolder, store: ServedStore) -> None:
    await film(media, "clip.mp4", 10)
    (clip,) = (await media.clips()).values()
    upstream = "https://hub.example"
    upload = Upload(item_type_id=33, item_key=clip.key, upstream=upstream, remote_item_id=4711, remote_file_id=4712)
    await store.services.database.write(lambda connection: put_upload(connection, upload))
    handed = replace(context, event=replace(context.event, upstream=upstream, remote_id=99))
    assert [found.key for found in await of_list(handed, [{"key": 4711}])] == [clip.key]
    result = await TranscodeFile().run(handed, {"fileID": 4712})
    assert result["copied"] is True
    with pytest.raises(UnknownClip, match="videoClips\\[0\\]"):
        await of_list(handed, [{"key": clip.key + 1000}])


def clips(*spans: tuple[float, float]) -> list[Clip]:
    return [
        Clip(
            uuid=str(start),
            device_key=1,
            file=f"{start}.mp4",
            state=ClipState.CLOSED,
            start=round(start * 1e6),
            seconds=seconds,
        )
        for start, seconds in spans
    ]


def test_of_a_time_the_first_clip_that_shows_it_counts() -> None:
    found = clips((100, 10), (105, 10), (130, 10))
    parts = list(between(found, 102, 135))
    assert [(part.start, part.end) for part in parts] == [(2, None), (5, None), (0, 5)]
    assert list(gaps(parts, 102, 135)) == ["nothing was recorded from 1970-01-01 00:01:55 UTC for 15.0 s"]


spans = st.lists(st.tuples(st.integers(0, 100), st.integers(1, 30)), max_size=8).map(sorted)


@given(spans, st.integers(0, 100), st.integers(1, 60))
def test_an_extract_shows_every_recorded_moment_of_its_time_once(
    recorded: list[tuple[int, int]], start: int, length: int
) -> None:
    end = start + length
    shown: list[int] = []
    for part in between(clips(*recorded), start, end):
        begins = part.clip.start / 1e6
        until_ = part.clip.seconds if part.end is None else part.end
        shown += range(round(begins + part.start), round(begins + until_))
    moments = {moment for first, seconds in recorded for moment in range(first, first + seconds)}
    assert shown == sorted(moments & set(range(start, end)))


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "", "x" * 121, "a\0b", "naïve", "-x"])
def test_a_new_clip_lies_beside_its_source(name: str) -> None:
    if not name:
        assert target_name(name) == ""
        return
    with pytest.raises(BadParameter, match="targetFile"):
        target_name(name)


def test_the_ending_need_not_be_given() -> None:
    assert [target_name(name) for name in ("x", "x.mp4", "x.y")] == ["x.mp4", "x.mp4", "x.y.mp4"]
