"""Secrets are taken out on every way out: logs, error texts, event results."""

import re
from collections.abc import Mapping, Sequence

HIDDEN = "[redacted]"

_SECRET_NAMES = re.compile(
    r"pass(word|phrase|wd)?$|secret|token|signature|^authorization$|streamkey|stream_key|private|credential|psk$|seal",
    re.IGNORECASE,
)
_URL_CREDENTIALS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]{0,31}://)[^/\s@]+@", re.IGNORECASE)
_URL_SECRETS = re.compile(
    r"(?P<name>[?&](?:[a-z_-]*(?:token|secret|password|passphrase|pass|key|signature|streamid))=)[^&\s\"']+",
    re.IGNORECASE,
)
_STREAM_KEY = re.compile(r"(?P<app>rtmps?://[^/\s]+/(?:[^?\s]*/)?)[^/?\s]+(?:\?\S*)?$", re.IGNORECASE)
"""Where an RTMP address is told alone, what stands last in it may be the key."""

_SIGNATURE = re.compile(r"\b[0-9a-f]{64}\b(?=.*signature)|(?<=X-Signature: )[0-9a-fA-F]+", re.IGNORECASE)


def names_a_secret(name: str) -> bool:
    """Whether what a member of this name holds is a secret."""
    return _SECRET_NAMES.search(name) is not None


def redact_text(text: str) -> str:
    """`text` without URL credentials, secret query values and request signatures."""
    text = _URL_CREDENTIALS.sub(rf"\g<scheme>{HIDDEN}@", text)
    text = _URL_SECRETS.sub(rf"\g<name>{HIDDEN}", text)
    return _SIGNATURE.sub(HIDDEN, text)


def redact(value: object, *, name: str = "") -> object:
    """A copy of JSON-like `value` in which every member with a secret's name, and every secret in a text, is hidden."""
    if name and names_a_secret(name) and value not in (None, "", 0):
        return HIDDEN
    if isinstance(value, str):
        return redact_text(_STREAM_KEY.sub(rf"\g<app>{HIDDEN}", value) if name.casefold() == "url" else value)
    if isinstance(value, Mapping):
        return {key: redact(member, name=str(key)) for key, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [redact(member) for member in value]
    return value
