"""An S3-compatible bucket: files go there and come from there by presigned addresses, never through us.

Imported only where a bucket is configured: botocore (extra `hub`) costs a process 45 MB.
"""

import base64
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from presets_store.services.media.errors import AddressRefused, BytesDiffer, NotUploaded, StoreFailed
from presets_store.services.media.stores.choosing import Bucket
from presets_store.services.media.stores.threads import Threads
from presets_store.storage.media.records import Place, StoredFile

LARGEST = 5 * 1024**3
"""Bytes that S3 takes with one PUT and copies with one request."""

_INCOMING = "incoming/"
"""Where files are sent to: the address to do so lives on after a file was checked, and must not reach that."""

_NOT_FOUND = 404
_CONNECT_SECONDS = 5.0
_READ_SECONDS = 60.0
_ATTEMPTS = 3
_THREADS = 8

Result = TypeVar("Result")


class BucketStore:
    """A file is sent to `incoming/`; when its sender is done the bucket copies it to its place, and hashes it."""

    place = Place.BUCKET
    largest = LARGEST

    def __init__(self, bucket: Bucket) -> None:
        """Blocks for the disk: botocore reads what it knows about S3."""
        self._bucket = bucket
        self._client = _client(bucket)
        self._threads = Threads(_THREADS)

    async def upload_address(self, file: StoredFile, seconds: float) -> str:
        """Takes exactly the bytes that were announced, as far as their number goes."""
        asked = {**self._at(_INCOMING, file), "ContentLength": file.size}
        return await self._run(lambda: self._presigned("put_object", asked, seconds))

    async def download_address(self, file: StoredFile, seconds: float) -> str:
        """Whoever fetches the file is told to keep it, whatever is in it."""
        asked = {
            **self._at("", file),
            "ResponseContentType": "application/octet-stream",
            "ResponseContentDisposition": f"attachment; filename*=UTF-8''{quote(file.filename or file.guid, safe='')}",
        }
        return await self._run(lambda: self._presigned("get_object", asked, seconds))

    async def settle(self, file: StoredFile) -> None:
        """Raises NotUploaded, BytesDiffer, StoreFailed."""
        await self._run(lambda: self._settle(file))

    async def received(self, _file: StoredFile) -> int:
        """Never: raises AddressRefused."""
        raise AddressRefused

    async def receive(self, _file: StoredFile, _pieces: AsyncIterator[bytes], _offset: int = 0) -> None:
        """Never: raises AddressRefused. Files are sent to the bucket itself."""
        raise AddressRefused

    async def path_of(self, _file: StoredFile) -> Path | None:
        return None

    async def sweep(self) -> None:
        """A bucket keeps nothing of what was not sent to its end."""

    async def remove(self, file: StoredFile) -> None:
        await self._run(lambda: self._remove(file))

    def _settle(self, file: StoredFile) -> None:
        size = self._size(self._at(_INCOMING, file))
        if size is None:
            raise NotUploaded(key=file.key)
        if size != file.size:
            raise BytesDiffer(key=file.key, difference=f"{size} of {file.size} bytes came")
        source = self._at(_INCOMING, file)
        copied = self._client.copy_object(**self._at("", file), CopySource=source, ChecksumAlgorithm="SHA256")
        encoded = copied["CopyObjectResult"].get("ChecksumSHA256")
        if encoded is None:
            raise StoreFailed(reason="the bucket tells no SHA-256 of what it copies.")
        found = base64.b64decode(encoded).hex()
        if found != file.sha256:
            self._client.delete_object(**self._at("", file))
            raise BytesDiffer(key=file.key, difference=f"its SHA-256 is {found}")
        self._client.delete_object(**source)

    def _remove(self, file: StoredFile) -> None:
        for folder in (_INCOMING, ""):
            self._client.delete_object(**self._at(folder, file))

    def _size(self, at: dict[str, str]) -> int | None:
        try:
            return int(self._client.head_object(**at)["ContentLength"])
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == _NOT_FOUND:
                return None
            raise

    def _presigned(self, method: str, asked: dict[str, Any], seconds: float) -> str:
        return str(self._client.generate_presigned_url(method, Params=asked, ExpiresIn=int(seconds)))

    def _at(self, folder: str, file: StoredFile) -> dict[str, str]:
        return {"Bucket": self._bucket.name, "Key": f"{self._bucket.folder}{folder}{file.path}"}

    async def _run(self, function: Callable[[], Result]) -> Result:
        try:
            return await self._threads.run(function)
        except (BotoCoreError, ClientError) as error:
            raise StoreFailed(reason=str(error)) from error


def _client(bucket: Bucket) -> Any:
    session = botocore.session.Session()
    config = Config(
        signature_version="s3v4",
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
        s3={"addressing_style": "path" if bucket.path_style else "auto"},
    )
    return session.create_client(
        "s3",
        region_name=bucket.region,
        endpoint_url=bucket.endpoint or None,
        aws_access_key_id=bucket.access_key,
        aws_secret_access_key=bucket.secret_key,
        config=config,
    )
