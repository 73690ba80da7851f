"""The way up: signed requests to another store, and the pump that empties the outbox."""
