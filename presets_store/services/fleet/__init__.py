"""Groups, agents, health, log messages, settings, streams, notifications."""
