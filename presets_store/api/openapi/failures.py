"""What a route may be refused with: by status, with the stable codes."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from presets_store.api.documentation import Access, Operation
from presets_store.api.errors import (
    InvalidHeader,
    InvalidIdempotencyKey,
    LinkRefused,
    NonceMemoryFull,
    NonceUsed,
    NotByProxy,
    SignatureHeaderRepeated,
)
from presets_store.api.people.errors import NotPrivate, TooManyFailures
from presets_store.api.problems import CONTENT_TYPE, STATUS_BY_KIND, phrase_of
from presets_store.api.scripts.errors import CONTENT_TYPE as SCRIPTS_TYPE
from presets_store.api.scripts.errors import by_contract, contract_status
from presets_store.errors import CuelightError
from presets_store.protocol.errors import BadJson, BadRequestBody
from presets_store.protocol.scripts.refusals import InvalidData, Refusal
from presets_store.protocol.signing import SignatureRefused
from presets_store.protocol.system import ProblemDocument
from presets_store.rules.permissions import Forbidden
from presets_store.services.errors import IdempotencyMismatch, KeyUnknown
from presets_store.services.people.errors import SessionOver
from presets_store.storage.errors import DatabaseClosed, DatabaseDamaged, LostUpdate, StorageUnavailable


class Failure(NamedTuple):
    """One stable code, the status that it comes with, and what it means."""

    status: int
    code: str
    meaning: str


_ALWAYS: Final = (Failure(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "A fault of the server."),)
_AUTHENTICATED: Final = (
    Failure(HTTPStatus.REQUEST_TIMEOUT, "body_too_slow", "The body did not come in time."),
    Failure(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", "The body has more than 1 MiB."),
)
_OF_SIGNATURES: Final = (
    *SignatureRefused.__subclasses__(),
    KeyUnknown,
    NonceUsed,
    SignatureHeaderRepeated,
    NonceMemoryFull,
)
_OF_STORAGE: Final = (StorageUnavailable, DatabaseDamaged, DatabaseClosed)

_FIELD: Final = re.compile(r"\{[^}]*\}")
_PROBLEM: Final = f"#/components/schemas/{ProblemDocument.__name__}"

_HEADERS: Final[Mapping[int, dict[str, Any]]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": {"schema": {"const": "HMAC-SHA256"}}},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": {"description": "Seconds.", "schema": {"type": "string"}}},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": {"description": "Seconds.", "schema": {"type": "string"}}},
}
_BEARER: Final = {"WWW-Authenticate": {"schema": {"const": "Bearer"}}}


def responses_of(operation: Operation, path: str) -> dict[str, Any]:
    """The OpenAPI responses of all that the operation may be refused with."""
    by_status = _by_status(operation)
    if by_contract(path):
        return _by_contract(by_status)
    return {
        str(int(status)): _reference(status) if codes == _COMMON.get(status) else _response(status, codes)
        for status, codes in sorted(by_status.items())
    }


def common_responses() -> dict[str, Any]:
    """The components that most operations refer to."""
    return {_name(status): _response(status, codes) for status, codes in _COMMON.items()}


def _by_contract(by_status: Mapping[int, Mapping[str, str]]) -> dict[str, Any]:
    """The same in the shapes and with the statuses of the scripts contract, which has no codes."""
    meanings: dict[int, dict[str, None]] = {}
    for status, codes in by_status.items():
        for code, meaning in codes.items():
            meanings.setdefault(int(contract_status(status, code)), {})[meaning] = None
    return {str(status): _refusal(status, list(said)) for status, said in sorted(meanings.items())}


def _refusal(status: int, meanings: Sequence[str]) -> dict[str, Any]:
    model = InvalidData if status == HTTPStatus.UNPROCESSABLE_ENTITY else Refusal
    content = {SCRIPTS_TYPE: {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}
    lines = [f"- {meaning}" for meaning in meanings]
    response: dict[str, Any] = {"description": f"{phrase_of(status)}\n\n" + "\n".join(lines), "content": content}
    if status in _HEADERS:
        response["headers"] = _BEARER if status == HTTPStatus.UNAUTHORIZED else _HEADERS[status]
    return response


def _by_status(operation: Operation) -> dict[int, dict[str, str]]:
    """What each code means, by status."""
    by_status: dict[int, dict[str, str]] = {}
    for failure in _failures(operation):
        by_status.setdefault(failure.status, {}).setdefault(failure.code, failure.meaning)
    return by_status


def _failures(operation: Operation) -> Iterator[Failure]:
    yield from _ALWAYS
    yield from _failures_of(operation.errors)
    if operation.access is Access.ANYONE:
        return
    yield from _AUTHENTICATED
    yield from _failures_of(_OF_STORAGE)
    if operation.body or operation.query:
        yield from _failures_of((BadJson, BadRequestBody))
    if operation.access is Access.ADDRESS:
        return
    yield from _failures_of((NotByProxy, NotPrivate, TooManyFailures))
    if operation.access in (Access.PASSWORD, Access.CREDENTIALS, Access.ENROLMENT, Access.TOKEN):
        return
    yield from _failures_of((*_OF_SIGNATURES, SessionOver, InvalidIdempotencyKey, Forbidden))
    if operation.access is Access.LINK:
        yield from _failures_of((LinkRefused,))
    if operation.headers:
        yield from _failures_of((InvalidHeader,))
    if operation.writes:
        yield from _failures_of((LostUpdate, IdempotencyMismatch))


def _failures_of(errors: Iterable[type[CuelightError]]) -> Iterator[Failure]:
    """A class and its subclasses."""
    for error in errors:
        yield Failure(STATUS_BY_KIND[error.kind], error.code, _meaning(error))
        yield from _failures_of(error.__subclasses__())


def _meaning(error: type[CuelightError]) -> str:
    said = error.__doc__ or _FIELD.sub("…", error.template)
    return " ".join(said.split()).partition(". ")[0].removesuffix(".") + "."


# Of a write with a body: the fullest of what has nothing of its own.
_COMMON: Final = _by_status(Operation("", body=ProblemDocument, writes=True))


def _name(status: int) -> str:
    return phrase_of(status).title().replace(" ", "")


def _reference(status: int) -> dict[str, Any]:
    return {"$ref": f"#/components/responses/{_name(status)}"}


def _response(status: int, codes: Mapping[str, str]) -> dict[str, Any]:
    lines = [f"- `{code}`: {meaning}" for code, meaning in codes.items()]
    code = {"properties": {"code": {"enum": list(codes)}, "status": {"const": int(status)}}}
    response: dict[str, Any] = {
        "description": f"{phrase_of(status)}\n\n" + "\n".join(lines),
        "content": {CONTENT_TYPE: {"schema": {"allOf": [{"$ref": _PROBLEM}, code]}}},
    }
    if status in _HEADERS:
        response["headers"] = _HEADERS[status]
    return response
