"""Addresses that files are sent to and fetched from, which give access by themselves: pure."""

from urllib.parse import urlsplit

from presets_store.process.settings import LOOPBACK


def is_safe(address: str) -> bool:
    """Over TLS, or within this machine."""
    return is_encrypted(address) or is_local(address)


def is_encrypted(address: str) -> bool:
    """Over TLS, to some host."""
    scheme, host = _parts(address)
    return scheme == "https" and bool(host)


def is_local(address: str) -> bool:
    """Plain, within this machine."""
    scheme, host = _parts(address)
    return scheme == "http" and host in LOOPBACK


def _parts(address: str) -> tuple[str, str]:
    """Scheme and host; both "" of what is no address."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", ""
    return parts.scheme, parts.hostname or ""


def shown(address: str) -> str:
    """An address without what gives access."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "an address that is none"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
