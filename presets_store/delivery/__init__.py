"""Tells people and programs what happened: the outbox of notifications and webhooks, and what empties it."""
