"""What handlers of the scripts API read of a request: its members, its page, its address."""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from aiohttp import web

from presets_store.api.keys import SERVICES, query_of
from presets_store.protocol.base import WireModel
from presets_store.protocol.errors import FieldProblem
from presets_store.protocol.parsing import parse_body, parse_what_fits

M = TypeVar("M", bound=WireModel)

_ITEM: Final = re.compile(r"(\w{1,64})\[[0-9]{0,6}\]")


async def body_of(request: web.Request, model: type[M]) -> tuple[M, list[FieldProblem]]:
    """The request, and what is wrong in it; for a model that has a default for each member."""
    return parse_what_fits(model, await request.read())


async def query_or_body(request: web.Request, model: type[M]) -> M:
    """Members of the query, and of the body, where the contract's client puts them; those of the query count."""
    given = parse_object(await request.read())
    return parse_body(model, {**given, **gathered(query_of(request))})


def parse_object(raw: bytes) -> dict[str, Any]:
    """The members of a body, none of an empty one. Raises BadJson, BadRequestBody."""
    return dict(parse_body(_Anything, raw).model_extra or {})


def gathered(query: Mapping[str, str]) -> dict[str, Any]:
    """The query with `name[0]=1&name[1]=2` as lists."""
    members: dict[str, Any] = {}
    for name, value in query.items():
        item = _ITEM.fullmatch(name)
        if item is None:
            members[name] = value
        else:
            members.setdefault(item[1], []).append(value)
    return members


def address_of_list(request: web.Request) -> str:
    """Where the list that is asked for is, without a query."""
    return request.app[SERVICES].media.files.root + request.path.rstrip("/")


class _Anything(WireModel):
    """An object, whatever it has."""
