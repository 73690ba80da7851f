"""The device's record at its upstream."""

from agent.upstream.answers import read
from agent.upstream.client import SignedClient
from presets_store.protocol.devices import DeviceRecord

DEVICE_PATH = "/v1/device/name"


async def own_record(client: SignedClient, serial: str) -> DeviceRecord:
    """As the upstream has it now. Raises UpstreamUnreachable, UpstreamRefused."""
    return read(client, DeviceRecord, await client.request("POST", DEVICE_PATH, {"deviceName": serial}))
