"""The tables about many devices; see `presets_store.storage.tables`."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Table, Text, UniqueConstraint

from presets_store.storage.columns import BIG, key, number, text
from presets_store.storage.metadata import metadata


def _device() -> Column[int]:
    return Column("device_key", BIG, ForeignKey("devices.key", ondelete="CASCADE"), nullable=False)


device_groups = Table(
    "device_groups",
    metadata,
    key(),
    Column("name", Text, nullable=False, unique=True),
    text("description"),
    number("created"),
    number("modified"),
    text("created_by"),
    text("modified_by"),
    sqlite_autoincrement=True,
)

group_members = Table(
    "group_members",
    metadata,
    key(),
    Column("group_key", BIG, ForeignKey("device_groups.key", ondelete="CASCADE"), nullable=False),
    _device(),
    number("created"),
    UniqueConstraint("group_key", "device_key"),
    Index(None, "device_key"),
    sqlite_autoincrement=True,
)

agents = Table(
    "agents",
    metadata,
    key(),
    _device(),
    number("agent_type_id"),
    number("agent_index"),
    number("current_event_id"),
    number("process_id"),
    text("version"),
    text("agent_name"),
    text("agent_description"),
    text("recent_output"),
    number("last_heard_from_date"),
    number("created"),
    UniqueConstraint("device_key", "agent_type_id", "agent_index"),
    sqlite_autoincrement=True,
)

device_health = Table(
    "device_health",
    metadata,
    key(),
    _device(),
    number("health_date"),
    text("health_json"),
    number("created"),
    Index(None, "device_key", "health_date", "key"),
    sqlite_autoincrement=True,
)

log_messages = Table(
    "log_messages",
    metadata,
    key(),
    _device(),
    number("agent_key"),
    number("agent_type_id"),
    number("agent_index"),
    number("process_id"),
    text("version"),
    text("message"),
    number("message_date"),
    number("created"),
    Index(None, "device_key", "message_date", "key"),
    Index(None, "message_date", "key"),
    sqlite_autoincrement=True,
)

notifications = Table(
    "notifications",
    metadata,
    key(),
    Column("guid", Text, nullable=False, unique=True),
    number("user_key"),
    number("device_key"),
    number("notification_status_id"),
    text("message"),
    Column("seen_in_app", Boolean, nullable=False, default=False),
    number("seen_date"),
    Column("sent_as_email", Boolean, nullable=False, default=False),
    number("sent_as_email_date"),
    Column("is_archived", Boolean, nullable=False, default=False),
    number("created"),
    Index(None, "user_key", "created"),
    Index(None, "created"),
    sqlite_autoincrement=True,
)

device_settings = Table(
    "device_settings",
    metadata,
    key(),
    _device(),
    Column("name", Text, nullable=False),
    text("value"),
    number("created"),
    number("modified"),
    UniqueConstraint("device_key", "name"),
    sqlite_autoincrement=True,
)

user_settings = Table(
    "user_settings",
    metadata,
    key(),
    Column("user_key", BIG, ForeignKey("users.key", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    text("value"),
    number("created"),
    number("modified"),
    UniqueConstraint("user_key", "name"),
    sqlite_autoincrement=True,
)

streams = Table(
    "streams",
    metadata,
    key(),
    _device(),
    number("stream_type_id"),
    number("event_key"),
    text("stream_name"),
    text("stream_path"),
    text("stream_description"),
    text("publish_url"),
    text("read_url"),
    number("last_activity_date"),
    number("action_type_id"),
    number("created"),
    Index(None, "device_key", "last_activity_date"),
    Index(None, "stream_path"),
    sqlite_autoincrement=True,
)
