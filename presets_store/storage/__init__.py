"""Storage on SQLite or PostgreSQL. Repositories are functions of a Core connection, one module per aggregate."""

from presets_store.storage.database import Database, open_database
from presets_store.storage.errors import (
    DatabaseClosed,
    DatabaseDamaged,
    DatabaseForeign,
    LostUpdate,
    MigrationFailed,
    StorageUnavailable,
)

__all__ = [
    "Database",
    "DatabaseClosed",
    "DatabaseDamaged",
    "DatabaseForeign",
    "LostUpdate",
    "MigrationFailed",
    "StorageUnavailable",
    "open_database",
]
