"""What the owner of the API may set."""

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

from presets_store.clock import RELEASE_EPOCH
from presets_store.protocol.signing import WINDOW
from presets_store.services.people.sessions import Lifetime

BODY_LIMIT = 1024 * 1024
"""Bytes of a request body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """Settings of one served API; durations in seconds.

    `device_clock` marks a device's own API: while the clock's quality is `unset` or `floor`, every timestamp at or
    above `clock_floor` (epoch s) is taken, and nonces are kept for the whole boot. On a hub the window always applies.
    `body_seconds`: how long a peer may take to send the body of a request. `proxies`: if any are named, requests come
    from these alone, and what they say of who asks is believed.
    """

    version: str
    build_date: str = ""
    signature_window: int = WINDOW
    device_clock: bool = False
    clock_floor: float = RELEASE_EPOCH
    long_poll_hold: float = 60.0
    heartbeat: float = 15.0
    body_seconds: float = 30.0
    session_lifetime: Lifetime = field(default_factory=Lifetime)
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
