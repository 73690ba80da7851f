"""What is known of many devices: groups, agents, health, log messages, settings, streams, notifications."""
