"""The first tables. Written out, not taken from `tables.py`: a migration must stay what it was."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _key() -> sa.Column[int]:
    return sa.Column("key", BIG, autoincrement=True, nullable=False)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, BIG, nullable=False) for name in names]


def _others(kind: type[sa.types.TypeEngine[Any]], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def _primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name="_".join(("uq", table, *columns)))


def _parent(table: str, column: str, parent: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{parent}.key"], name=f"fk_{table}_{column}", ondelete=ondelete)


def _index(table: str, *columns: str) -> None:
    op.create_index("_".join(("ix", table, *columns)), table, list(columns))


def upgrade() -> None:
    _create_devices()
    _create_cameras()
    _create_presets()
    _create_events()
    _create_outbox()
    _create_clips()
    _create_keys()
    _create_meta()


def _create_devices() -> None:
    op.create_table(
        "devices",
        _key(),
        *_texts("guid", "serial_number", "device_name", "device_description", "recent_output", "camera_status"),
        *_texts("last_ip_address", "tunnel_ip_address", "location", "audio_channel_name", "created_by", "modified_by"),
        *_numbers("device_type_id", "last_heard_from_date", "offline_notification_date", "software_date"),
        *_numbers("setup_status", "auto_send_files", "run_startup_event", "device_ready_event_preset_id"),
        *_numbers("standalone_event_preset_id", "log_health", "run_analytics", "volume", "comment_list_id"),
        *_numbers("created", "modified"),
        *_others(sa.Boolean, "is_archived", "own"),
        _primary("devices", "key"),
        _unique("devices", "guid"),
        _unique("devices", "serial_number"),
        sqlite_autoincrement=True,
    )


def _create_cameras() -> None:
    op.create_table(
        "cameras",
        _key(),
        *_numbers("device_key"),
        *_others(sa.Integer, "camera_index"),
        *_texts("camera_id", "name", "address", "backend", "capabilities", "state"),
        _primary("cameras", "key"),
        _parent("cameras", "device_key", "devices", ondelete="CASCADE"),
        _unique("cameras", "device_key", "camera_index"),
        _unique("cameras", "device_key", "camera_id"),
        sqlite_autoincrement=True,
    )


def _create_presets() -> None:
    op.create_table(
        "presets",
        _key(),
        sa.Column("device_key", BIG, nullable=True),
        *_texts("uuid", "event_preset_name", "event_parameters", "result", "tag_string", "created_by", "modified_by"),
        *_numbers("device_group_id", "agent_type_id", "agent_id", "event_type_id", "process_id", "priority"),
        *_numbers("expiration_epoch", "attempt_number", "max_attempts", "tag_number", "created", "modified"),
        *_others(sa.SmallInteger, "event_status"),
        *_others(sa.Float, "percent_complete"),
        _primary("presets", "key"),
        _parent("presets", "device_key", "devices"),
        _unique("presets", "uuid"),
        sqlite_autoincrement=True,
    )
    _index("presets", "device_key")


def _create_events() -> None:
    op.create_table(
        "events",
        _key(),
        *_texts("uuid", "event_parameters", "result", "tag_string", "upstream", "cause", "holder", "checkout_token"),
        *_texts("boot_id", "clock_quality", "created_by", "modified_by"),
        *_numbers("device_key", "agent_type_id", "event_type_id", "server_event", "agent_id", "process_id", "priority"),
        *_numbers("expiration_epoch", "attempt_number", "max_attempts", "tag_number", "lease_until"),
        *_numbers("created", "modified", "started", "ended"),
        *(sa.Column(name, BIG, nullable=True) for name in ("remote_id", "preset_key", "group_run_id")),
        *_others(sa.SmallInteger, "event_status"),
        *_others(sa.Float, "percent_complete"),
        *_others(sa.Boolean, "late"),
        _primary("events", "key"),
        _parent("events", "device_key", "devices"),
        _unique("events", "uuid"),
        _unique("events", "upstream", "remote_id"),
        sqlite_autoincrement=True,
    )
    _index("events", "event_status", "device_key", "priority", "key")
    _index("events", "device_key", "key")


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        _key(),
        *_numbers("event_key", "created", "attempts", "not_before"),
        *_texts("event_uuid", "destination", "kind", "body", "last_error"),
        _primary("outbox", "key"),
        _parent("outbox", "event_key", "events"),
        sqlite_autoincrement=True,
    )
    _index("outbox", "event_key")
    _index("outbox", "destination", "key")


def _create_clips() -> None:
    op.create_table(
        "clips",
        _key(),
        sa.Column("event_key", BIG, nullable=True),
        *_texts("uuid", "event_uuid", "camera_id", "file", "state", "codec", "sha256", "clock_quality", "boot_id"),
        *_numbers("device_key", "attempt", "segment_index", "width", "height", "bitrate", "frames", "dropped", "size"),
        *_numbers("start", "created"),
        *_others(sa.SmallInteger, "video_clip_status"),
        *_others(sa.Float, "rate", "seconds"),
        *_others(sa.Boolean, "encoded"),
        _primary("clips", "key"),
        _parent("clips", "device_key", "devices"),
        _parent("clips", "event_key", "events", ondelete="SET NULL"),
        _unique("clips", "uuid"),
        _unique("clips", "file"),
        sqlite_autoincrement=True,
    )
    _index("clips", "event_key")
    _index("clips", "event_uuid")
    _index("clips", "device_key", "start")


def _create_keys() -> None:
    op.create_table(
        "keys",
        *_texts("access_key", "description", "status"),
        *_others(sa.LargeBinary, "sealed_secret"),
        *_numbers("created"),
        _primary("keys", "access_key"),
    )
    op.create_table(
        "nonces",
        *_texts("access_key", "nonce"),
        *_numbers("expires"),
        _primary("nonces", "access_key", "nonce"),
    )
    _index("nonces", "expires")
    op.create_table(
        "idempotency",
        *_texts("access_key", "idempotency_key", "request_hash", "body"),
        *_numbers("expires"),
        _primary("idempotency", "access_key", "idempotency_key"),
    )
    _index("idempotency", "expires")


def _create_meta() -> None:
    op.create_table("meta", *_texts("name", "value"), _primary("meta", "name"))
