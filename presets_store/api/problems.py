"""The one place where failures become HTTP answers: RFC 9457 problem documents."""

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from presets_store.api.answers import reply_text
from presets_store.errors import PROBLEM_TYPE, CuelightError, Kind
from presets_store.protocol.errors import FieldProblem, FieldsError
from presets_store.protocol.system import ProblemDocument, ProblemField
from presets_store.redaction import redact_text
from presets_store.services.errors import AnsweredBefore

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


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Outermost middleware: every failure of a handler leaves as a problem document."""
    try:
        return await handler(request)
    except AnsweredBefore as before:
        return reply_text(before.body)
    except CuelightError as error:
        return _from_error(request, error)
    except web.HTTPException as error:
        return _from_http(request, error)
    except Exception:  # boundary: HTTP. A bug in a handler costs its own request, not the server.
        logger.exception("%s %s failed", request.method, request.path)
        return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "A fault of the server; its log says more.")


def phrase_of(status: int) -> str:
    """`Not Found` of 404."""
    return "Session Expired" if status == EXPIRED else HTTPStatus(status).phrase


def _problem(
    status: int,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    fields: Sequence[FieldProblem] = (),
) -> web.Response:
    # Constructed without checks: this must work whatever a peer put into the path or a name.
    document = ProblemDocument.model_construct(
        type=PROBLEM_TYPE + code,
        title=phrase_of(status),
        status=int(status),
        detail=redact_text(detail)[:_DETAIL_LIMIT],
        code=code,
        errors=[
            ProblemField.model_construct(field=each.field, problem=each.problem, expected=each.expected)
            for each in fields
        ],
    )
    return web.Response(status=status, text=json.dumps(document.dump()), content_type=CONTENT_TYPE, headers=headers)


def _from_error(request: web.Request, error: CuelightError) -> web.Response:
    status = STATUS_BY_KIND[error.kind]
    headers = {}
    if error.kind is Kind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = "HMAC-SHA256"
    if error.kind in (Kind.LIMITED, Kind.UNAVAILABLE):
        headers["Retry-After"] = str(error.fields.get("retry_after", _RETRY_AFTER_SECONDS))
    if error.kind is Kind.INTERNAL:
        logger.error("%s %s failed: %s", request.method, request.path, error, extra={"code": error.code})
    fields = error.problems if isinstance(error, FieldsError) else ()
    return _problem(status, error.code, error.message, headers=headers, fields=fields)


def _from_http(request: web.Request, error: web.HTTPException) -> web.Response:
    path = request.path[:_SHOWN_PATH]
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        detail = f"{path} takes {allowed}, not {request.method}."
        return _problem(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", detail, headers={"Allow": allowed})
    if isinstance(error, web.HTTPNotFound):
        detail = f"There is nothing at {path}; the paths of this API begin with /v1/."
        return _problem(HTTPStatus.NOT_FOUND, "no_such_route", detail)
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        detail = "The body of a request may have at most 1 MiB (1048576 bytes)."
        return _problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", detail)
    if isinstance(error, web.HTTPRequestTimeout):
        response = _problem(
            HTTPStatus.REQUEST_TIMEOUT, "body_too_slow", "The body of the request did not come in time."
        )
        response.force_close()
        return response
    return _problem(HTTPStatus(error.status), "http_error", f"{error.reason}.")
