"""The device's enrolment, built."""

from agent.enrolment.enrolling import Enrolling
from agent.enrolment.exchanging import ClientFor, Device
from agent.enrolment.rotating import Rotation
from agent.settings import UpstreamSettings
from agent.startup.sealed import SealedState
from agent.upstream.building import UpstreamLink, transport_to
from agent.upstream.client import SignedClient
from agent.upstream.credentials import Credentials, KeyPair
from presets_store.clock import Clock


def build_enrolling(
    configured: UpstreamSettings, device: Device, sealed: SealedState, clock: Clock, link: UpstreamLink | None
) -> Enrolling:
    """`configured`: the upstream as the settings alone have it."""
    client_for = clients_of(configured, clock)
    rotation = None
    if link is not None and not configured.access_key:  # a pair in the settings is its owner's to change
        url = link.client.url
        rotation = Rotation(sealed, link.client, link.peer, clock, lambda pair: client_for(url, pair))
    return Enrolling(configured, device, sealed, clock, client_for, rotation)


def clients_of(configured: UpstreamSettings, clock: Clock) -> ClientFor:
    """Clients with the TLS and the proxy of the settings."""

    def made(url: str, pair: KeyPair) -> SignedClient:
        credentials = Credentials(pair.access_key, pair.secret)
        return SignedClient(url, credentials, clock, transport=transport_to(url, configured, clock))

    return made
