"""Apprise URLs: which are refused, and what of one may be shown. Each of their parts may be a secret."""

import re
from typing import ClassVar, Final
from urllib.parse import urlsplit

from presets_store.errors import CuelightError, Kind

LONGEST_URL: Final = 2_000

LOCAL_SERVICES: Final = frozenset(
    {"dbus", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows", "exec", "file", "memory"}
)
"""What would act on this machine instead of telling anybody."""

_HOSTED: Final = frozenset(
    {
        "apprise",
        "apprises",
        "form",
        "forms",
        "gotify",
        "gotifys",
        "hassio",
        "hassios",
        "json",
        "jsons",
        "mailto",
        "mailtos",
        "matrix",
        "matrixs",
        "mmost",
        "mmosts",
        "mqtt",
        "mqtts",
        "nctalk",
        "nctalks",
        "rocket",
        "rockets",
        "rsyslog",
        "xml",
        "xmls",
    }
)
"""Of these the host is a server's name; elsewhere it may be a token."""

URL_EXAMPLE: Final = "an Apprise URL such as mailtos://USER:PASSWORD@SMTP.EXAMPLE"

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]{0,31})://", re.IGNORECASE)
_UNPRINTABLE: Final = re.compile(r"[\x00-\x20\x7f-\xa0]")
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", re.IGNORECASE)


class UrlUnusable(CuelightError):
    """A channel's URL that cannot be taken. The URL itself is never repeated."""

    code: ClassVar[str] = "channel_url_unusable"
    kind: ClassVar[Kind] = Kind.UNPROCESSABLE
    template: ClassVar[str] = (
        "url {problem}; right would be an Apprise URL such as mailtos://USER:PASSWORD@SMTP.EXAMPLE"
    )


class WebhookUnusable(CuelightError):
    """A webhook's URL that cannot be asked. The URL itself is never repeated."""

    code: ClassVar[str] = "webhook_url_unusable"
    kind: ClassVar[Kind] = Kind.UNPROCESSABLE
    template: ClassVar[str] = (
        "url is no URL that a webhook can have; right would be https://HOST/PATH of up to {longest} characters"
    )


def scheme_of(url: str) -> str:
    """The URL's scheme in lower case. Raises UrlUnusable for what is no URL, or one of this machine's own services."""
    found = _SCHEME.match(url)
    if found is None or len(url) > LONGEST_URL or _UNPRINTABLE.search(url):
        raise UrlUnusable(problem=f"is no URL of up to {LONGEST_URL} printable characters without spaces")
    scheme = found[1].lower()
    if scheme in LOCAL_SERVICES:
        raise UrlUnusable(problem=f"names {scheme}, which would act on this machine")
    return scheme


def check_webhook_url(url: str) -> None:
    """Raises WebhookUnusable for what is no plain http(s) URL with a host."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or len(url) > LONGEST_URL or _UNPRINTABLE.search(url):
        raise WebhookUnusable(longest=LONGEST_URL)


def shown_url(url: str) -> str:
    """`mailto://***@smtp.example`: the scheme, and the host where that is no secret. Raises UrlUnusable."""
    scheme = scheme_of(url)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return f"{scheme}://***"
    if scheme not in _HOSTED or not _HOST.fullmatch(host):
        return f"{scheme}://***"
    named = host if port is None else f"{host}:{port}"
    return f"{scheme}://***@{named}" if parts.username or parts.password else f"{scheme}://{named}"
