"""From where a request comes when proxies stand before the server: what they say counts, not what a client says."""

import ipaddress
from collections.abc import Collection, Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_Hops = list[Address | None]
"""From the client to the last proxy, each as the one after it saw it; None where it does not say."""


def asking_address(
    peer: Address, forwarded: Sequence[str], forwarded_for: Sequence[str], proxies: Collection[Network]
) -> Address:
    """The last address on the way that is none of the `proxies`; `peer` is the other end of the connection.

    `forwarded` and `forwarded_for`: the values of all headers `Forwarded` (RFC 7239) and `X-Forwarded-For`. A proxy
    writes one of the two and passes the other on as the client sent it: where both are there and differ, neither is
    believed, and the answer is `peer`. Whatever stands left of what a named proxy wrote is not looked at.
    """
    ways = []
    if forwarded:
        ways.append([_forwarded_hop(element) for element in ",".join(forwarded).split(",")])
    if forwarded_for:
        ways.append([parsed_address(element) for element in ",".join(forwarded_for).split(",")])
    found = {_last_stranger(peer, way, proxies) for way in ways}
    return found.pop() if len(found) == 1 else peer


def parsed_address(text: str) -> Address | None:
    """`192.0.2.1`, `2001:db8::1`, either with a port (`[2001:db8::1]:4711`); IPv4 in IPv6 as IPv4. Else None."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _last_stranger(peer: Address, hops: _Hops, proxies: Collection[Network]) -> Address:
    for hop in reversed(hops):
        if hop is None or not any(peer in network for network in proxies):
            break
        peer = hop
    return peer


def _forwarded_hop(element: str) -> Address | None:
    # Split at every comma and semicolon, quoted or not: a quote that a client opens must not swallow what a proxy adds.
    pairs = (pair.partition("=") for pair in element.split(";"))
    named = [value for name, _, value in pairs if name.strip().lower() == "for"]
    return parsed_address(named[0].strip().strip('"')) if len(named) == 1 else None
