"""Files that are sent in parts, because the connection broke: from where the first try ended."""

import asyncio
import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from fakes.served_store import SERIAL, Answer, ServedStore, served_store

DATA = os.urandom(300_000)
HALF = 150_000


async def announced(store: ServedStore, data: bytes = DATA) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    body = {"deviceSerial": SERIAL, "filename": "a.mp4", "fileSize": len(data), "sHA256Hash": digest}
    record: dict[str, Any] = await store.client.json("POST", "/v1/file", body)
    return {**record, "target": record["fileLocation"].removeprefix(store.root)}


class Broken:
    """A connection on which the first bytes of a file were sent, and that is still open."""

    def __init__(self, store: ServedStore, target: str, data: bytes, whole: int, headers: str = "") -> None:
        self._port = int(store.root.rpartition(":")[2])
        self._head = f"PUT {target} HTTP/1.1\r\nHost: hub\r\nContent-Length: {whole}\r\n{headers}\r\n"
        self._data = data

    async def __aenter__(self) -> "asyncio.StreamReader":
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(self._head.encode() + self._data)
        await self._writer.drain()
        return self._reader

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()


async def offset(store: ServedStore, target: str) -> int:
    answer = await store.client.send("HEAD", target)
    assert answer.status == 200
    assert answer.body == b""
    assert answer.headers["Upload-Length"] == str(len(DATA))
    return int(answer.headers["Upload-Offset"])


async def part_of(store: ServedStore, target: str, size: int) -> None:
    """The first bytes of the file are there, and the connection is gone."""
    async with Broken(store, target, DATA[:size], len(DATA)):
        await arrived(store, size)
    for _ in range(500):
        if await offset(store, target) == size:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the part was not kept")


async def arrived(store: ServedStore, size: int) -> None:
    """Until so many bytes are in some file of the folder for uploads."""
    for _ in range(500):
        with suppress(FileNotFoundError):  # one got its name meanwhile
            if size in [path.stat().st_size for path in await uploads_of(store)]:
                return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{size} bytes did not arrive")


async def uploads_of(store: ServedStore) -> list[Path]:
    """All files in the folder for uploads."""
    folder: Path = store.services.media.files._uploads._folder  # type: ignore[union-attr]
    return await asyncio.to_thread(lambda: [path for path in folder.rglob("*") if path.is_file()])


async def rest(store: ServedStore, target: str, first: int, data: bytes = DATA) -> Answer:
    given = {"Content-Range": f"bytes {first}-{len(data) - 1}/{len(data)}"}
    return await store.client.send("PUT", target, data[first:], given)


async def fetched(store: ServedStore, file: dict[str, Any]) -> bytes:
    assert (await store.client.call("POST", f"/v1/file/success/{file['key']}", {"deviceSerial": SERIAL})).status == 200
    there = await store.client.json("GET", f"/v1/file/{file['key']}")
    return (await store.client.send("GET", there["fileLocation"].removeprefix(store.root))).body


@pytest.fixture
async def alone(tmp_path: Path) -> Any:
    async with served_store(tmp_path) as store:
        yield store


async def test_the_rest_makes_it_whole(alone: ServedStore) -> None:
    file = await announced(alone)
    assert await offset(alone, file["target"]) == 0
    await part_of(alone, file["target"], HALF)
    assert (await rest(alone, file["target"], HALF)).status == 200
    assert await offset(alone, file["target"]) == len(DATA)
    assert await fetched(alone, file) == DATA


async def test_it_may_break_again_and_begin_anew(alone: ServedStore) -> None:
    file = await announced(alone)
    await part_of(alone, file["target"], HALF)
    given = f"Content-Range: bytes {HALF}-{len(DATA) - 1}/{len(DATA)}\r\n"
    async with Broken(alone, file["target"], DATA[HALF : HALF + 50_000], len(DATA) - HALF, given):
        await arrived(alone, HALF + 50_000)
    assert await offset(alone, file["target"]) == HALF + 50_000
    assert (await alone.client.send("PUT", file["target"], DATA)).status == 200
    assert await fetched(alone, file) == DATA


async def test_a_part_that_fits_nowhere_is_refused(alone: ServedStore) -> None:
    file = await announced(alone)
    await part_of(alone, file["target"], HALF)
    answer = await rest(alone, file["target"], HALF - 1)
    assert (answer.status, answer.json()["code"]) == (409, "upload_offset_differs")
    answer = await rest(alone, file["target"], HALF + 1)
    assert (answer.status, answer.json()["code"]) == (409, "upload_offset_differs")
    assert await offset(alone, file["target"]) == HALF, "what is here stays"


@pytest.mark.parametrize(
    "given",
    [
        "bytes 150000-299998/300000", "bytes 150000-299999/300001", "bytes 300000-299999/300000", "bytes */300000",
        "bytes 150000-", "items 0-299999/300000", "bytes -1-299999/300000",
    ],
)  # fmt: skip
async def test_a_range_that_is_none_is_refused(alone: ServedStore, given: str) -> None:
    file = await announced(alone)
    answer = await alone.client.send("PUT", file["target"], DATA[HALF:], {"Content-Range": given})
    assert (answer.status, answer.json()["code"]) == (400, "content_range_unusable")


async def test_a_rest_of_another_length_is_refused(alone: ServedStore) -> None:
    file = await announced(alone)
    await part_of(alone, file["target"], HALF)
    given = {"Content-Range": f"bytes {HALF}-{len(DATA) - 1}/{len(DATA)}"}
    assert (await alone.client.send("PUT", file["target"], DATA[HALF:] + b"x", given)).status == 413
    assert (await alone.client.send("PUT", file["target"], DATA[HALF:-1], given)).status == 422


async def test_other_bytes_than_were_announced_are_thrown_away_with_the_part(alone: ServedStore) -> None:
    file = await announced(alone)
    await part_of(alone, file["target"], HALF)
    given = {"Content-Range": f"bytes {HALF}-{len(DATA) - 1}/{len(DATA)}"}
    answer = await alone.client.send("PUT", file["target"], bytes(len(DATA) - HALF), given)
    assert (answer.status, answer.json()["code"]) == (422, "bytes_differ")
    assert await offset(alone, file["target"]) == 0


async def test_whoever_asks_ends_what_is_still_being_sent(alone: ServedStore) -> None:
    file = await announced(alone)
    async with Broken(alone, file["target"], DATA[:HALF], len(DATA)) as reader:
        await arrived(alone, HALF)
        assert await offset(alone, file["target"]) == HALF
        status = await reader.readline()
        assert status.startswith(b"HTTP/1.1 409 "), status
    assert (await rest(alone, file["target"], HALF)).status == 200
    assert await fetched(alone, file) == DATA


async def test_an_address_to_fetch_from_tells_nothing_of_a_sending(alone: ServedStore) -> None:
    file = await announced(alone)
    assert (await alone.client.send("HEAD", file["target"] + "0")).status == 403
    assert (await alone.client.send("PUT", file["target"], DATA)).status == 200
    assert await fetched(alone, file) == DATA
    there = await alone.client.json("GET", f"/v1/file/{file['key']}")
    answer = await alone.client.send("HEAD", there["fileLocation"].removeprefix(alone.root))
    assert answer.status == 200
    assert answer.headers["Content-Length"] == str(len(DATA))
    assert "Upload-Offset" not in answer.headers


async def test_a_part_goes_with_its_file(alone: ServedStore) -> None:
    file = await announced(alone)
    await part_of(alone, file["target"], HALF)
    assert len(await uploads_of(alone)) == 1
    assert (await alone.client.call("DELETE", f"/v1/device/{alone.device}/file/{file['key']}")).status == 200
    assert await uploads_of(alone) == []
