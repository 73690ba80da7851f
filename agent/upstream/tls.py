"""TLS to the upstream: chain and host name by OpenSSL, dates and pins by us.

OpenSSL compares a certificate's dates with the machine's clock, which on a box without a battery is wrong at each boot
although the agent may know better, or not know yet. So its check of dates is left out, and ours takes its place: for
all certificates of the chain that OpenSSL verified, by the agent's clock, or by the Date of the answer while that does
not know the time.
"""

import hashlib
import ssl
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, cast

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from agent.errors import TlsUnusable
from presets_store.clock import Clock

NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL, for which Python has no name."""

_DER = 2


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What the settings name; "" for nothing. `pins`: SHA-256 of the server's public key, lower-case hexadecimal."""

    ca_file: str = ""
    certificate: str = ""
    key: str = ""
    pins: frozenset[str] = frozenset()


class CheckedTls(ssl.SSLObject):
    """One connection. `proven`: the dates of its certificates were compared with a time that is known."""

    proven = False

    def do_handshake(self) -> None:
        """Raises ssl.SSLCertVerificationError for a certificate that is not to be trusted."""
        super().do_handshake()
        cast("CheckedContext", self.context).examine(self)


class CheckedContext(ssl.SSLContext):
    """For connections as a client. `pins` as in TlsFiles; `strict`: without a known time there is no connection."""

    clock: Clock
    pins: Collection[str] = ()
    strict = False

    @classmethod
    def made(cls, clock: Clock, files: TlsFiles, *, strict: bool = False) -> Self:
        """Reads the files, so it blocks. With a `ca_file` no other authority counts. Raises TlsUnusable."""
        context = cls(ssl.PROTOCOL_TLS_CLIENT)
        context.clock, context.pins, context.strict = clock, files.pins, strict
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_flags |= NO_CHECK_TIME
        context.sslobject_class = CheckedTls
        context.set_alpn_protocols(["http/1.1"])
        if files.ca_file:
            context._load_authorities(files.ca_file)
        else:
            context.load_default_certs()
        if files.certificate:
            context._load_certificate(files.certificate, files.key)
        return context

    def examine(self, tls: CheckedTls) -> None:
        """What OpenSSL has left to us, once its handshake is done. Raises ssl.SSLCertVerificationError."""
        chain = _chain(tls)
        if self.pins and (not chain or pin_of(chain[0]) not in self.pins):
            raise refusal("the server's public key is none of those in upstream.pin")
        if self.clock.quality().trusted:
            require_dates(chain, self.clock.now())
            tls.proven = True
        elif self.strict:
            raise refusal("the time is not known yet, so the dates of its certificate cannot be checked")

    def _load_authorities(self, file: str) -> None:
        setting = "upstream.ca_file"
        try:
            self.load_verify_locations(cafile=file)
        except ssl.SSLError as error:
            raise TlsUnusable(reason=f"{setting}: {file}: no PEM file of certificates") from error
        except OSError as error:
            raise TlsUnusable(reason=f"{setting}: {file}: {error.strerror}") from error

    def _load_certificate(self, certificate: str, key: str) -> None:
        for setting, file in (("upstream.client_certificate", certificate), ("upstream.client_key", key)):
            try:
                if file:
                    Path(file).read_bytes()  # OpenSSL does not say which of the two it cannot read
            except OSError as error:
                raise TlsUnusable(reason=f"{setting}: {file}: {error.strerror}") from error
        try:
            self.load_cert_chain(certificate, key or None, password=_no_password)
        except (OSError, ValueError) as error:
            wrong = "no PEM file with a certificate and its own key, which must not be encrypted"
            raise TlsUnusable(reason=f"upstream.client_certificate: {certificate}: {wrong}") from error


def prove(tls: CheckedTls, date: float) -> None:
    """Compares the connection's certificates with the `date` (epoch s) of an answer.

    Raises ssl.SSLCertVerificationError.
    """
    require_dates(_chain(tls), date)
    tls.proven = True


def require_dates(chain: Sequence[x509.Certificate], moment: float) -> None:
    """Raises ssl.SSLCertVerificationError when a certificate of the chain does not hold at `moment` (epoch s)."""
    now = datetime.fromtimestamp(moment, UTC)
    if not chain:
        raise refusal("the server showed no certificate")
    for place, certificate in enumerate(chain):
        whose = "its certificate" if place == 0 else f"the certificate of {certificate.subject.rfc4514_string()}"
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if not begins <= now <= ends:
            raise refusal(f"{whose} holds from {begins:%Y-%m-%d} to {ends:%Y-%m-%d}, and now is {now:%Y-%m-%d}")


def pin_of(certificate: x509.Certificate) -> str:
    """SHA-256 of the certificate's SubjectPublicKeyInfo, lower-case hexadecimal."""
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(key).hexdigest()


def refusal(reason: str) -> ssl.SSLCertVerificationError:
    """As OpenSSL's own, so that it ends the handshake in the same way."""
    error = ssl.SSLCertVerificationError(1, reason)
    error.verify_message = reason
    return error


def _chain(tls: CheckedTls) -> list[x509.Certificate]:
    """The chain that OpenSSL has verified: the server's certificate first, that of the authority last."""
    # A method of the object itself since Python 3.13; before, of what it wraps.
    held: Any = tls if hasattr(tls, "get_verified_chain") else vars(tls)["_sslobj"]
    try:
        return [x509.load_der_x509_certificate(_der(each)) for each in held.get_verified_chain() or ()]
    except ValueError as error:
        raise refusal(f"a certificate cannot be read: {error}") from error


def _der(certificate: Any) -> bytes:
    return certificate if isinstance(certificate, bytes) else bytes(certificate.public_bytes(_DER))


def _no_password() -> str:
    raise ValueError("the key is encrypted")
