"""What a hub holds: waiting requests, event cycles, and their cost as the store grows, against the bare frameworks."""
