"""The eyes: capture, encode, record, in camera host processes. The agent imports `client`, `models`, `errors` only."""
