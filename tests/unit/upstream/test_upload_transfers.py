"""What Transfer_file does: files to addresses and from them, with a real server at the other end."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from fakes.acting import tools_on
from fakes.two_stores import TwoStores, two_stores
from fakes.uploading import FILM, Device

from agent.actions.files.transfer import TransferFile
from agent.attempt import Attempt
from agent.errors import UpstreamRefused, UpstreamUnreachable
from agent.running import Running, StopReason
from agent.upstream.uploads import fetching, sending
from agent.upstream.uploads.bucket import TokenBucket
from agent.upstream.uploads.errors import Unfetchable, UnknownFile
from agent.upstream.uploads.fetching import Fetcher, Wish
from agent.upstream.uploads.reading import Source
from agent.upstream.uploads.sending import Sender
from agent.upstream.uploads.transfers import Named, Transfers
from presets_store.protocol.statuses import EventStatus

DATA = b"what somebody keeps for devices" * 1000


@dataclass
class FarEnd:
    """Some server on loopback, which is nobody's hub."""

    url: str = ""
    taken: dict[str, bytes] = field(default_factory=dict)
    status: int = 200
    length: int | None = None

    async def take(self, request: web.Request) -> web.Response:
        self.taken[request.path] = await request.read()
        return web.Response(status=self.status, text="the reason")

    async def give(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=self.status)
        response.content_length = self.length
        response.force_close()
        await response.prepare(request)
        if request.method == "GET":
            await response.write(DATA)
        return response


@asynccontextmanager
async def far_end() -> AsyncIterator[FarEnd]:
    end = FarEnd()
    app = web.Application()
    app.add_routes([web.put("/{name}", end.take), web.get("/{name}", end.give)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    end.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield end
    finally:
        await runner.cleanup()


def named(file: str = "", **fields: Any) -> Named:
    return Named(**{"upstream": "", "item_type": 0, "key": 0, "file": file, **fields})


def quiet(_: float) -> None:
    """Nobody asks how far it is."""


async def names_in(folder: Path) -> list[str]:
    return await asyncio.to_thread(lambda: sorted(path.name for path in folder.iterdir()))


async def test_a_file_is_sent_to_any_address_that_takes_it(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores, far_end() as end:
        device = Device(stores, tmp_path / "media")
        await device.clip("one.mp4")
        await asyncio.to_thread((device.folder / "notes.txt").write_bytes, b"notes")
        async with device.uploading() as transfers:
            clip = await transfers.send_to(f"{end.url}/clip", named("main/one.mp4"), quiet)
            notes = await transfers.send_to(f"{end.url}/notes", named("notes.txt"), quiet)
            assert (clip["size"], notes) == (len(FILM), {"file": "notes.txt", "size": 5})
            assert end.taken == {"/clip": FILM, "/notes": b"notes"}
            end.status = 204
            await transfers.send_to(f"{end.url}/again", named("notes.txt"), quiet)
            end.status = 403
            with pytest.raises(UpstreamRefused, match="the reason"):
                await transfers.send_to(f"{end.url}/no", named("notes.txt"), quiet)


@pytest.mark.parametrize(
    "name", ["../secret.txt", "/etc/passwd", "main/../../secret.txt", "link.txt", "none.txt", "", "main"]
)
async def test_no_file_outside_of_the_media_folder_is_sent(tmp_path: Path, name: str) -> None:
    def prepare() -> None:
        (tmp_path / "secret.txt").write_bytes(b"secret")
        (tmp_path / "media" / "main").mkdir(parents=True)
        (tmp_path / "media" / "link.txt").symlink_to(tmp_path / "secret.txt")

    await asyncio.to_thread(prepare)
    async with two_stores(tmp_path) as stores, far_end() as end:
        device = Device(stores, tmp_path / "media")
        async with device.uploading() as transfers:
            with pytest.raises(UnknownFile):
                await transfers.send_to(f"{end.url}/x", named(name), quiet)
        assert end.taken == {}


async def test_a_server_that_does_not_say_what_it_has_gets_all_of_it(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores, far_end() as end:
        device = Device(stores, tmp_path / "media")
        await device.clip("one.mp4")
        source = Source(device.folder / "main" / "one.mp4", "one.mp4", len(FILM), "")
        sender = Sender(device.transport, stores.clock, TokenBucket(0, stores.clock), "a test")
        await sender.send(f"{end.url}/x", source, quiet, begun=True)
        await sender.close()
        assert end.taken == {"/x": FILM}


async def test_a_receiver_that_takes_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "SILENT_SECONDS", 0.3)
    held = asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await held.wait()
        writer.close()

    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media")
        data = bytes(20_000_000)  # more than all buffers on the way
        await asyncio.to_thread((device.folder / "big").write_bytes, data)
        source = Source(device.folder / "big", "big", len(data), "")
        sender = Sender(device.transport, stores.clock, TokenBucket(0, stores.clock), "a test")
        server = await asyncio.start_server(deaf, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(UpstreamUnreachable):
            await sender.send(f"http://127.0.0.1:{port}/x", source, quiet, begun=False)
        held.set()
        await sender.close()
        server.close()


@asynccontextmanager
async def fetcher(stores: TwoStores, folder: Path) -> AsyncIterator[Fetcher]:
    made = Fetcher(Device(stores, folder).transport, folder)
    try:
        yield made
    finally:
        await made.close()


async def test_a_file_is_fetched_whole_and_never_over_another(tmp_path: Path) -> None:
    folder = tmp_path / "media"
    async with two_stores(tmp_path) as stores, far_end() as end, fetcher(stores, folder) as fetch:
        digest = hashlib.sha256(DATA).hexdigest()
        told: list[float] = []
        wish = Wish(f"{end.url}/x?token=secret", "x.bin", len(DATA), digest)
        found = await fetch.fetch(wish, told.append)
        assert (found.file, found.size, found.sha256) == ("downloads/x.bin", len(DATA), digest)
        assert told[-1] == 1.0
        assert await asyncio.to_thread((folder / found.file).read_bytes) == DATA
        end.status = 500
        assert await fetch.fetch(wish, told.append) == found, "a repeat finds it"
        with pytest.raises(Unfetchable, match="already") as refused:
            await fetch.fetch(replace(wish, sha256=""), told.append)
        assert "secret" not in refused.value.message
        assert await names_in(folder / "downloads") == ["x.bin"]


async def test_what_is_not_what_was_announced_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "media"
    async with two_stores(tmp_path) as stores, far_end() as end, fetcher(stores, folder) as fetch:
        wish = Wish(f"{end.url}/x", "x.bin")
        for wrong in (replace(wish, size=5), replace(wish, sha256="00" * 32)):
            with pytest.raises(Unfetchable, match="not those that were announced"):
                await fetch.fetch(wrong, quiet)
        end.length = len(DATA) + 1
        with pytest.raises(Unfetchable):
            await fetch.fetch(wish, quiet)
        end.length = None
        monkeypatch.setattr(fetching, "MOST", len(DATA) - 1)
        with pytest.raises(Unfetchable, match="larger"):
            await fetch.fetch(wish, quiet)
        with pytest.raises(Unfetchable, match="larger"):
            await fetch.fetch(replace(wish, size=len(DATA)), quiet)
        end.status = 302
        with pytest.raises(Unfetchable, match="302"):
            await fetch.fetch(wish, quiet)
        assert await names_in(folder / "downloads") == []


async def test_what_a_kill_left_is_cleared_and_counts_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "media"
    await asyncio.to_thread((folder / "downloads").mkdir, parents=True)
    await asyncio.to_thread((folder / "downloads" / ".ab.part").write_bytes, DATA)
    monkeypatch.setattr(fetching, "MOST", len(DATA))
    async with two_stores(tmp_path) as stores, far_end() as end, fetcher(stores, folder) as fetch:
        await fetch.fetch(Wish(f"{end.url}/x", "x.bin"), quiet)
        assert await names_in(folder / "downloads") == ["x.bin"]
        with pytest.raises(Unfetchable, match="remove files from downloads"):
            await fetch.fetch(Wish(f"{end.url}/x", "y.bin"), quiet)


async def test_a_file_of_the_hub_is_fetched_by_its_key(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media")
        await device.clip("one.mp4")
        async with device.uploading() as transfers:
            await device.sent("main/one.mp4")
            (clip,) = await device.there()
            found = await transfers.fetch_file(clip["fileID"], "", quiet)
            assert found == {"file": "downloads/one.mp4", "size": len(FILM), "sha256": hashlib.sha256(FILM).hexdigest()}


async def act(stores: TwoStores, transfers: Transfers, stop: StopReason | None = None, **parameters: Any) -> Any:
    """The outcome of an event with these parameters, which is stopped before it can end."""
    tools = replace(tools_on(stores.own.services, stores.clock, transfers._folder), transfers=transfers)
    body = {"deviceSerial": stores.serial, "eventType": "Transfer_Transfer_file", "agentType": "Transfer"}
    made = await stores.own.client.json("POST", "/v1/event", body)
    event = await stores.own.services.events.begin(int(made["eventID"]), holder="test", boot_id="b", process_id=1)
    running = Running(event.key)
    attempt = Attempt(event, "Transfer", tools, None, running, lambda work: work.close())  # type: ignore[arg-type]
    acting = asyncio.create_task(attempt.run(TransferFile(), parameters))
    if stop is not None:
        await asyncio.sleep(0.05)
        running.stop.request(stop, by="a test")
    return await acting


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, "bad_parameter"),
        ({"action": "move"}, "bad_parameter"),
        ({"action": "upload", "localFilePath": "main/none.mp4"}, "unknown_file"),
        ({"action": "upload", "itemTypeID": 33, "objectID": 99}, "unknown_file"),
        ({"action": "upload", "localFilePath": "a", "url": "http://example.org/x"}, "bad_parameter"),
        ({"action": "upload", "url": "https://example.org/" + "x" * 5000}, "bad_parameter"),
        ({"action": "download"}, "bad_parameter"),
        ({"action": "download", "url": "http://127.0.0.1:1/x"}, "bad_parameter"),
        ({"action": "download", "url": "https://example.org/"}, "bad_parameter"),
        ({"action": "download", "url": "https://example.org/x", "localFilePath": "../x"}, "bad_parameter"),
        ({"action": "download", "url": "https://127.0.0.1:1/x"}, "file_unfetchable"),
    ],
)
async def test_what_cannot_be_done_ends_as_error_by_name(tmp_path: Path, parameters: Any, code: str) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media")
        async with device.uploading() as transfers:
            outcome = await act(stores, transfers, **parameters)
        assert (outcome.status, outcome.result["code"]) == (EventStatus.ERROR, code), outcome


async def test_an_upload_is_complete_when_the_hub_has_confirmed_it(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media", settings={"policy": "on_request"})
        await device.clip("one.mp4")
        async with device.uploading() as transfers:
            for note in ({}, {"note": "the upstream had it already"}):
                outcome = await act(stores, transfers, action="upload", localFilePath="main/one.mp4")
                assert outcome.status is EventStatus.COMPLETE, outcome
                assert outcome.result == {
                    "action": "upload", "file": "main/one.mp4", "size": len(FILM),
                    "sha256": hashlib.sha256(FILM).hexdigest(), **note,
                }  # fmt: skip
        assert await device.is_sent("main/one.mp4")


@pytest.mark.parametrize("reason", [StopReason.ENDED, StopReason.SHUTDOWN])
async def test_an_upload_that_is_ended_is_not_sent_and_one_that_is_cut_off_is(
    tmp_path: Path, reason: StopReason
) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media", settings={"policy": "on_request"})
        await device.clip("one.mp4")
        device.link.unreachable("the cable")
        async with device.uploading() as transfers:
            outcome = await act(stores, transfers, reason, action="upload", localFilePath="main/one.mp4")
        assert outcome.status is (EventStatus.CANCELLED if reason is StopReason.ENDED else EventStatus.ERROR)
        device.link.reached()
        async with device.uploading():  # as after a restart
            await device.photo("later.jpg")
            for _ in range(100):
                if await device.is_sent("main/one.mp4"):
                    break
                await asyncio.sleep(0.01)
        assert await device.is_sent("main/one.mp4") is (reason is StopReason.SHUTDOWN)


async def test_an_upload_has_no_more_time_than_its_event_gives(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media")
        await device.clip("one.mp4")
        device.link.unreachable("the cable")
        async with device.uploading() as transfers:
            given: dict[str, Any] = {"action": "upload", "localFilePath": "main/one.mp4", "maxTimeToTryInSeconds": 30.0}
            acting = asyncio.create_task(act(stores, transfers, **given))
            await asyncio.sleep(0.1)
            stores.pass_time(31.0)
            outcome = await acting
        assert (outcome.status, outcome.result["code"]) == (EventStatus.ERROR, "transfer_too_long")
