"""What keeps a hub from starting."""

from presets_store.errors import CuelightError, Kind


class SealKeyMissing(CuelightError):
    """Another replica has a seal key; a new one would open nothing."""

    code = "seal_key_missing"
    kind = Kind.UNAVAILABLE
    template = "there is no seal key at {path}, but the database is sealed with one: copy the file of another replica"


class SealKeyDiffers(CuelightError):
    """The key file is not the one with which the secrets in the database are sealed."""

    code = "seal_key_differs"
    kind = Kind.UNAVAILABLE
    template = "the seal key at {path} is not that of the database ({reason}): all replicas need the same file"


class AddressUnusable(CuelightError):
    """Nothing can be served at the address of the settings."""

    code = "address_unusable"
    kind = Kind.UNAVAILABLE
    template = "port {port} of {host} cannot be served: {reason}"


class CertificateUnusable(CuelightError):
    """The certificate or its key cannot be read."""

    code = "certificate_unusable"
    kind = Kind.UNAVAILABLE
    template = "tls: {cert} with {key} cannot be used: {reason}"
