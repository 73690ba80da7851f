"""The sealed cache: what must be readable first at boot, without network and even if the database is damaged."""

from presets_store.cache.errors import CacheEntryRefused, CacheUnwritable
from presets_store.cache.sealed import CacheReport, SealedCache, open_cache

__all__ = ["CacheEntryRefused", "CacheReport", "CacheUnwritable", "SealedCache", "open_cache"]
