"""What a route says about itself, next to its handler: the OpenAPI document is made from it, and who needs no key."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import UnionType
from typing import Any, Final, TypeVar

from aiohttp import web

from presets_store.api.errors import NotOffered
from presets_store.api.settings import BODY_LIMIT
from presets_store.errors import CuelightError
from presets_store.protocol.base import WireModel
from presets_store.protocol.errors import (
    AgentTypeMismatch,
    BadParameters,
    UnknownAgentType,
    UnknownEventType,
)
from presets_store.rules.targeting import DeviceMismatch, DeviceNotUnique, DeviceUnknown

Shape = type[WireModel] | type[list[Any]] | type[dict[str, Any]] | UnionType | None
"""A body: a record, `list[Record]`, `Record | Other`, `dict[str, Any]`; `Record | None` may be empty, None is."""

NAMED_DEVICE: Final = (DeviceUnknown, DeviceMismatch, DeviceNotUnique)
"""What naming a device by key, serial number or name may be refused with."""
NAMED_TYPE: Final = (UnknownEventType, UnknownAgentType, AgentTypeMismatch, BadParameters)
"""What naming an event type, with its parameters, may be refused with."""

_ATTRIBUTE: Final = "operation"
H = TypeVar("H")


class Access(Enum):
    """Who is answered: anyone; signed requests, sessions and the Unix socket; these and links; whoever has a file's
    address, a user's password (in a header, or as CREDENTIALS in the body), an enrolment token, a token of a media
    server.

    `authentication.authenticate` sees to it, and the services to what each may do. A route for links names what they
    open by the variable `camera`. What an address, a password or a token allows its handler asks; only a file may have
    more than a body's bytes.
    """

    ANYONE = "anyone"
    SIGNED = "signed"
    LINK = "link"
    ADDRESS = "address"
    PASSWORD = "password"  # noqa: S105 - the name of one
    CREDENTIALS = "credentials"
    ENROLMENT = "enrolment"
    TOKEN = "token"  # noqa: S105 - the name of one


@dataclass(frozen=True, slots=True)
class Operation:
    """The decorator of a handler. The handler's docstring is the description, its module's the group's.

    `media`: the types of an answer that is no record, but a picture or the like; with `ranges` parts of it can be had.
    `writes`: takes an Idempotency-Key. `headers`: optional ones of our own agent. `variables`: what a variable of the
    path is, or the words that it may be, where the group does not say it. `errors`: what the route may be refused with,
    beside what every route may; a class stands for its subclasses too. `identifier`: a name for the operation, where
    that of its path is taken. `status`: of a success, where the scripts contract has another one than 200.
    `body_limit`: bytes that a request may have, where that is more than elsewhere.
    """

    summary: str
    body: Shape = None
    query: type[WireModel] | None = None
    answer: Shape = None
    content_type: str = "application/json"
    media: tuple[str, ...] = ()
    ranges: bool = False
    access: Access = Access.SIGNED
    writes: bool = False
    headers: tuple[str, ...] = ()
    variables: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    errors: tuple[type[CuelightError], ...] = ()
    identifier: str = ""
    status: int = 200
    body_limit: int = BODY_LIMIT

    def __call__(self, handler: H) -> H:
        setattr(handler, _ATTRIBUTE, self)
        return handler

    @property
    def offered(self) -> bool:
        """False for a route that always says that it is not offered."""
        return NotOffered not in self.errors


def operation_of(route: web.RouteDef) -> Operation:
    """What the route's handler says about itself. Raises LookupError for one that says nothing."""
    found: Operation | None = getattr(route.handler, _ATTRIBUTE, None)
    if found is None:
        raise LookupError(f"{route.method} {route.path} has no @Operation(...) at its handler {route.handler!r}")
    return found


def status_of(handler: object) -> int:
    """The status of the handler's successes."""
    found: Operation | None = getattr(handler, _ATTRIBUTE, None)
    return 200 if found is None else found.status


def body_limit_of(handler: object) -> int:
    """Bytes that a request to the handler may have."""
    found: Operation | None = getattr(handler, _ATTRIBUTE, None)
    return BODY_LIMIT if found is None else found.body_limit


def description_of(route: web.RouteDef) -> str:
    """The docstring of the route's handler, "" for none."""
    return inspect.getdoc(route.handler) or ""
