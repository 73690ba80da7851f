"""The whole schema: importing this module knows every table, which migrations and their tests need."""

from presets_store.storage import tables
from presets_store.storage.fleet import tables as fleet
from presets_store.storage.media import tables as media
from presets_store.storage.metadata import metadata
from presets_store.storage.people import tables as people
from presets_store.storage.scripts import tables as scripts

__all__ = ["fleet", "media", "metadata", "people", "scripts", "tables"]
