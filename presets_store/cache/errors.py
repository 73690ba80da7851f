"""What can go wrong with the sealed cache once it is open."""

from presets_store.errors import CuelightError, Kind


class CacheUnwritable(CuelightError):
    """Nothing can be kept for now; what was there before can still be read."""

    code = "cache_unwritable"
    kind = Kind.UNAVAILABLE
    template = "the sealed cache {folder!r} cannot be written: {reason}"


class CacheEntryRefused(CuelightError):
    """An entry beyond the limits of the cache."""

    code = "cache_entry_refused"
    kind = Kind.INVALID
    template = "the sealed cache cannot keep {name!r}: {reason}"


class ForeignRow(CuelightError):
    """diskcache was about to read or write something else than bytes in their row."""

    code = "cache_row_foreign"
    template = "the sealed cache holds bytes under text keys, in their rows; refused: {what}"


class ReadBackOtherwise(CuelightError):
    """The disk does not give back what was written."""

    code = "cache_read_back_otherwise"
    template = "{name!r} was written, but something else was read"
