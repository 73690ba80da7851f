"""Queries about devices (events-api.md section 7)."""

from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BeforeValidator

from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import Key
from presets_store.protocol.fleet.pages import PageQuery

DeviceOrder = Literal["", "deviceName", "serialNumber", "lastHeardFromDate", "creationDate"]

_CANONICAL: Final = {name.casefold(): name for name in get_args(DeviceOrder)}


def _read_order(value: Any) -> Any:
    return _CANONICAL.get(value.casefold(), value) if isinstance(value, str) else value


def _read_status(value: Any) -> Any:
    return (value.casefold() or "all") if isinstance(value, str) else value


class DeviceListQuery(PageQuery):
    """`orderby`: a member's name in any case, "" for the key. There is no answer to `shared` and `userid`."""

    orderby: Annotated[DeviceOrder, BeforeValidator(_read_order)] = ""
    shared: bool = False
    userid: Key = 0


class HealthRowQuery(WireModel):
    """`online`: only devices that were heard from of late."""

    status: Annotated[Literal["all", "online"], BeforeValidator(_read_status)] = "all"
