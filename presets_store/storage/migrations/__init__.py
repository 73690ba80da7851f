"""Alembic scripts, run by `presets_store.storage.migrate`."""
