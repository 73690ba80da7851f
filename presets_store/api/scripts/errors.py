"""How failures leave under `/api/`: in the shapes of the scripts contract instead of problem documents."""

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from aiohttp import web

from presets_store.protocol.errors import FieldProblem

PREFIX: Final = "/api/"
CONTENT_TYPE: Final = "application/json"

_WHOLE: Final = "body"
_INDEX: Final = re.compile(r"\[([0-9]+)\]")
_STATUSES: Final[Mapping[str, int]] = MappingProxyType({"session_over": HTTPStatus.UNAUTHORIZED})
"""By code, where the contract has another status than we."""


def by_contract(path: str) -> bool:
    """Whether the path is one of the scripts contract."""
    return path.startswith(PREFIX)


def contract_status(status: int, code: str) -> int:
    """The contract's status of a failure that has `status` elsewhere."""
    if status == HTTPStatus.BAD_REQUEST:
        return HTTPStatus.UNPROCESSABLE_ENTITY
    return _STATUSES.get(code, status)


def contract_headers(status: int, headers: Mapping[str, str]) -> dict[str, str]:
    """The same headers; who is not known is asked for a token."""
    return {**headers, **({"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {})}


def refused(
    status: int, message: str, fields: Sequence[FieldProblem], headers: Mapping[str, str], more: Mapping[str, Any]
) -> web.Response:
    """`{"message"}`; with status 422 `{"message", "errors": {path: [reasons]}}`. `more` are further members."""
    body: dict[str, Any] = {"message": message, **more}
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        body["errors"] = _by_path(fields) or {_WHOLE: [message]}
    return web.Response(status=status, text=json.dumps(body), content_type=CONTENT_TYPE, headers=headers)


def _by_path(fields: Sequence[FieldProblem]) -> dict[str, list[str]]:
    """`schedule[0].ranges[0].to` -> `schedule.0.ranges.0.to`."""
    errors: dict[str, list[str]] = {}
    for each in fields:
        path = _INDEX.sub(r".\1", each.field).strip(".") or _WHOLE
        expected = f" (expected {each.expected})" if each.expected else ""
        errors.setdefault(path, []).append(each.problem + expected)
    return errors
