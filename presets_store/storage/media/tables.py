"""The tables of uploaded media; see `presets_store.storage.tables`."""

from typing import Any

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, SmallInteger, Table, Text
from sqlalchemy import text as sql

from presets_store.protocol.statuses import MediaStatus
from presets_store.storage.columns import BIG, Coded, key, number, text
from presets_store.storage.media.records import Place
from presets_store.storage.metadata import metadata


def _device() -> Column[int]:
    return Column("device_key", BIG, ForeignKey("devices.key", ondelete="CASCADE"), nullable=False)


def _recorded_here() -> list[Column[Any]]:
    """What only the device itself knows of what it took; empty of all else."""
    return [
        text("sha256", server_default=sql("''")),
        text("clock_quality", server_default=sql("''")),
        text("boot_id", server_default=sql("''")),
        number("clock_correction", server_default=sql("0")),
    ]


def _once(table: str) -> Index:
    """A device has a file once among those that it took itself."""
    return Index(
        f"uq_{table}_device_key_local_file_path",
        "device_key",
        "local_file_path",
        unique=True,
        sqlite_where=sql("boot_id <> ''"),
        postgresql_where=sql("boot_id <> ''"),
    )


files = Table(
    "files",
    metadata,
    key(),
    Column("guid", Text, nullable=False, unique=True),
    _device(),
    text("filename"),
    text("sha256"),
    number("size"),
    Column("place", Coded(Place), nullable=False),
    Column("path", Text, nullable=False),
    Column("status", Coded(MediaStatus), nullable=False),
    Column("temporary", Boolean, nullable=False, default=False),
    number("uploaded"),
    number("expires"),
    number("created"),
    Index(None, "device_key", "key"),
    Index(None, "expires"),
    sqlite_autoincrement=True,
)

images = Table(
    "images",
    metadata,
    key(),
    _device(),
    number("file_id"),
    Column("image_status", Coded(MediaStatus), nullable=False),
    number("image_type_id"),
    text("local_file_path"),
    number("height"),
    number("width"),
    number("size"),
    number("start"),
    text("event_uuid"),
    text("camera_id", server_default=sql("''")),
    *_recorded_here(),
    number("created"),
    Index(None, "device_key", "start"),
    Index(None, "file_id"),
    _once("images"),
    sqlite_autoincrement=True,
)

audio_clips = Table(
    "audio_clips",
    metadata,
    key(),
    _device(),
    number("file_id"),
    Column("audio_clip_status", Coded(MediaStatus), nullable=False),
    number("audio_clip_type_id"),
    text("audio_clip_parameters"),
    text("local_file_path"),
    number("size"),
    number("bitrate"),
    number("start"),
    Column("seconds", Float, nullable=False, default=0.0),
    text("event_uuid", server_default=sql("''")),
    *_recorded_here(),
    number("created"),
    Index(None, "device_key", "start"),
    Index(None, "file_id"),
    _once("audio_clips"),
    sqlite_autoincrement=True,
)

uploads = Table(
    "uploads",
    metadata,
    # An ItemType: video clip, image or audio clip; and the key of one.
    Column("item_type_id", SmallInteger, primary_key=True, autoincrement=False),
    Column("item_key", BIG, primary_key=True, autoincrement=False),
    Column("upstream", Text, primary_key=True),
    number("remote_item_id"),
    number("remote_file_id"),
    text("file_location"),
    number("requested"),
)

tags = Table(
    "tags",
    metadata,
    key(),
    Column("name", Text, nullable=False),
    Column("folded", Text, nullable=False, unique=True),
    number("created"),
    sqlite_autoincrement=True,
)

tag_links = Table(
    "tag_links",
    metadata,
    # An ItemType: video clip, image or audio clip; and the key of one.
    Column("item_type_id", SmallInteger, primary_key=True),
    Column("item_key", BIG, primary_key=True),
    Column("tag_key", BIG, ForeignKey("tags.key", ondelete="CASCADE"), primary_key=True),
    Index(None, "tag_key", "item_type_id", "item_key"),
)
