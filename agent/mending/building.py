"""The mender of this device, with everything that it needs."""

import asyncio

from agent.mending.ladder import Policy
from agent.mending.mender import Mender, Tools
from agent.settings import MendingSettings
from agent.startup.hosts import CameraHosts
from agent.startup.incidents import note_incidents
from agent.startup.sealed import SealedState
from hardware.box import power, usb
from hardware.box.errors import UsbResetFailed
from hardware.box.usb import UsbDevice
from hardware.client import run_job
from presets_store.clock import Clock
from presets_store.services.restoring.restore import Incident
from presets_store.storage.database import Database

RESET_WITHIN = 20.0
"""Seconds; the kernel itself gives up after five or so."""


def build_mender(
    settings: MendingSettings, hosts: CameraHosts, sealed: SealedState, clock: Clock, database: Database
) -> Mender:
    """A mender that hears of every camera; its `run` is still to be started."""

    async def find(address: str) -> UsbDevice | None:
        return await asyncio.to_thread(usb.device_of, address)

    async def is_connected(device: UsbDevice) -> bool:
        return await asyncio.to_thread(usb.is_connected, device)

    async def tell(incident: Incident) -> None:
        await note_incidents(database, [incident])

    policy = Policy(usb_resets=settings.usb_resets, reboots=settings.reboots)
    mender = Mender(hosts.clients, policy, sealed, clock, Tools(find, is_connected, reset_usb, power.reboot, tell))
    hosts.tell(mender.told)
    return mender


async def reset_usb(device: UsbDevice) -> None:
    """Resets it in a process of its own: the kernel may keep that for seconds, or for good.

    Raises UsbResetFailed, JobFailed, OSError.
    """
    node = await asyncio.to_thread(usb.node_now, device)
    resetting = asyncio.create_task(run_job("usb_reset", path=str(node)))
    try:
        if not (await asyncio.wait((resetting,), timeout=RESET_WITHIN))[0]:
            raise UsbResetFailed(device=node, reason=f"it took longer than {RESET_WITHIN:g} s")
        resetting.result()
    finally:
        resetting.cancel()  # and not awaited: even a killed process ends when the kernel lets it
