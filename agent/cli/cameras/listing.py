"""`cuelight camera list`: the cameras that the agent has."""

import typer

from agent.cli.options import DeviceOption
from agent.cli.records import CAMERAS
from agent.cli.session import session_of


def list_cameras(context: typer.Context, device: DeviceOption = "") -> None:
    """List the cameras and their states."""
    session = session_of(context)
    cameras = session.client.get(f"/v1/device/{session.device(device)['key']}/cameras")
    session.output.table(cameras, CAMERAS, empty="no cameras; name them in the settings, under [[cameras]]")
