"""The tables of people; see `presets_store.storage.tables`."""

from sqlalchemy import Column, ForeignKey, Table, Text

from presets_store.rules.permissions import Role, ScopeKind
from presets_store.storage.columns import BIG, Coded, key, number, text
from presets_store.storage.metadata import metadata
from presets_store.storage.people.records import UserStatus

users = Table(
    "users",
    metadata,
    key(),
    Column("name", Text, nullable=False, unique=True),
    text("email"),
    text("password_hash"),
    Column("role", Coded(Role), nullable=False),
    Column("scope", Coded(ScopeKind), nullable=False),
    number("scope_key"),
    Column("status", Coded(UserStatus), nullable=False),
    number("created"),
    number("modified"),
    text("created_by"),
    text("modified_by"),
    sqlite_autoincrement=True,
)

sessions = Table(
    "sessions",
    metadata,
    key(),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("user_key", BIG, ForeignKey("users.key", ondelete="CASCADE"), nullable=False, index=True),
    text("browser_guid"),
    number("created"),
    Column("expires", BIG, nullable=False, index=True),
    number("last_seen"),
    sqlite_autoincrement=True,
)

enrolments = Table(
    "enrolments",
    metadata,
    key(),
    Column("token_hash", Text, nullable=False, unique=True),
    text("description"),
    number("group_key"),
    number("device_key"),
    number("created"),
    number("expires"),
    number("used"),
    text("created_by"),
    sqlite_autoincrement=True,
)
