"""What events do to the box around the cameras: power, the agent itself, networks, volumes, queues."""
