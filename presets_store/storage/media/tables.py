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
        number("mono", server_default=sql("0")),
        number("clock_correction", server_default=sql("0")),
    ]


def _of_own(table: str) -> list[Index]:
    """A device has a file once among those that it took itself, and finds those that are still to be sent."""
    own, unsent = sql("boot_id <> ''"), sql(f"boot_id <> '' AND {table[:-1]}_status = {int(MediaStatus.ANNOUNCED)}")
    return [
        Index(
            f"uq_{table}_device_key_local_file_path",
            "device_key",
            "local_file_path",
            unique=True,
            sqlite_where=own,
            postgresql_where=own,
        ),
        Index(f"ix_{table}_unsent", "device_key", "start", "key", sqlite_where=unsent, postgresql_where=unsent),
    ]


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
    *_of_own("images"),
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
    *_of_own("audio_clips"),
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
    Index("ix_uploads_requested", "upstream", sqlite_where=sql("requested > 0"), postgresql_where=sql("requested > 0")),
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
