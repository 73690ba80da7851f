"""`cuelight camera find` and `controls`: what this machine has, whether an agent runs or not."""

import asyncio
import importlib
from typing import Annotated, Any

import typer

from agent.cli.cameras.described import CONTROLS, FOUND
from agent.cli.errors import CamerasNotFound
from agent.cli.session import session_of
from hardware.errors import HardwareError

NONE_FOUND = "no camera found: is one plugged in, and is this user in the group 'video'?"

PATIENCE = 30.0
"""Seconds for all cameras together: a driver may hang while it is asked."""

AddressArgument = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="As `find` tells it, or a node such as /dev/video0.")
]

DevicesOption = Annotated[str, typer.Option("--devices", metavar="FOLDER", help="Where the nodes are.")]


def find(context: typer.Context, devices: DevicesOption = "/dev") -> None:
    """Find all cameras of this machine. Needs no running agent.

    The address is what `address` in the settings takes; it stays the same when the camera is plugged in again.
    """
    output = session_of(context).output
    found = found_cameras(devices)
    if output.as_json:
        output.document(found)
        return
    output.table(found["cameras"], FOUND, empty=NONE_FOUND)
    for failure in found["failures"]:
        output.line(failure, "yellow")


def controls(context: typer.Context, address: AddressArgument) -> None:
    """Show the controls of a camera of this machine. Needs no running agent."""
    found = _job(address=address)["cameras"][0]["controls"]
    session_of(context).output.table(found, CONTROLS, empty="this camera has no controls")


def found_cameras(devices: str) -> dict[str, Any]:
    """`cameras`, each described, and `failures`: what kept others from being described. Raises CamerasNotFound."""
    return _job(devices=devices)


def _job(**arguments: str) -> dict[str, Any]:
    run_job = importlib.import_module("hardware.client").run_job  # no other command shall wait for it

    async def run() -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            answer: dict[str, Any] = await run_job("cameras", **arguments)
        return answer

    try:
        return asyncio.run(run())
    except TimeoutError:
        raise CamerasNotFound(reason=f"the driver of a camera did not answer within {PATIENCE:g} s") from None
    except HardwareError as error:
        raise CamerasNotFound(reason=error) from error
