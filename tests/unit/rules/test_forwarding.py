"""From where a request comes: what stands before a named proxy's word is never believed."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presets_store.rules.forwarding import Address, asking_address, parsed_address

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
PROXY, SECOND, CLIENT, VICTIM = map(ip_address, ("10.0.0.1", "10.0.0.2", "192.0.2.7", "198.51.100.1"))

addresses = st.ip_addresses().filter(lambda address: not any(address in network for network in PROXIES))
header_text = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
lies = st.one_of(
    header_text, st.sampled_from([f"for={VICTIM}", f'for={VICTIM};x="', f'"{VICTIM}', str(VICTIM), ",", '"'])
)


def plain(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def element(address: Address) -> str:
    return f'for="[{address}]:4711"' if isinstance(address, IPv6Address) else f"for={address}"


@given(peer=addresses, forwarded=st.lists(lies, max_size=3), forwarded_for=st.lists(lies, max_size=3))
def test_a_stranger_is_not_believed(peer: Address, forwarded: list[str], forwarded_for: list[str]) -> None:
    assert asking_address(peer, forwarded, forwarded_for, PROXIES) == peer


@given(client=addresses, lie=st.lists(lies, max_size=3), joined=st.booleans())
def test_a_proxy_is_believed_about_its_client_whatever_the_client_says(
    client: Address, lie: list[str], joined: bool
) -> None:
    lists = [*lie, str(client)]
    assert asking_address(PROXY, [], [",".join(lists)] if joined else lists, PROXIES) == plain(client)
    elements = [*lie, element(client)]
    assert asking_address(PROXY, [", ".join(elements)] if joined else elements, [], PROXIES) == plain(client)


@given(client=addresses, lie=st.lists(lies, min_size=1, max_size=3))
def test_the_header_that_the_proxy_does_not_write_makes_nobody_another(client: Address, lie: list[str]) -> None:
    honest = (PROXY, plain(client))
    assert asking_address(PROXY, lie, [str(client)], PROXIES) in honest
    assert asking_address(PROXY, [element(client)], lie, PROXIES) in honest


@pytest.mark.parametrize(
    ("forwarded", "forwarded_for", "found"),
    [
        ([], [], PROXY),
        ([], ["192.0.2.7, 10.0.0.2"], CLIENT),
        ([], ["198.51.100.1, 192.0.2.7", "10.0.0.2"], CLIENT),
        ([], ["192.0.2.7:4711"], CLIENT),
        ([], ["::ffff:192.0.2.7"], CLIENT),
        ([], ["192.0.2.7, unknown"], PROXY),
        ([], ["192.0.2.7, unknown, 10.0.0.2"], SECOND),
        ([], ["10.0.0.9"], ip_address("10.0.0.9")),
        (["For=192.0.2.7;proto=https;by=10.0.0.1"], [], CLIENT),
        (["for=198.51.100.1, for=192.0.2.7"], [], CLIENT),
        (['for="[2001:db8::1]:4711"'], [], ip_address("2001:db8::1")),
        (["for=_hidden"], [], PROXY),
        (["proto=https"], [], PROXY),
        (["for=192.0.2.7;for=198.51.100.1"], [], PROXY),
        (["for=192.0.2.7"], ["192.0.2.7"], CLIENT),
        (["for=198.51.100.1"], ["192.0.2.7"], PROXY),
    ],
)
def test_ways(forwarded: list[str], forwarded_for: list[str], found: Address) -> None:
    assert asking_address(PROXY, forwarded, forwarded_for, PROXIES) == found


@given(header_text)
def test_any_text_is_an_address_or_none(text: str) -> None:
    assert isinstance(parsed_address(text), IPv4Address | IPv6Address | None)


def test_zones_are_left_out() -> None:
    assert parsed_address("fe80::1%eth0") == ip_address("fe80::1")
