"""The brain: presets, events and devices; rules, storage, HTTP API."""

__version__ = "0.1.0"
