"""Calls to a service on the system bus, one connection for a few calls in a row."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from dbus_fast import AuthError, BusType, DBusFastError, InvalidAddressError, Message, MessageType, unpack_variants
from dbus_fast.aio import MessageBus

from hardware.box.errors import ServiceAbsent, ServiceRefused

CONNECTED_WITHIN = 5.0
ANSWERED_WITHIN = 15.0

PROPERTIES = "org.freedesktop.DBus.Properties"

_ABSENT = (
    "org.freedesktop.DBus.Error.ServiceUnknown",
    "org.freedesktop.DBus.Error.NameHasNoOwner",
    "org.freedesktop.DBus.Error.Spawn.ServiceNotFound",
)


class Service:
    """A service by its name on an open bus."""

    def __init__(self, bus: MessageBus, name: str) -> None:
        self._bus = bus
        self._name = name

    async def call(self, path: str, interface: str, member: str, signature: str = "", *arguments: Any) -> Any:
        """The first value of the answer, variants as they are; None for an empty one.

        Raises ServiceAbsent, ServiceRefused.
        """
        message = Message(
            destination=self._name,
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=list(arguments),
        )
        try:
            async with asyncio.timeout(ANSWERED_WITHIN):
                answer = await self._bus.call(message)
        except TimeoutError:
            raise ServiceRefused(what=member, reason=f"no answer within {ANSWERED_WITHIN:g} s", error="") from None
        except (OSError, EOFError, DBusFastError) as error:
            raise ServiceAbsent(service=self._name, reason=str(error) or "the bus closed the connection") from error
        if answer.message_type is MessageType.ERROR:
            raise self._refusal(member, answer.error_name or "", answer.body)
        return answer.body[0] if answer.body else None

    async def properties(self, path: str, interface: str) -> dict[str, Any]:
        """All properties of an object, plain values by name. Raises ServiceAbsent, ServiceRefused."""
        found: dict[str, Any] = unpack_variants(await self.call(path, PROPERTIES, "GetAll", "s", interface))
        return found

    def _refusal(self, member: str, name: str, body: Sequence[Any]) -> ServiceAbsent | ServiceRefused:
        said = str(body[0]) if body and isinstance(body[0], str) else name
        if name in _ABSENT:
            return ServiceAbsent(service=self._name, reason=said)
        return ServiceRefused(what=member, reason=said, error=name)


@asynccontextmanager
async def system_service(name: str) -> AsyncIterator[Service]:
    """The service `name` on the system bus (`DBUS_SYSTEM_BUS_ADDRESS`, else its usual place). Raises ServiceAbsent."""
    try:
        bus = MessageBus(bus_type=BusType.SYSTEM)
    except InvalidAddressError as error:
        raise ServiceAbsent(service=name, reason=str(error)) from error
    try:
        async with asyncio.timeout(CONNECTED_WITHIN):
            await bus.connect()
    except TimeoutError:
        raise ServiceAbsent(service=name, reason="the system bus does not answer") from None
    except (OSError, EOFError, AuthError, InvalidAddressError) as error:
        raise ServiceAbsent(service=name, reason=f"there is no system bus: {error}") from error
    try:
        yield Service(bus, name)
    finally:
        bus.disconnect()
