import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presets_store.delivery.guard import ALWAYS_FORBIDDEN, AddressForbidden, AddressRules, rules_of

DEFAULT = AddressRules()


def permitted(address: str, rules: AddressRules = DEFAULT) -> bool:
    try:
        rules.check(address)
    except AddressForbidden:
        return False
    return True


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.0.1", "0.0.0.0", "169.254.169.254", "100.100.100.200", "168.63.129.16", "224.0.0.1",
        "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "ff02::1", "fd00:ec2::254",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:80ff:fffe", "localhost", "", "127.1", "0x7f000001", "2130706433", "1.2.3.4/8",
    ],
)  # fmt: skip
def test_forbidden_from_the_start(address: str) -> None:
    assert not permitted(address)


@pytest.mark.parametrize(
    "address", ["10.0.0.7", "192.168.1.2", "93.184.215.14", "2606:2800::1", "fd12::1", "::ffff:8.8.8.8"]
)
def test_permitted_from_the_start(address: str) -> None:
    assert permitted(address)


def test_settings_forbid_more_and_allow_exceptions() -> None:
    rules = rules_of(["10.0.0.0/8"], ["10.1.0.0/16", "127.0.0.1/32", "::1/128"])
    asked = ("10.0.0.1", "10.1.0.1", "127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1")
    assert [permitted(each, rules) for each in asked] == [False, True, True, False, True, True]
    assert rules_of(**rules.dump()) == rules


FORBIDDEN_V4 = st.sampled_from([each for each in ALWAYS_FORBIDDEN if each.version == 4]).flatmap(
    lambda network: st.integers(int(network[0]), int(network[-1])).map(ipaddress.IPv4Address)
)


@given(FORBIDDEN_V4)
def test_no_way_of_writing_it_gets_through(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    written = [
        str(address),
        f"::ffff:{address}",
        str(ipaddress.IPv6Address((0x0064FF9B << 96) | number)),
        str(ipaddress.IPv6Address((0x2002 << 112) | (number << 80))),
        str(ipaddress.IPv6Address(number)),
    ]
    assert [each for each in written if permitted(each)] == []


@given(st.text(max_size=60))
def test_any_text_is_checked_or_refused(text: str) -> None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        assert not permitted(text)
    else:
        permitted(text)
