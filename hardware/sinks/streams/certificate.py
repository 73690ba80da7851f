"""A certificate for one WebRTC connection, whose fingerprint the other side gets: nobody else vouches for it."""

import os
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_VALID = timedelta(days=30)
_SKEW = timedelta(days=1)
"""The clocks of the two sides may differ."""


def certificate_files() -> tuple[str, str]:
    """Paths of certificate and key in PEM, of memory, for this process only and as long as it lives.

    The curve is the one that every WebRTC implementation must know (RFC 8827); FFmpeg's own choice is not.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "WebRTC")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _VALID)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return _in_memory("certificate", certificate.public_bytes(serialization.Encoding.PEM)), _in_memory("key", private)


def _in_memory(name: str, content: bytes) -> str:
    fd = os.memfd_create(name)
    os.write(fd, content)
    return f"/proc/self/fd/{fd}"
