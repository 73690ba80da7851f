"""Addresses of network cameras. Pure: the agent checks them in its settings, the host before a library sees them."""

import re
from urllib.parse import quote, urlsplit

NETWORK_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https")
"""The only ones that are opened: everything else that the library knows could read files or reach other machines."""

SECRET_PLACE = "{secret}"  # noqa: S105  # a place for one
"""Where an address takes the secret when it is not a password: in a path or a query."""

HIDDEN = "[redacted]"

_QUERY_SECRET = re.compile(
    r"(?P<name>[?&][^=&\s]*(?:token|secret|pass|pwd|key|sign|auth)[^=&\s]*=)(?!\{secret\})[^&\s]+", re.IGNORECASE
)


def network_address_problem(address: str) -> str:
    """What is wrong with the address of a network camera, and what would be right; empty when it is fine."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:  # its text may have a part of a password in it
        return "the address cannot be read; one is rtsp://192.0.2.10:554/stream1"
    if parts.scheme not in NETWORK_SCHEMES:
        return f"the address must begin with {'://, '.join(NETWORK_SCHEMES)}://"
    if parts.username is not None or parts.password is not None:
        return "no user or password in the address: set `user`, and keep the password with `cuelight camera secret`"
    if not parts.hostname or port == 0:
        return "the address must name a host: rtsp://192.0.2.10/stream1"
    if any(sign.isspace() or not sign.isprintable() for sign in address):
        return "the address must not contain spaces"
    return ""


def shown_address(text: str) -> str:
    """An address, or a text with addresses in it, without what looks like a secret in a query."""
    return _QUERY_SECRET.sub(rf"\g<name>{HIDDEN}", text)


def address_with(address: str, user: str, secret: str) -> str:
    """The address with user and secret in it, escaped. Not to be shown."""
    if SECRET_PLACE in address:
        address = address.replace(SECRET_PLACE, quote(secret, safe=""))
        secret = ""
    if not user:
        return address
    password = f":{quote(secret, safe='')}" if secret else ""
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{quote(user, safe='')}{password}@{rest}"
