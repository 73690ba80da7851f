"""Clips, photos and sounds on their way to a real hub, whatever is in the way."""

import asyncio
import json
from pathlib import Path

import pytest
from fakes.two_stores import TwoStores, two_stores
from fakes.uploading import FILM, Breaking, CuttingProxy, Device

from agent.upstream.uploads.errors import FileUnsendable, GivenUp, UnknownFile
from agent.upstream.uploads.policy import Held
from agent.upstream.uploads.transfers import Named
from agent.upstream.uploads.worker import PUT_OFF_SECONDS
from presets_store.protocol.statuses import MediaStatus
from presets_store.storage.media.uploads import Wanted, find_outgoing


async def test_a_clip_of_the_hubs_event_can_be_fetched_there(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media")
        async with device.uploading() as transfers:
            await device.clip("one.mp4")
            assert transfers.uploads is not None
            transfers.uploads.wake()
            await device.sent("main/one.mp4")
        (clip,) = await device.there()
        told = (clip["localFilePath"], clip["width"], clip["fileSize"], clip["clipLengthInSeconds"])
        assert told == ("main/one.mp4", 640, len(FILM), 4.0)
        assert clip["videoClipStatus"] == MediaStatus.FILE_AVAILABLE
        assert await device.fetched(clip["fileID"]) == FILM


async def test_so_can_photos_and_sounds(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media")
        async with device.uploading():
            photo = await device.photo("a.jpg", data=b"a photo")
            sound = await device.sound("b.ogg", data=b"a sound")
            await device.sent(photo)
            await device.sent(sound)
        (image,) = await device.there("image")
        (audio,) = await device.there("audioclip")
        assert (image["localFilePath"], image["imageStatus"], image["filesize"]) == (photo, 4, 7)
        assert (audio["localFilePath"], audio["audioClipStatus"], audio["clipLengthInSeconds"]) == (sound, 4, 2.0)
        assert await device.fetched(image["fileID"]) == b"a photo"
        assert await device.fetched(audio["fileID"]) == b"a sound"


STEPS = ("POST /v1/videoclip/", "POST /v1/file", "POST /v1/file/success/", "PATCH /v1/videoclip/")


@pytest.mark.parametrize("carried_out", [False, True])
@pytest.mark.parametrize("step", STEPS)
async def test_a_break_at_any_step_costs_that_step_and_makes_no_second_clip(
    tmp_path: Path, step: str, carried_out: bool
) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media")
        await device.clip("one.mp4")
        breaking = Breaking(stores.client, step, carried_out=carried_out)
        async with device.uploading(breaking):
            for _ in range(1000):
                if breaking.step != step:
                    break
                await asyncio.sleep(0.002)
        assert [clip["videoClipStatus"] for clip in await device.there()] in ([], [1], [4])
        breaking.asked.clear()
        breaking.bodies.clear()
        async with device.uploading(breaking):  # as after a restart
            await device.sent("main/one.mp4", passing=1.0)
        assert [clip["videoClipStatus"] for clip in await device.there()] == [4]
        announced = any(each.startswith("POST /v1/videoclip/") for each in breaking.asked)
        assert announced is (step == STEPS[0]), "what was done is not done again"


async def test_others_are_sent_only_while_the_hub_wants_all(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media")
        await device.clip("own.mp4", upstream="")
        await device.clip("asked.mp4", start=2_000_000)
        async with device.uploading():
            await device.sent("main/asked.mp4")
            assert [clip["localFilePath"] for clip in await device.there()] == ["main/asked.mp4"]
            wanted = [{"operation": "", "fieldName": "AutoSendFiles", "value": "1"}]
            answer = await stores.hub.client.call("PATCH", f"/v1/device/{stores.hub.device}", wanted)
            assert answer.status == 200, answer
            await device.sent("main/own.mp4", passing=30.0)


async def test_a_file_that_is_not_what_was_recorded_holds_up_no_other(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media")
        for number, name in enumerate(("cut.mp4", "other.mp4", "good.mp4"), 1):
            await device.clip(name, start=number * 1_000_000)
        cut, other = device.folder / "main" / "cut.mp4", device.folder / "main" / "other.mp4"
        await asyncio.to_thread(cut.write_bytes, FILM[:-1])
        await asyncio.to_thread(other.write_bytes, FILM[::-1])
        async with device.uploading():
            await device.sent("main/good.mp4")
            await asyncio.to_thread(cut.write_bytes, FILM)
            await asyncio.to_thread(other.write_bytes, FILM)
            stores.pass_time(PUT_OFF_SECONDS)
            await device.sent("main/cut.mp4", passing=60.0)
            await device.sent("main/other.mp4", passing=60.0)
        assert len(await device.there()) == 3


async def test_alerts_go_first_then_what_is_asked_for_then_the_oldest(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media")
        await device.clip("old.mp4", start=1_000_000)
        await device.photo("older.jpg", start=0)
        await device.clip("asked.mp4", start=3_000_000)
        await device.clip("kept.mp4", start=4_000_000, protected=True)
        await device.clip("script.mp4", start=5_000_000, cause="script")
        uploads, own = stores.own.services.media.uploads, stores.own
        asked = await own.services.database.read(lambda c: find_outgoing(c, own.device, "main/asked.mp4"))
        assert asked is not None
        await uploads.request(asked, stores.client.url)
        seen = Breaking(stores.client)
        async with device.uploading(seen):
            await device.sent("main/old.mp4")
        assert seen.announced == ["kept.mp4", "script.mp4", "asked.mp4", "older.jpg", "old.mp4"]


async def test_a_broken_transfer_goes_on_where_it_ended(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media")
        await device.clip("one.mp4")
        port = int(stores.hub.root.rpartition(":")[2])
        async with CuttingProxy(port, after=len(FILM) // 2) as proxy:
            addresses = stores.hub.services.media.files._addresses
            addresses.root = f"http://127.0.0.1:{proxy.port}"
            async with device.uploading():
                await device.sent("main/one.mp4", passing=1.0)
            addresses.root = stores.hub.root
        (clip,) = await device.there()
        assert await device.fetched(clip["fileID"]) == FILM
        again = sum(proxy.passed) - len(FILM)
        assert again < 100_000, f"{again} bytes too many: {proxy.passed}"


async def test_a_file_that_changed_between_two_tries_is_not_put_together(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media")
        await device.clip("one.mp4")
        path = device.folder / "main" / "one.mp4"
        await asyncio.to_thread(path.write_bytes, bytes(len(FILM)))
        port = int(stores.hub.root.rpartition(":")[2])
        async with CuttingProxy(port, after=len(FILM) // 2) as proxy:
            addresses = stores.hub.services.media.files._addresses
            addresses.root = f"http://127.0.0.1:{proxy.port}"
            async with device.uploading():
                for _ in range(1000):
                    if proxy.passed and proxy.passed[0] >= len(FILM) // 2:
                        break
                    await asyncio.sleep(0.002)
                await asyncio.to_thread(path.write_bytes, FILM)
                stores.pass_time(PUT_OFF_SECONDS)
                await device.sent("main/one.mp4", passing=60.0)
            addresses.root = stores.hub.root
        (clip,) = await device.there()
        assert await device.fetched(clip["fileID"]) == FILM


async def test_an_address_that_is_over_is_asked_for_anew(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media")
        await device.clip("one.mp4")
        async with device.uploading(Breaking(stores.client, "POST /v1/file/success")):
            for _ in range(1000):
                if await device.there():
                    break
                await asyncio.sleep(0.002)
        stores.pass_time(2 * 3600.0)
        async with device.uploading():
            await device.sent("main/one.mp4", passing=1.0)
        assert [clip["videoClipStatus"] for clip in await device.there()] == [4]


async def test_on_request_the_hub_is_told_of_all_and_gets_what_it_asks_for(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media", settings={"policy": "on_request"})
        await device.clip("one.mp4", upstream="")
        for number in range(3):
            await device.photo(f"{number}.jpg", upstream="", start=number)
        seen = Breaking(stores.client)
        async with device.uploading(seen) as transfers:
            for _ in range(1000):
                if len(await device.there()) + len(await device.there("image")) == 4:
                    break
                await asyncio.sleep(0.002)
            assert seen.announced == []
            asked = [path for path in seen.asked if "createlist" in path]
            assert len(asked) == 2, "photos are told of together"
            (clip,) = await device.there()
            body = {"deviceID": stores.hub.device, "videoClips": [clip["key"]]}
            await stores.hub.client.call("POST", "/v1/videoclip/upload", body)
            told: list[float] = []
            result = await transfers.upload(await handed_out(stores), told.append)
        assert result["file"] == "main/one.mp4"
        assert told[-1] == 100.0
        assert await device.is_sent("main/one.mp4")
        assert not await device.is_sent("main/0.jpg")


async def handed_out(stores: TwoStores) -> Named:
    """How the event of the hub names what it wants."""
    body = {"deviceSerial": stores.serial, "agentType": "Transfer", "processID": 1}
    event = await stores.hub.client.json("POST", "/v1/event/dequeue", body)
    given = json.loads(event["eventParameters"])
    return Named(
        upstream=stores.client.url,
        item_type=given["itemTypeID"],
        key=given["objectID"],
        file=given["localFilePath"],
    )


async def test_nothing_is_sent_on_a_metered_network_but_what_is_asked_for(tmp_path: Path) -> None:
    costs = [True]

    async def metered() -> bool:
        return costs[0]

    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media", metered=metered)
        await device.clip("one.mp4")
        await device.clip("two.mp4", start=2_000_000)
        async with device.uploading() as transfers:
            named = Named(upstream="", item_type=0, key=0, file="main/two.mp4")
            assert (await transfers.upload(named, lambda _: None))["file"] == "main/two.mp4"
            assert transfers.uploads is not None
            assert transfers.uploads.held is Held.METERED
            assert not await device.is_sent("main/one.mp4")
            costs[0] = False
            await device.sent("main/one.mp4", passing=30.0)


async def test_nothing_is_sent_without_a_link(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media")
        device.link.unreachable("the cable")
        seen = Breaking(stores.client)
        await device.clip("one.mp4")
        async with device.uploading(seen):
            for _ in range(20):
                stores.pass_time(60.0)
                await asyncio.sleep(0.002)
            assert seen.asked == []
            device.link.reached()
            await device.sent("main/one.mp4")


async def test_what_is_cleared_is_sent_only_when_it_is_asked_for_anew(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media")
        await device.clip("one.mp4")
        await device.clip("two.mp4", start=2_000_000)
        device.link.unreachable("the cable")
        async with device.uploading() as transfers:
            named = Named(upstream="", item_type=0, key=0, file="main/two.mp4")
            waiting = asyncio.create_task(transfers.upload(named, lambda _: None))
            await asyncio.sleep(0.05)
            assert await transfers.clear() == 2, "one that was recorded, and one that was asked for, too"
            with pytest.raises(GivenUp):
                await waiting
            device.link.reached()
            stores.pass_time(1.0)
            await device.photo("new.jpg")
            await device.sent("main/new.jpg", passing=0.1)
            assert not await device.is_sent("main/one.mp4")
            await transfers.upload(Named(upstream="", item_type=0, key=0, file="main/one.mp4"), lambda _: None)
            assert not await device.is_sent("main/two.mp4")


async def test_what_the_hub_refuses_ends_the_wish(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media", settings={"policy": "on_request"})
        clip = await device.clip("one.mp4")
        await asyncio.to_thread((device.folder / "main" / "one.mp4").write_bytes, b"something else")
        async with device.uploading() as transfers:
            with pytest.raises(FileUnsendable):
                await transfers.upload(Named(upstream="", item_type=33, key=clip.key, file=""), lambda _: None)
        known = await stores.own.services.media.uploads.waiting(
            Wanted(device_key=stores.own.device, upstream=stores.client.url, own=False), limit=9
        )
        assert known == [], "nobody asks for it any more"


async def test_a_file_that_goes_while_it_is_waited_for_ends_the_wish(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media")
        photo = await device.photo("a.jpg")
        device.link.unreachable("the cable")
        async with device.uploading() as transfers:
            named = Named(upstream="", item_type=0, key=0, file=photo)
            waiting = asyncio.create_task(transfers.upload(named, lambda _: None))
            await asyncio.sleep(0.05)
            await device.taken.removed([photo])
            while not waiting.done():  # on a busy machine it may not wait yet
                stores.pass_time(60.0)
                await asyncio.sleep(0.02)
            with pytest.raises(UnknownFile):
                await waiting


async def test_the_limit_of_bytes_per_second_is_kept(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media", settings={"rate": 100_000})
        await device.clip("one.mp4")
        async with device.uploading():
            began = stores.clock.monotonic()
            await device.sent("main/one.mp4", passing=0.05)
            took = stores.clock.monotonic() - began
        # Time passes here also while this machine is busy, so what was waited for is what was asked for.
        waited = sum(seconds for seconds in stores.clock.slept if seconds < 5.0)
        assert len(FILM) / 100_000 - 1.5 <= took
        assert 0 < waited <= len(FILM) / 100_000 + 3.0


async def test_a_clip_that_the_hub_has_no_more_is_announced_anew(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media")
        await device.clip("one.mp4")
        async with device.uploading(Breaking(stores.client, "PATCH")):
            for _ in range(1000):
                if await device.there():
                    break
                await asyncio.sleep(0.002)
        (clip,) = await device.there()
        assert (await stores.hub.client.call("DELETE", f"/v1/videoclip/{clip['key']}")).status == 200
        async with device.uploading():
            await asyncio.sleep(0.1)
            stores.pass_time(PUT_OFF_SECONDS)
            await device.sent("main/one.mp4", passing=30.0)
        assert [clip["videoClipStatus"] for clip in await device.there()] == [4]


async def test_one_file_that_the_hub_will_not_hear_of_keeps_it_from_no_other(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media", settings={"policy": "on_request"})
        await device.clip("one.mp4")
        await device.clip("bad.mp4", start=2_000_000, width=-1)
        await device.clip("two.mp4", start=3_000_000)
        async with device.uploading() as transfers:
            for _ in range(1000):
                if len(await device.there()) == 2:
                    break
                await asyncio.sleep(0.002)
            assert [clip["localFilePath"] for clip in await device.there()] == ["main/one.mp4", "main/two.mp4"]
            named = Named(upstream="", item_type=0, key=0, file="main/two.mp4")
            assert (await transfers.upload(named, lambda _: None))["file"] == "main/two.mp4"
