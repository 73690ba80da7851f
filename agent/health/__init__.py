"""The device's health: what is read, what of it is told, and when."""
