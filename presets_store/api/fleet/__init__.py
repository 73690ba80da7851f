"""Routes of groups, agents, health, log messages, settings, streams and notifications."""
