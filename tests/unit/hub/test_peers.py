import ipaddress
import socket
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from presets_store.api.errors import NotByProxy
from presets_store.api.keys import SETTINGS
from presets_store.api.people.peers import address_of, came_safely, require_known
from presets_store.api.settings import ApiSettings

PROXIES = (ipaddress.ip_network("10.0.0.0/8"),)


class Transport:
    """The far end of a connection, as the event loop tells of it."""

    def __init__(self, peer: str, *, unix: bool = False, tls: bool = False) -> None:
        family = socket.AF_UNIX if unix else socket.AF_INET
        self._told = {
            "socket": type("Connection", (), {"family": family}),
            "peername": "" if unix else (peer, 40000),
            "ssl_object": object() if tls else None,
            "sslcontext": None,
        }

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._told.get(name, default)


def asked(peer: str, *, proxies: Any = PROXIES, headers: Any = None, **transport: bool) -> web.Request:
    app = web.Application()
    app[SETTINGS] = ApiSettings(version="", proxies=proxies)
    return make_mocked_request("GET", "/", headers, app=app, transport=Transport(peer, **transport))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("10.0.0.9", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.9", "198.51.100.1, 203.0.113.7", "203.0.113.7"),  # the first is what the client says of itself
        ("10.0.0.9", "203.0.113.7, 10.0.0.8", "203.0.113.7"),
        ("10.0.0.9", "", "10.0.0.9"),
        ("10.0.0.9", "unknown", "10.0.0.9"),
        ("::ffff:10.0.0.9", "2001:db8::1", "2001:db8::1"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),  # no proxy of ours: its word counts for nothing
    ],
)
def test_who_asks_through_a_proxy(peer: str, forwarded: str, address: str) -> None:
    assert address_of(asked(peer, headers={"X-Forwarded-For": forwarded})) == address


def test_without_named_proxies_nobody_is_believed() -> None:
    headers = {"X-Forwarded-For": "198.51.100.1", "X-Forwarded-Proto": "https"}
    request = asked("203.0.113.7", proxies=(), headers=headers)
    assert (address_of(request), came_safely(request)) == ("203.0.113.7", False)
    require_known(request)


def test_only_named_proxies_may_ask_where_there_are_any() -> None:
    require_known(asked("10.1.2.3"))
    require_known(asked("", unix=True))
    for peer in ("203.0.113.7", "127.0.0.1"):
        with pytest.raises(NotByProxy):
            require_known(asked(peer))


@pytest.mark.parametrize(
    ("peer", "options", "safe"),
    [
        ("203.0.113.7", {}, False),
        ("203.0.113.7", {"tls": True}, True),
        ("127.0.0.1", {}, True),
        ("", {"unix": True}, True),
        ("10.0.0.9", {"headers": {"X-Forwarded-Proto": "https"}}, True),
        ("10.0.0.9", {"headers": {"X-Forwarded-Proto": "http"}}, False),
        ("10.0.0.9", {}, False),
    ],
)
def test_what_nobody_could_have_read(peer: str, options: dict[str, Any], safe: bool) -> None:
    assert came_safely(asked(peer, **options)) is safe
