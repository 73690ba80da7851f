"""`cuelight device ...`"""

from typing import Annotated

import typer

from agent.cli.records import DEVICES
from agent.cli.session import session_of

app = typer.Typer(help="Devices that this agent's store knows: its own, and others that presets are copied to.")


@app.command("list")
def list_devices(context: typer.Context) -> None:
    """List the devices."""
    session = session_of(context)
    session.output.table(session.client.get("/v1/device/list"), DEVICES, empty="the agent knows none yet")


@app.command("create")
def create(
    context: typer.Context,
    serial: Annotated[str, typer.Argument(metavar="SERIAL", help="The serial number by which the device reports.")],
    name: Annotated[str, typer.Option("--name", help="Its friendly name. Without: the serial number.")] = "",
) -> None:
    """Make a further device known, so that presets can be copied to it and its reports are taken."""
    session = session_of(context)
    device = session.client.post("/v1/device", {"serialNumber": serial, "deviceName": name or serial})
    session.output.answer(device, f"device {device['key']} ({device['deviceName']}) is known now")
