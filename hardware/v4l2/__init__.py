"""Capture from Video4Linux2 devices: the kernel's interface, the nodes, the buffers."""
