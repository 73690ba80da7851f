"""What can go wrong in storage, as people and peers see it."""

from presets_store.errors import CuelightError, Kind


class LostUpdate(CuelightError):
    """The row was changed by someone else between reading and writing; read it again and decide anew."""

    code = "lost_update"
    kind = Kind.CONFLICT
    template = "{what} {key} was changed by someone else in the meantime"


class StorageUnavailable(CuelightError):
    """The database cannot be reached, or could not carry out the transaction; nothing of it was kept."""

    code = "storage_unavailable"
    kind = Kind.UNAVAILABLE
    template = "the database {database} is not available: {reason}"


class DatabaseDamaged(CuelightError):
    """The database file is not a readable SQLite database."""

    code = "database_damaged"
    kind = Kind.UNAVAILABLE
    template = "the database {database} is damaged: {reason}"


class DatabaseForeign(CuelightError):
    """The database holds something that is not ours, or was written by a newer release."""

    code = "database_foreign"
    kind = Kind.UNAVAILABLE
    template = "the database {database} cannot be used: {reason}"


class MigrationFailed(CuelightError):
    """The schema could not be brought up to date; the database is as it was before."""

    code = "migration_failed"
    kind = Kind.UNAVAILABLE
    template = "the database {database} could not be migrated to revision {revision}: {reason}"


class DatabaseClosed(CuelightError):
    """Work was handed to a database that has been closed."""

    code = "database_closed"
    kind = Kind.UNAVAILABLE
    template = "the database {database} is closed"
