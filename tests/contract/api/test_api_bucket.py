"""Files in an S3-compatible bucket: the same requests, and none of the bytes through us."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes.bucket_server import NAME, bucket_server, client_of
from fakes.served_store import SERIAL, ServedStore, served_store

from presets_store.clock import SystemClock
from presets_store.services.media.stores import FilePlaces
from presets_store.services.media.stores.bucket import LARGEST
from presets_store.services.media.stores.choosing import Bucket, open_bucket

DATA = b"film" * 1000


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with bucket_server() as made:
        yield made


@pytest.fixture
async def store(tmp_path: Path, bucket: Bucket) -> AsyncIterator[ServedStore]:
    uploads = await open_bucket(replace(bucket, folder=f"{tmp_path.name}/"))
    async with served_store(tmp_path, SystemClock(trusted=True), places=FilePlaces(uploads=uploads)) as served:
        yield served


def names(bucket: Bucket, tmp_path: Path) -> list[str]:
    client = client_of(bucket)
    listed = client.list_objects_v2(Bucket=NAME, Prefix=f"{tmp_path.name}/").get("Contents", [])
    client.close()
    return [each["Key"].removeprefix(f"{tmp_path.name}/") for each in listed]


async def announced(store: ServedStore, data: bytes = DATA, path: str = "/v1/file") -> dict[str, Any]:
    body = {"deviceSerial": SERIAL, "filename": "ü.mp4", "fileSize": len(data)}
    made: dict[str, Any] = await store.client.json(
        "POST", path, {**body, "sHA256Hash": hashlib.sha256(data).hexdigest()}
    )
    return made


async def put(store: ServedStore, address: str, data: bytes = DATA) -> int:
    async with store.client.session.put(address, data=data, skip_auto_headers=["Content-Type"]) as response:
        return response.status


async def test_file_goes_to_the_bucket_and_comes_from_there(store: ServedStore, bucket: Bucket, tmp_path: Path) -> None:
    file = await announced(store)
    path, success = f"/v1/file/{file['key']}", f"/v1/file/success/{file['key']}"
    assert file["fileLocation"].startswith(f"{bucket.endpoint}/{NAME}/")
    assert (await store.client.call("POST", success)).json()["code"] == "not_uploaded"
    assert await put(store, file["fileLocation"]) == 200
    assert (await store.client.call("POST", success)).status == 200
    assert await asyncio.to_thread(names, bucket, tmp_path) == [f"{file['fileGUID'][:2]}/{file['fileGUID']}"]
    there = await store.client.json("GET", path)
    async with store.client.session.get(there["fileLocation"], headers={"Range": "bytes=0-3"}) as response:
        assert (response.status, await response.read()) == (206, b"film")
        assert response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''%C3%BC.mp4"
        assert response.headers["Content-Type"] == "application/octet-stream"
    assert (await store.client.call("DELETE", f"/v1/device/{store.device}/file/{file['key']}")).status == 200
    assert await asyncio.to_thread(names, bucket, tmp_path) == []


@pytest.mark.parametrize("sent", [DATA[:-1] + b"!", DATA[:-1]], ids=["changed", "cut"])
async def test_other_bytes_are_not_taken(store: ServedStore, bucket: Bucket, tmp_path: Path, sent: bytes) -> None:
    file = await announced(store)
    await put(store, file["fileLocation"], sent)
    answer = await store.client.call("POST", f"/v1/file/success/{file['key']}")
    assert (answer.status, answer.json()["code"]) == (422, "bytes_differ")
    assert f"{file['fileGUID'][:2]}/{file['fileGUID']}" not in await asyncio.to_thread(names, bucket, tmp_path)


async def test_address_to_send_to_does_not_reach_what_was_checked(store: ServedStore) -> None:
    file = await announced(store)
    await put(store, file["fileLocation"])
    await store.client.call("POST", f"/v1/file/success/{file['key']}")
    await put(store, file["fileLocation"], b"evil" * 1000)
    there = await store.client.json("GET", f"/v1/file/{file['key']}")
    async with store.client.session.get(there["fileLocation"]) as response:
        assert await response.read() == DATA


async def test_temporary_file_and_largest_one(store: ServedStore, bucket: Bucket, tmp_path: Path) -> None:
    made = await announced(store, path="/v1/file/temp")
    assert await put(store, made["signedURL"]) == 200
    (name,) = await asyncio.to_thread(names, bucket, tmp_path)
    assert name.startswith("incoming/")
    body = {"deviceSerial": SERIAL, "fileSize": LARGEST + 1, "sHA256Hash": "0" * 64}
    assert (await store.client.call("POST", "/v1/file", body)).status == 413


async def test_bucket_out_of_reach_is_told_without_its_secret(tmp_path: Path, bucket: Bucket) -> None:
    lost = replace(bucket, endpoint="http://127.0.0.1:9", secret_key="do-not-tell")
    assert "do-not-tell" not in repr(lost)
    uploads = await open_bucket(lost)
    async with served_store(tmp_path, SystemClock(trusted=True), places=FilePlaces(uploads=uploads)) as store:
        file = await announced(store)
        answer = await store.client.call("POST", f"/v1/file/success/{file['key']}")
        assert (answer.status, answer.json()["code"]) == (503, "file_store_unavailable")
        assert b"do-not-tell" not in answer.body
