"""Which addresses are never asked, whatever a URL says."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Final

from presets_store.errors import CuelightError, Kind

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

ALWAYS_FORBIDDEN: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(each)
    for each in (
        "0.0.0.0/8",
        "127.0.0.0/8",  # this machine, whose services trust it
        "169.254.0.0/16",  # link-local, and the metadata of most clouds
        "100.100.100.200/32",  # metadata elsewhere
        "168.63.129.16/32",
        "192.0.0.192/32",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/127",
        "fd00:ec2::254/128",
        "fd20:ce::254/128",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)
"""Unless the settings allow them."""

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE: Final = ipaddress.ip_network("::/96")


class AddressForbidden(CuelightError):
    """What the URL names is an address that must not be asked."""

    code: ClassVar[str] = "address_forbidden"
    kind: ClassVar[Kind] = Kind.UNPROCESSABLE
    template: ClassVar[str] = (
        "{address} must not be asked: it is forbidden, or not allowed, by [delivery] in the settings"
    )


@dataclass(frozen=True, slots=True)
class AddressRules:
    """`allowed` are exceptions to ALWAYS_FORBIDDEN and to `forbidden`."""

    forbidden: tuple[Network, ...] = ()
    allowed: tuple[Network, ...] = ()

    def check(self, address: str) -> None:
        """Raises AddressForbidden for an address that must not be asked, and for what is no numeric address."""
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError as error:
            raise AddressForbidden(address=address) from error
        if not all(self._permits(each) for each in _meant(parsed)):
            raise AddressForbidden(address=address)

    def _permits(self, address: Address) -> bool:
        return _within(address, self.allowed) or not _within(address, (*ALWAYS_FORBIDDEN, *self.forbidden))

    def dump(self) -> dict[str, list[str]]:
        """As JSON, for another process."""
        return {"forbidden": [*map(str, self.forbidden)], "allowed": [*map(str, self.allowed)]}


def rules_of(forbidden: Iterable[str], allowed: Iterable[str]) -> AddressRules:
    """Of networks in text. Raises ValueError for what is none."""
    return AddressRules(tuple(map(ipaddress.ip_network, forbidden)), tuple(map(ipaddress.ip_network, allowed)))


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _meant(address: Address) -> tuple[Address, ...]:
    """The address, or the IPv4 address that it stands for; of one through a relay both."""
    if not isinstance(address, ipaddress.IPv6Address):
        return (address,)
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    low = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if address in _NAT64 or (address in _COMPATIBLE and int(low) > 1):
        return address, low
    if address.sixtofour is not None:
        return address, address.sixtofour
    if address.teredo is not None:
        return address, address.teredo[1]
    return (address,)
