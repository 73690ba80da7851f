"""Telling the world: an outbox, a worker, and a child process that speaks to over a hundred services."""
