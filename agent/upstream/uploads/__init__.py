"""Clips, photos and sounds on their way to the upstream: what is sent, when, how fast, and who waits for it."""
