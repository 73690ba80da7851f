"""Who asks, and what the request that asks must leave behind in the store."""

from dataclasses import dataclass

LOCAL = "local"


@dataclass(slots=True, kw_only=True)
class Nonce:
    """A signed request's nonce, to be spent once; `expires` in microseconds. `durable`: the store has it for good."""

    value: str
    expires: int
    durable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """The caller's name for one write. `request_hash` tells a retry from another request with the same key."""

    value: str
    request_hash: str
    expires: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The principal of a request: an access key, or `local` for a peer on the Unix socket and for the agent itself.

    `nonce` and `idempotency` belong to one request; they are written in the transaction of the write it authorises.
    """

    name: str
    nonce: Nonce | None = None
    idempotency: IdempotencyKey | None = None


INSIDE = Caller(name=LOCAL)
"""The process itself."""
