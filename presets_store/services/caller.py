"""Who asks, and what the request that asks must leave behind in the store."""

from dataclasses import dataclass

from presets_store.rules.permissions import Principal, Role

LOCAL = "local"

TRUSTED = Principal(name=LOCAL, role=Role.ADMIN)
"""A peer on the Unix socket, whom its file permissions let in, and the process itself."""


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
    """Who asks: `name` is an access key, a session's, or `local`; `principal` the user behind it and what he may.

    `nonce` and `idempotency` belong to one request; they are written in the transaction of the write it authorises.
    """

    name: str
    principal: Principal
    nonce: Nonce | None = None
    idempotency: IdempotencyKey | None = None


INSIDE = Caller(name=LOCAL, principal=TRUSTED)
"""The process itself."""
