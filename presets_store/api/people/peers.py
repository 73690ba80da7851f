"""From where a request comes, also through a proxy whose word is taken."""

import socket

from aiohttp import web

from presets_store.api.errors import NotByProxy
from presets_store.api.keys import SETTINGS
from presets_store.rules.forwarding import Address, asking_address, parsed_address

_FORWARDED = "Forwarded"
_FORWARDED_FOR = "X-Forwarded-For"
_FORWARDED_PROTO = "X-Forwarded-Proto"


def address_of(request: web.Request) -> str:
    """The address of who asks, "" on a Unix socket; behind named proxies the last one that is none of them."""
    peer = _peer(request)
    if peer is None:
        return ""
    said, by_most = request.headers.getall(_FORWARDED, ()), request.headers.getall(_FORWARDED_FOR, ())
    return str(asking_address(peer, said, by_most, request.app[SETTINGS].proxies))


def came_safely(request: web.Request) -> bool:
    """Whether nobody on the way could read it: by TLS, a Unix socket, from loopback, or as a named proxy says."""
    peer = _peer(request)
    if peer is None or request.transport is None or request.transport.get_extra_info("ssl_object") is not None:
        return True
    if _is_proxy(request, peer):
        return request.headers.get(_FORWARDED_PROTO, "").lower() == "https"
    return peer.is_loopback


def require_known(request: web.Request) -> None:
    """Where proxies are named, only these may ask in plain HTTP. Raises NotByProxy."""
    peer = _peer(request)
    if request.app[SETTINGS].proxies and peer is not None and not _is_proxy(request, peer):
        raise NotByProxy


def _is_proxy(request: web.Request, peer: Address) -> bool:
    return any(peer in network for network in request.app[SETTINGS].proxies)


def _peer(request: web.Request) -> Address | None:
    """The other end of the connection; None for a Unix socket."""
    transport = request.transport
    connection = transport.get_extra_info("socket") if transport else None
    if transport is None or connection is None or connection.family == socket.AF_UNIX:
        return None
    return parsed_address(transport.get_extra_info("peername")[0])
