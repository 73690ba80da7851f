"""The one place where failures become HTTP answers: RFC 9457 problem documents, and the shapes of the scripts API."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler

from presets_store.api.answers import reply_text
from presets_store.api.documentation import body_limit_of, status_of
from presets_store.api.scripts.errors import by_contract, contract_headers, contract_status, refused
from presets_store.errors import PROBLEM_TYPE, CuelightError, Kind
from presets_store.protocol.errors import FieldProblem, FieldsError
from presets_store.protocol.system import ProblemDocument, ProblemField
from presets_store.redaction import redact_text
from presets_store.services.errors import AnsweredBefore
from presets_store.services.people.errors import TooManySessions

CONTENT_TYPE = "application/problem+json"

EXPIRED: Final = 419
"""No standard has it: the contract's status of a session that is over."""

STATUS_BY_KIND: Mapping[Kind, int] = {
    Kind.INVALID: HTTPStatus.BAD_REQUEST,
    Kind.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    Kind.EXPIRED: EXPIRED,
    Kind.FORBIDDEN: HTTPStatus.FORBIDDEN,
    Kind.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Kind.CONFLICT: HTTPStatus.CONFLICT,
    Kind.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Kind.UNPROCESSABLE: HTTPStatus.UNPROCESSABLE_ENTITY,
    Kind.LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
    Kind.UNSUPPORTED: HTTPStatus.NOT_IMPLEMENTED,
    Kind.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    Kind.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
}

_RETRY_AFTER_SECONDS = "2"
_SHOWN_PATH = 200
_DETAIL_LIMIT = 4096
logger = logging.getLogger(__name__)

# Models are built when first used; the first of all makes pydantic read the disk, which no request may wait for.
ProblemDocument.model_rebuild()


@dataclass(frozen=True, slots=True)
class _Failure:
    """What is told of a failure, in whichever shape. `closes`: the connection is of no more use."""

    status: int
    code: str
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)
    fields: Sequence[FieldProblem] = ()
    more: Mapping[str, Any] = field(default_factory=dict)
    closes: bool = False


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Outermost middleware: every failure of a handler leaves as a problem document, or as scripts' contract says."""
    try:
        return await handler(request)
    except AnsweredBefore as before:
        answer = reply_text(before.body)
        answer.set_status(status_of(request.match_info.handler))
        return answer
    except CuelightError as error:
        failure = _from_error(request, error)
    except web.HTTPException as error:
        failure = _from_http(request, error)
    except Exception:  # boundary: HTTP. A bug in a handler costs its own request, not the server.
        logger.exception("%s %s failed", request.method, request.path)
        failure = _Failure(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "A fault of the server; its log says more.")
    response = _by_contract(failure) if by_contract(request.path) else _problem(failure)
    if failure.closes:
        response.force_close()
    return response


def phrase_of(status: int) -> str:
    """`Not Found` of 404."""
    return "Session Expired" if status == EXPIRED else HTTPStatus(status).phrase


def _problem(failure: _Failure) -> web.Response:
    # Constructed without checks: this must work whatever a peer put into the path or a name.
    document = ProblemDocument.model_construct(
        type=PROBLEM_TYPE + failure.code,
        title=phrase_of(failure.status),
        status=int(failure.status),
        detail=_shown(failure.detail),
        code=failure.code,
        errors=[
            ProblemField.model_construct(field=each.field, problem=each.problem, expected=each.expected)
            for each in failure.fields
        ],
    )
    text = json.dumps(document.dump())
    return web.Response(status=failure.status, text=text, content_type=CONTENT_TYPE, headers=failure.headers)


def _by_contract(failure: _Failure) -> web.Response:
    status = contract_status(failure.status, failure.code)
    headers = contract_headers(status, failure.headers)
    return refused(status, _shown(failure.detail), failure.fields, headers, failure.more)


def _shown(detail: str) -> str:
    return redact_text(detail)[:_DETAIL_LIMIT]


def _from_error(request: web.Request, error: CuelightError) -> _Failure:
    headers = {}
    if error.kind is Kind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = "HMAC-SHA256"
    if error.kind in (Kind.LIMITED, Kind.UNAVAILABLE):
        headers["Retry-After"] = str(error.fields.get("retry_after", _RETRY_AFTER_SECONDS))
    if error.kind is Kind.INTERNAL:
        logger.error("%s %s failed: %s", request.method, request.path, error, extra={"code": error.code})
    fields = error.problems if isinstance(error, FieldsError) else ()
    more = {"session_id": error.session_id} if isinstance(error, TooManySessions) else {}
    return _Failure(STATUS_BY_KIND[error.kind], error.code, error.message, headers, fields, more)


def _from_http(request: web.Request, error: web.HTTPException) -> _Failure:
    path = request.path[:_SHOWN_PATH]
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        detail = f"{path} takes {allowed}, not {request.method}."
        return _Failure(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", detail, {"Allow": allowed})
    if isinstance(error, web.HTTPNotFound):
        detail = f"There is nothing at {path}; the paths of this API begin with /v1/ or /api/."
        return _Failure(HTTPStatus.NOT_FOUND, "no_such_route", detail)
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        limit = body_limit_of(request.match_info.handler)
        detail = f"The body of this request may have at most {limit // 1024**2} MiB ({limit} bytes)."
        return _Failure(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", detail)
    if isinstance(error, web.HTTPRequestTimeout):
        detail = "The body of the request did not come in time."
        return _Failure(HTTPStatus.REQUEST_TIMEOUT, "body_too_slow", detail, closes=True)
    return _Failure(HTTPStatus(error.status), "http_error", f"{error.reason}.")
