"""Exchanges an enrolment token at an upstream for a key pair, which is sealed before anybody is told."""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import SecretStr

from agent.enrolment.errors import EnrolmentOverruled
from agent.enrolment.kept import Enrolment, keep_enrolment
from agent.errors import UpstreamUnreachable
from agent.settings import UpstreamSettings
from agent.startup.sealed import SealedState
from agent.upstream.answers import read
from agent.upstream.client import SignedClient
from agent.upstream.credentials import KeyPair
from presets_store.clock import Clock
from presets_store.protocol.people.enrolment import RegisterDevice, RegisteredDevice

REGISTER_PATH = "/v1/register/device"
NOBODY = KeyPair("enrolment", "")
"""The token is what lets in: nobody looks at the signature of this request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What a device tells of itself when it is enrolled."""

    serial: str
    name: str


def require_room(configured: UpstreamSettings, url: str) -> None:
    """Raises EnrolmentOverruled where an enrolment at `url` would change nothing, before the token is spent."""
    if configured.access_key:
        raise EnrolmentOverruled(setting="access_key", remedy="remove it and secret_key there first")
    if configured.url not in ("", url):
        raise EnrolmentOverruled(setting="url", remedy=f"it is {configured.url}, not {url}")


async def exchange(
    token: SecretStr, client: SignedClient, device: Device, sealed: SealedState, clock: Clock
) -> tuple[RegisteredDevice, Enrolment]:
    """The device's record there, and what is kept now in place of any pair before.

    Raises UpstreamUnreachable, UpstreamRefused (a token that opens nothing), what the cache raises. When it fails after
    the token was taken, another token is needed, made for this device.
    """
    body = RegisterDevice(token=token.get_secret_value(), serial_number=device.serial, device_name=device.name)
    answer = await client.request("POST", REGISTER_PATH, body.dump())
    made = read(client, RegisteredDevice, answer)
    if not (made.access_key and made.secret_key):
        raise UpstreamUnreachable(url=client.shown_url, reason="its answer has no key pair")
    since = clock.now() if clock.quality().trusted else 0.0
    enrolment = Enrolment(url=client.url, pair=KeyPair(made.access_key, made.secret_key), since=since)
    await keep_enrolment(sealed, enrolment)
    return made, enrolment


ClientFor = Callable[[str, KeyPair], SignedClient]
"""Makes a client of the upstream at this address, which signs with this pair."""
