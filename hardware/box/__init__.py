"""The box around the cameras: its USB devices and its power. The agent may import this."""
