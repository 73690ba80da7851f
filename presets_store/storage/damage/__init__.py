"""A SQLite file that is damaged: how that is found out, how it is set aside, what can still be read of it."""
