"""Whether a package is signed with the key of the settings (Ed25519, by openssl)."""

import hashlib
import tempfile
from base64 import b64decode, b64encode
from pathlib import Path

from cuelight_helper.commands import run
from cuelight_helper.errors import Refused

DOMAIN = "cuelight-package-v1"
_SPKI = bytes.fromhex("302a300506032b6570032100")
"""What stands before a raw Ed25519 key in its SubjectPublicKeyInfo."""
_WITHIN = 60.0


def digest_of(path: Path) -> str:
    """SHA-256, hexadecimal; read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(public_key: bytes, signature: str, version: str, architecture: str, sha256: str, work: Path) -> None:
    """Raises Refused. `public_key`: 32 bytes; `signature`: base64; `work`: a folder of root's own."""
    if not public_key:
        raise Refused("update_no_key", "/etc/cuelight/cuelight.toml names no update.public_key: no package is trusted")
    text = f"{DOMAIN}\n{version}\n{architecture}\n{sha256}\n"
    key = b64encode(_SPKI + public_key).decode()
    with tempfile.TemporaryDirectory(dir=work) as name:
        folder = Path(name)
        (folder / "key").write_text(f"-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n")
        (folder / "text").write_text(text)
        (folder / "signature").write_bytes(b64decode(signature))
        asked = ("-inkey", folder / "key", "-in", folder / "text", "-sigfile", folder / "signature")
        done = run(("openssl", "pkeyutl", "-verify", "-pubin", "-rawin", *asked), _WITHIN)
    if not done.fine:
        message = f"the package {version} ({architecture}) is not signed with the key of the settings: {done.told}"
        raise Refused("update_bad_signature", message)
