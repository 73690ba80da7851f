"""The tables of scripts; see `presets_store.storage.tables`."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, LargeBinary, PrimaryKeyConstraint, Table, Text, text

from presets_store.storage.columns import BIG, Coded, key, number
from presets_store.storage.columns import text as text_column
from presets_store.storage.metadata import metadata
from presets_store.storage.scripts.records import DeliveryStatus, ScriptStatus


def _uuid() -> Column[str]:
    return Column("uuid", Text, nullable=False, unique=True)


def _status() -> Column[ScriptStatus]:
    return Column("status", Coded(ScriptStatus), nullable=False)


def _audit() -> tuple[Column[int], Column[int], Column[str], Column[str]]:
    return number("created"), number("modified"), text_column("created_by"), text_column("modified_by")


scripts = Table(
    "scripts",
    metadata,
    key(),
    _uuid(),
    text_column("title"),
    _status(),
    Column("event_name", Text, nullable=False, index=True),
    text_column("reaction"),
    text_column("users"),
    text_column("cameras"),
    text_column("working_time"),
    text_column("extra"),
    text_column("sealed_extra"),
    number("cooldown_seconds"),
    text_column("upstream"),
    number("remote_id"),
    *_audit(),
    sqlite_autoincrement=True,
)

script_events = Table(
    "script_events",
    metadata,
    key(),
    Column("name", Text, nullable=False, unique=True),
    text_column("description"),
    text_column("color"),
    text_column("analytic_type"),
    number("created"),
    text_column("created_by"),
    sqlite_autoincrement=True,
)

analytic_cases = Table(
    "analytic_cases",
    metadata,
    key(),
    _uuid(),
    Column("device_key", BIG, ForeignKey("devices.key", ondelete="CASCADE"), nullable=False, index=True),
    Column("camera_key", BIG, ForeignKey("cameras.key", ondelete="CASCADE"), nullable=False, index=True),
    text_column("analytic_type"),
    text_column("name"),
    text_column("zones"),
    text_column("options"),
    _status(),
    text_column("upstream"),
    number("remote_id"),
    *_audit(),
    sqlite_autoincrement=True,
)

_NAMED = text("external_id <> ''")
_UNTOLD = text("fired > 0 AND told = 0")

triggers = Table(
    "triggers",
    metadata,
    key(),
    _uuid(),
    text_column("event_name"),
    number("device_key"),
    number("camera_key"),
    text_column("source"),
    text_column("external_id"),
    number("occurred"),
    number("received"),
    text_column("clock_quality"),
    text_column("attributes"),
    Column("image", Boolean, nullable=False),
    number("fired"),
    number("told"),
    Index(
        "uq_triggers_source_external_id",
        "source",
        "external_id",
        unique=True,
        sqlite_where=_NAMED,
        postgresql_where=_NAMED,
    ),
    Index("ix_triggers_untold", "key", sqlite_where=_UNTOLD, postgresql_where=_UNTOLD),
    sqlite_autoincrement=True,
)

trigger_images = Table(
    "trigger_images",
    metadata,
    Column("trigger_key", BIG, ForeignKey("triggers.key", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    number("size"),
    Column("jpeg", LargeBinary, nullable=False),
)
"""`size` stands before the picture: SQLite would read all of a row to find what stands behind it."""

script_decisions = Table(
    "script_decisions",
    metadata,
    key(),
    text_column("script_uuid"),
    text_column("trigger_uuid"),
    number("camera_key"),
    number("decided"),
    text_column("outcome"),
    text_column("reason"),
    number("event_key"),
    Index(None, "script_uuid", "key"),
    Index(None, "trigger_uuid"),
    sqlite_autoincrement=True,
)

script_counters = Table(
    "script_counters",
    metadata,
    Column("script_uuid", Text, nullable=False),
    Column("reason", Text, nullable=False),
    number("count"),
    PrimaryKeyConstraint("script_uuid", "reason"),
)

script_firings = Table(
    "script_firings",
    metadata,
    Column("script_uuid", Text, nullable=False),
    Column("camera_key", BIG, nullable=False, autoincrement=False),
    number("last"),
    PrimaryKeyConstraint("script_uuid", "camera_key"),
)
"""When a script made its last event for a camera: what its cooldown counts from."""

channels = Table(
    "channels",
    metadata,
    key(),
    _uuid(),
    Column("user_key", BIG, nullable=False, index=True),
    text_column("user_name"),
    text_column("name"),
    text_column("sealed_url"),
    text_column("shown"),
    Column("device_may_send", Boolean, nullable=False),
    text_column("quiet"),
    _status(),
    text_column("upstream"),
    number("remote_id"),
    *_audit(),
    sqlite_autoincrement=True,
)

_DUE = text("status = 'waiting' OR status = 'held'")
_OF_TRIGGER = text("trigger_uuid <> ''")

deliveries = Table(
    "deliveries",
    metadata,
    key(),
    _uuid(),
    text_column("kind"),
    text_column("script_uuid"),
    text_column("trigger_uuid"),
    number("user_key"),
    text_column("channel_uuid"),
    Column("status", Coded(DeliveryStatus), nullable=False),
    text_column("title"),
    text_column("body"),
    number("more"),
    number("attempts"),
    number("next_try"),
    number("lease"),
    number("created"),
    number("sent"),
    text_column("result"),
    Index("ix_deliveries_due", "next_try", sqlite_where=_DUE, postgresql_where=_DUE),
    Index("ix_deliveries_place", "channel_uuid", "script_uuid", "user_key", sqlite_where=_DUE, postgresql_where=_DUE),
    Index(None, "script_uuid", "user_key", "channel_uuid", "sent"),
    Index(
        "uq_deliveries_trigger",
        "trigger_uuid",
        "script_uuid",
        "user_key",
        "channel_uuid",
        unique=True,
        sqlite_where=_OF_TRIGGER,
        postgresql_where=_OF_TRIGGER,
    ),
    sqlite_autoincrement=True,
)
