"""The signature of a package: Ed25519 over a text that names what it is for."""

from base64 import b64decode, b64encode
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from agent.update.errors import BadSignature

DOMAIN = "cuelight-package-v1"
"""Stands first, so that no signature for anything else fits."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What is signed of a package; `sha256` in lower hexadecimal."""

    version: str
    architecture: str
    sha256: str

    def text(self) -> bytes:
        """The bytes that are signed."""
        return f"{DOMAIN}\n{self.version}\n{self.architecture}\n{self.sha256}\n".encode()


def sign(key: Ed25519PrivateKey, signed: Signed) -> str:
    """The signature in Base64."""
    return b64encode(key.sign(signed.text())).decode()


def verify(public_key: str, signature: str, signed: Signed) -> None:
    """Raises BadSignature. `public_key`: 32 bytes in Base64, `signature`: 64."""
    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode(public_key, validate=True))
        key.verify(b64decode(signature, validate=True), signed.text())
    except (InvalidSignature, ValueError) as error:
        raise BadSignature(version=signed.version, architecture=signed.architecture) from error
