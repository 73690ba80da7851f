"""Secret texts in rows of their own column: sealed as base64, each under a name of its own."""

import base64

from presets_store.sealing import SealBroken, Seals


def seal_text(seals: Seals, name: str, text: str) -> str:
    """`text` as it is stored, to be opened only under the same name; "" stays "", which means none."""
    return base64.b64encode(seals.seal(name, text.encode())).decode() if text else ""


def open_text(seals: Seals, name: str, sealed: str) -> str:
    """What was sealed under `name`. Raises SealBroken."""
    if not sealed:
        return ""
    try:
        raw = base64.b64decode(sealed, validate=True)
    except ValueError as error:
        raise SealBroken(name=name, reason="it is not in base64") from error
    return seals.unseal(name, raw).decode()
