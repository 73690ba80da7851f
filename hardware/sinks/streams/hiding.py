"""Keeps what is secret in a stream's address out of every text about it. Pure."""

import re
from urllib.parse import unquote

HIDDEN = "[redacted]"
_SHORTEST = 3
"""Characters; a shorter piece of an address would hide parts of ordinary words."""

_PIECES = re.compile(r"[^/?&=@:#]+")

_BUSY = re.compile(r"already publishing|already exists|name.{0,20}(busy|in use)|badname|streambusy", re.IGNORECASE)
_FORMER = "the server still holds the name for an earlier connection; it is tried again"


class Hiding:
    """Rewrites texts about the stream to `url`: what `label` does not show of it is hidden, and `token`."""

    def __init__(self, url: str, label: str, token: str = "") -> None:
        self._url = url
        self._label = label
        pieces = {form for piece in _PIECES.findall(url) for form in (piece, unquote(piece))}
        secret = {piece for piece in pieces if len(piece) >= _SHORTEST and piece not in label}
        if token:
            secret.add(token)
        self._secrets = sorted(secret, key=len, reverse=True)

    def hide(self, text: str) -> str:
        """`text` in one line, without secrets."""
        text = " ".join(text.split())
        if self._url:
            text = text.replace(self._url, self._label)
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text

    def reason(self, text: str) -> str:
        """Why a connection ended, for people: without secrets, and plain where it is something usual."""
        return _FORMER if _BUSY.search(text) else self.hide(text)
