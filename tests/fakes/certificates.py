"""Authorities and certificates, as short-lived and as wrong as a test wants them."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from agent.upstream.tls import pin_of
from presets_store.clock import RELEASE_EPOCH

NOW = datetime.fromtimestamp(RELEASE_EPOCH, UTC)
DAY = timedelta(days=1)
FROM, UNTIL = NOW - 30 * DAY, NOW + 30 * DAY


@dataclass(frozen=True)
class Certificate:
    """With its private key, and below it in the file the certificates between it and the root."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    above: tuple[x509.Certificate, ...] = ()

    @property
    def pin(self) -> str:
        return pin_of(self.certificate)

    def pem(self, folder: Path, name: str) -> Path:
        """Key and certificates in one file."""
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return self._written(folder / f"{name}.pem", key)

    def public_pem(self, folder: Path, name: str) -> Path:
        return self._written(folder / f"{name}-public.pem", b"")

    def _written(self, file: Path, key: bytes) -> Path:
        file.write_bytes(key + b"".join(each.public_bytes(Encoding.PEM) for each in (self.certificate, *self.above)))
        return file


@dataclass(frozen=True)
class Authority(Certificate):
    @classmethod
    def root(cls, name: str = "House") -> Self:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name)
        made = _build(subject, subject, key.public_key(), FROM - 3650 * DAY, UNTIL + 36500 * DAY, ca=True)
        return cls(made.sign(key, hashes.SHA256()), key)

    def intermediate(self, name: str = "Wing", since: datetime = FROM, until: datetime = UNTIL) -> "Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        made = _build(_name(name), self.certificate.subject, key.public_key(), since, until, ca=True)
        signed = made.sign(self.key, hashes.SHA256())
        return Authority(signed, key, (signed,))

    def issue(self, host: str = "127.0.0.1", since: datetime = FROM, until: datetime = UNTIL) -> Certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        made = _build(_name(host), self.certificate.subject, key.public_key(), since, until, ca=False)
        try:
            named: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            named = x509.DNSName(host)
        made = made.add_extension(x509.SubjectAlternativeName([named]), critical=False)
        return Certificate(made.sign(self.key, hashes.SHA256()), key, self.above)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _build(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, since: datetime, until: datetime, *, ca: bool
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number(), since, until)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )  # fmt: skip
