"""`cuelight setup`: says once what this device is, in the state folder; the package's settings file stays as it is."""

from agent.cli.setting_up.command import setup

__all__ = ["setup"]
