"""`[update]` of the settings."""

from base64 import b64decode
from typing import Annotated

from pydantic import AfterValidator

from presets_store.process.settings import Section

KEY_BYTES = 32


def _public_key(text: str) -> str:
    try:
        size = len(b64decode(text, validate=True))
    except ValueError:
        size = -1
    if text and size != KEY_BYTES:
        raise ValueError("give the key as `cuelight package key` tells it: 32 bytes in Base64")
    return text


class UpdateSettings(Section):
    """`public_key`: whose packages may be installed (Ed25519); "": nobody's. `allow_downgrade`: older ones, too."""

    public_key: Annotated[str, AfterValidator(_public_key)] = ""
    allow_downgrade: bool = False
