"""Files at their signed addresses: what is refused, what is served how, what time does to them."""

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes.clock import ManualClock
from fakes.served_store import SEALER, SERIAL, Answer, ServedStore, served_store
from fakes.stored import make_clip

from presets_store.api.media import files as file_routes
from presets_store.rules.permissions import Forbidden, Principal, Role, ScopeKind
from presets_store.rules.places import place_problem
from presets_store.services.caller import Caller
from presets_store.services.media.addresses import Addresses, Purpose
from presets_store.services.media.errors import NoRoom
from presets_store.services.media.files import DOWNLOAD_SECONDS, KEPT_SECONDS, UPLOAD_SECONDS
from presets_store.services.media.stores import NO_PLACES, FilePlaces
from presets_store.services.media.stores.disk import DiskStore
from presets_store.storage.records import ClipState

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what the database has no part in."""

DATA = b"<script>alert(1)</script>" * 40


async def announced(store: ServedStore, data: bytes = DATA, path: str = "/v1/file", **fields: Any) -> dict[str, Any]:
    body = {
        "deviceName": SERIAL, "deviceSerial": SERIAL, "filename": "stage left/ü.html", "fileSize": len(data),
        "sHA256Hash": hashlib.sha256(data).hexdigest(), **fields,
    }  # fmt: skip
    record: dict[str, Any] = await store.client.json("POST", path, body)
    return record


async def send(store: ServedStore, address: str, data: bytes = DATA, method: str = "PUT", **headers: str) -> Answer:
    """Without a signature, as whoever has the address."""
    given = None if method == "GET" else data
    return await store.client.send(method, address.removeprefix(store.root), given, headers)


async def whole(store: ServedStore, data: bytes = DATA) -> dict[str, Any]:
    file = await announced(store, data)
    assert (await send(store, file["fileLocation"], data)).status == 200
    assert (await store.client.call("POST", f"/v1/file/success/{file['key']}", {"deviceSerial": SERIAL})).body == b""
    there: dict[str, Any] = await store.client.json("GET", f"/v1/file/{file['key']}")
    return there


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json()["code"]


@ON_SQLITE
async def test_served_bytes_are_kept_and_never_run(store: ServedStore) -> None:
    file = await whole(store)
    answer = await send(store, file["fileLocation"], method="GET")
    assert answer.body == DATA
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''%C3%BC.html"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    part = await send(store, file["fileLocation"], method="GET", Range="bytes=1-6")
    assert (part.status, part.body, part.headers["Content-Range"]) == (206, b"script", f"bytes 1-6/{len(DATA)}")
    assert (await send(store, file["fileLocation"], method="GET", Range="bytes=99999-")).status == 416


@ON_SQLITE
async def test_only_the_announced_bytes_are_taken(store: ServedStore, tmp_path: Path) -> None:
    file = await announced(store)
    address = file["fileLocation"]
    assert refusal(await send(store, address, DATA + b"!")) == (413, "file_too_large")
    assert refusal(await send(store, address, DATA[:-1])) == (422, "bytes_differ")
    assert refusal(await send(store, address, DATA[:-1] + b"!")) == (422, "bytes_differ")
    assert [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()] == []
    assert (await store.client.call("POST", f"/v1/file/success/{file['key']}")).status == 409
    assert (await send(store, address)).status == 200


@ON_SQLITE
async def test_too_many_bytes_without_a_length_are_not_written_to_the_end(store: ServedStore, tmp_path: Path) -> None:
    file = await announced(store)
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100_000_000:
            sent += 100_000
            yield b"x" * 100_000

    async with store.client.session.put(file["fileLocation"], data=endless()) as response:
        assert response.status == 413
    assert sent < 50_000_000
    assert [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()] == []


async def test_address_is_for_one_use_one_file_and_an_hour(store: ServedStore, clock: ManualClock) -> None:
    one, other = await whole(store), await announced(store)
    fetch, upload = one["fileLocation"], other["fileLocation"]
    assert refusal(await send(store, fetch)) == (403, "address_refused")
    assert refusal(await send(store, upload, method="GET")) == (403, "address_refused")
    crossed = fetch.replace(one["fileGUID"], other["fileGUID"])
    later = fetch.replace("token=1", "token=2")
    for address in (crossed, later, fetch[:-1], fetch.partition("?")[0], f"{fetch}%ED%A0%80"):
        assert refusal(await send(store, address, method="GET")) == (403, "address_refused"), address
    clock.advance(max(DOWNLOAD_SECONDS, UPLOAD_SECONDS) + 1)
    assert refusal(await send(store, fetch, method="GET")) == (403, "address_refused")
    assert refusal(await send(store, upload)) == (403, "address_refused")


@ON_SQLITE
async def test_stores_with_one_seal_key_take_each_others_addresses(store: ServedStore, clock: ManualClock) -> None:
    file = await whole(store)
    elsewhere = Addresses(SEALER, clock, store.root).make(Purpose.DOWNLOAD, file["fileGUID"], 60)
    assert (await send(store, elsewhere, method="GET")).body == DATA
    assert SEALER.derive("addresses of files") != SEALER.derive("anything else")


async def test_what_never_came_and_what_is_temporary_goes_after_a_day(
    store: ServedStore, clock: ManualClock, tmp_path: Path
) -> None:
    kept, never = await whole(store), await announced(store)
    temporary = await announced(store, path="/v1/file/temp")
    assert (await send(store, temporary["signedURL"])).status == 200
    assert len([path for path in (tmp_path / "uploads").rglob("*") if path.is_file()]) == 2
    clock.advance(KEPT_SECONDS + 1)
    await store.services.sweep()
    assert len([path for path in (tmp_path / "uploads").rglob("*") if path.is_file()]) == 1
    assert (await store.client.call("GET", f"/v1/file/{never['key']}")).status == 404
    assert (await store.client.json("GET", f"/v1/file/{kept['key']}"))["fileInS3"] is True


async def test_removed_file_is_gone_at_once_with_its_bytes(store: ServedStore, tmp_path: Path) -> None:
    file = await whole(store)
    assert (await store.client.call("DELETE", f"/v1/device/4711/file/{file['key']}")).status == 404
    assert (await store.client.call("DELETE", f"/v1/device/{store.device}/file/{file['key']}")).body == b""
    assert (await store.client.call("GET", f"/v1/file/{file['key']}")).status == 404
    assert refusal(await send(store, file["fileLocation"], method="GET")) == (403, "address_refused")
    assert [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()] == []


async def test_recording_is_fetched_from_where_it_lies(store: ServedStore, tmp_path: Path) -> None:
    folder = tmp_path / "media" / "main"
    folder.mkdir(parents=True)
    (folder / "a.mp4").write_bytes(DATA)
    clips = store.services.clips
    recorded = make_clip(store.device, file="main/a.mp4", state=ClipState.CLOSED, size=len(DATA), sha256="ab" * 32)
    clip = await clips.index(recorded)
    assert clip.file_id == (await clips.index(replace(recorded, frames=7))).file_id
    (listed,) = await store.client.json("POST", "/v1/videoclip/list", {"deviceID": store.device, "videoClipTypeID": 1})
    assert (listed["fileID"], listed["videoClipStatus"], listed["deviceName"]) == (clip.file_id, 4, "Lobby")
    file = await store.client.json("GET", f"/v1/file/{clip.file_id}")
    assert (file["fileSize"], file["sHA256Hash"], file["filename"]) == (len(DATA), "ab" * 32, "main/a.mp4")
    assert (await send(store, file["fileLocation"], method="GET")).body == DATA
    held = await store.client.call("DELETE", f"/v1/videoclip/{clip.key}")
    assert refusal(held) == (409, "recording_held")

    await clips.mark_removed(["main/a.mp4"])
    (folder / "a.mp4").unlink()
    gone = await store.client.call("GET", f"/v1/file/{clip.file_id}")
    assert refusal(gone) == (404, "file_gone")
    assert "main/a.mp4" in gone.json()["detail"]
    assert refusal(await send(store, file["fileLocation"], method="GET")) == (404, "file_gone")
    assert await store.client.json("POST", "/v1/videoclip/list", {"deviceID": store.device}) == []
    assert (await store.client.json("GET", f"/v1/videoclip/{clip.key}"))["videoClipStatus"] == 5


@ON_SQLITE
async def test_recording_outside_of_the_media_folder_is_none(store: ServedStore, tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "media" / "link.mp4").symlink_to(tmp_path / "secret")
    for name in ("../secret", "link.mp4", str(tmp_path / "secret")):
        clip = await store.services.clips.index(make_clip(store.device, file=name, state=ClipState.CLOSED))
        file = await store.client.json("GET", f"/v1/file/{clip.file_id}")
        assert refusal(await send(store, file["fileLocation"], method="GET")) == (404, "file_gone"), name


@ON_SQLITE
async def test_protected_recording_is_not_removed(store: ServedStore) -> None:
    clip = await store.services.clips.index(make_clip(store.device, state=ClipState.CLOSED, protected=True))
    refused = await store.client.call("DELETE", f"/v1/device/{store.device}/file/{clip.file_id}")
    assert refusal(refused) == (409, "file_protected")


async def test_foreign_devices_see_no_files(store: ServedStore) -> None:
    file = await announced(store)
    foreign = Principal(name="d", role=Role.DEVICE, scope=ScopeKind.DEVICE, scope_key=store.device + 1)
    with pytest.raises(Forbidden, match=r"needs the permission 'read' for a device outside"):
        await store.services.media.files.get(Caller(name="d", principal=foreign), file["key"])


@ON_SQLITE
async def test_wrong_announcements_name_the_field(store: ServedStore) -> None:
    for body, named in (
        ({"deviceSerial": SERIAL, "fileSize": 1, "sHA256Hash": "xyz"}, "sHA256Hash"),
        ({"deviceSerial": SERIAL, "fileSize": -1, "sHA256Hash": "0" * 64}, "fileSize"),
        ({"fileSize": 1, "sHA256Hash": "0" * 64}, "deviceID"),
    ):
        answer = await store.client.call("POST", "/v1/file", body)
        assert (answer.status, answer.json()["errors"][0]["field"]) == (400, named)
    too_large = {"deviceSerial": SERIAL, "fileSize": 2**50, "sHA256Hash": "0" * 64}
    assert refusal(await store.client.call("POST", "/v1/file", too_large)) == (413, "file_too_large")


async def test_repeated_announcement_is_one_file(store: ServedStore) -> None:
    body = {"deviceSerial": SERIAL, "fileSize": 0, "sHA256Hash": hashlib.sha256(b"").hexdigest()}
    keyed = {"Idempotency-Key": "once"}
    first = await store.client.json("POST", "/v1/file", body, headers=keyed)
    assert await store.client.json("POST", "/v1/file", body, headers=keyed) == first
    assert (await send(store, first["fileLocation"], b"")).status == 200


@ON_SQLITE
async def test_sender_that_stops_sending_is_let_go(store: ServedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_routes, "STALLED_SECONDS", 0.05)
    file = await announced(store)
    go_on = asyncio.Event()

    async def stalling() -> AsyncIterator[bytes]:
        yield DATA[:5]
        await go_on.wait()

    async with store.client.session.put(file["fileLocation"], data=stalling()) as response:
        assert response.status == 408
    go_on.set()


@ON_SQLITE
async def test_more_senders_than_places_are_told_to_come_again(store: ServedStore) -> None:
    file = await announced(store)
    store.services.media.files._receiving = asyncio.Semaphore(0)
    answer = await send(store, file["fileLocation"])
    assert refusal(answer) == (429, "too_many_uploads")
    assert answer.headers["Retry-After"]


async def test_file_that_cannot_be_removed_is_tried_again_in_an_hour(
    store: ServedStore, clock: ManualClock, tmp_path: Path
) -> None:
    file = await whole(store)
    path = tmp_path / "uploads" / file["fileGUID"][:2] / file["fileGUID"]
    path.rename(tmp_path / "aside")
    path.mkdir()
    assert (await store.client.call("DELETE", f"/v1/device/{store.device}/file/{file['key']}")).status == 200
    path.rmdir()
    (tmp_path / "aside").rename(path)
    await store.services.sweep()
    assert path.exists()
    clock.advance(3601)
    await store.services.sweep()
    assert not path.exists()


async def test_address_is_not_made_before_it_is_known(tmp_path: Path) -> None:
    async with served_store(tmp_path) as store:
        store.services.media.files._addresses.root = ""
        body = {"deviceSerial": SERIAL, "fileSize": 1, "sHA256Hash": "0" * 64}
        assert refusal(await store.client.call("POST", "/v1/file", body)) == (503, "public_url_unknown")


async def test_leftovers_of_killed_uploads_go_after_a_day(tmp_path: Path) -> None:
    incoming = tmp_path / "uploads" / ".incoming"
    incoming.mkdir(parents=True)
    for name, age in (("old", 90_000), ("new", 10)):
        (incoming / name).touch()
        os.utime(incoming / name, times=(time.time() - age,) * 2)
    await DiskStore(tmp_path / "uploads").sweep()
    assert [path.name for path in incoming.iterdir()] == ["new"]


async def test_store_without_a_place_says_so(tmp_path: Path) -> None:
    async with served_store(tmp_path, places=NO_PLACES) as store:
        body = {"deviceSerial": SERIAL, "fileSize": 1, "sHA256Hash": "0" * 64}
        assert refusal(await store.client.call("POST", "/v1/file", body)) == (503, "uploads_off")


async def test_disk_keeps_room(tmp_path: Path) -> None:
    full = FilePlaces(uploads=DiskStore(tmp_path / "uploads", keep_free=2**60))
    async with served_store(tmp_path, places=full) as store:
        file = await announced(store)
        assert refusal(await send(store, file["fileLocation"])) == (503, NoRoom.code)


def test_with_postgresql_every_replica_must_reach_every_file() -> None:
    assert place_problem(dialect="sqlite", bucket=False, folder_shared=False) == ""
    assert place_problem(dialect="postgresql", bucket=True, folder_shared=False) == ""
    assert place_problem(dialect="postgresql", bucket=False, folder_shared=True) == ""
    assert "media.shared = true" in place_problem(dialect="postgresql", bucket=False, folder_shared=False)
