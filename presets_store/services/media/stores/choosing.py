"""The place that the settings name for files."""

import asyncio
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

from presets_store.services.media.errors import BucketUnsupported
from presets_store.services.media.stores import FileStore

_MODULE = "presets_store.services.media.stores.bucket"
"""Loaded when needed: botocore costs a process 45 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Which bucket, and the key to it, whose secret `repr` does not print. `endpoint` "": Amazon's of the region.

    `folder` stands before all names, to share a bucket. `path_style`: `https://host/bucket/` instead of
    `https://bucket.host/`, as most others than Amazon want it.
    """

    name: str
    access_key: str
    secret_key: str
    region: str = "us-east-1"
    endpoint: str = ""
    folder: str = ""
    path_style: bool = False

    def __repr__(self) -> str:
        return f"Bucket(name={self.name!r}, endpoint={self.endpoint!r}, folder={self.folder!r})"


class _Module(Protocol):
    BucketStore: Callable[[Bucket], FileStore]


async def open_bucket(bucket: Bucket) -> FileStore:
    """The store for files in `bucket`, which is not asked yet. Raises BucketUnsupported without the extra `hub`."""

    def load() -> FileStore:
        return cast("_Module", importlib.import_module(_MODULE)).BucketStore(bucket)

    try:
        return await asyncio.to_thread(load)
    except ModuleNotFoundError as error:
        raise BucketUnsupported(missing=error.name) from error
