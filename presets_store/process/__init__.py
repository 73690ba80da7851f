"""What every long-running process of ours is made of: settings, logs, start and stop. The agent's and the hub's."""
