"""One route as an operation of the document."""

from collections.abc import Iterator
from types import NoneType
from typing import Any, Final, get_args

from aiohttp import web

from presets_store.api.documentation import Access, Operation, description_of, operation_of
from presets_store.api.openapi import texts
from presets_store.api.openapi.failures import responses_of
from presets_store.api.openapi.paths import identifier, variables_of
from presets_store.api.openapi.schemas import ANSWER, REQUEST, Schemas, models_of

EVENT_STREAM: Final = "text/event-stream"
_OF_THE_OWNER: Final = "routes"
_UNCHANGED: Final[dict[str, Any]] = {"304": {"description": "Not changed; the body is empty."}}


def describe(route: web.RouteDef, method: str, schemas: Schemas) -> dict[str, Any]:
    """The operation object of a route."""
    operation = operation_of(route)
    found: dict[str, Any] = {
        "operationId": operation.identifier or identifier(method, route.path),
        "tags": [group_of(route.handler.__module__)],
        "summary": operation.summary,
    }
    if description := description_of(route):
        found["description"] = description
    if parameters := [
        *_path_parameters(route, operation),
        *_query_parameters(operation, schemas),
        *_headers(operation),
    ]:
        found["parameters"] = parameters
    if operation.body is not None:
        found["requestBody"] = {
            "required": schemas.says_something(operation.body),
            "content": {"application/json": {"schema": schemas.of(operation.body, REQUEST)}},
        }
    if operation.access is not Access.SIGNED:
        found["security"] = texts.SECURITY[operation.access]
    found["responses"] = _success(operation, schemas) | _parts(operation) | responses_of(operation, route.path)
    return found


def group_of(module: str) -> str:
    """The tag of the routes of a module: `presets_store.api.events` -> `events`, `agent.api.routes` -> `agent`."""
    package, *_, name = module.split(".")
    return package if name == _OF_THE_OWNER else name.replace("_", " ")


def _path_parameters(route: web.RouteDef, operation: Operation) -> Iterator[dict[str, Any]]:
    of_group = f"The {group_of(route.handler.__module__).removesuffix('s')}'s key."
    for name, schema in variables_of(route.path):
        said = operation.variables.get(name, of_group if schema.get("type") == "integer" else "")
        parameter = {"name": name, "in": "path", "required": True, "schema": schema}
        if isinstance(said, tuple):
            parameter["schema"] = {"enum": list(said)}
        elif said:
            parameter["description"] = said
        yield parameter


def _query_parameters(operation: Operation, schemas: Schemas) -> Iterator[dict[str, Any]]:
    members = schemas.members(operation.query) if operation.query else {}
    for name, schema in members.items():
        yield {"name": name, "in": "query", "schema": schema}


def _headers(operation: Operation) -> Iterator[dict[str, Any]]:
    for name in (*(("Idempotency-Key",) if operation.writes else ()), *operation.headers):
        yield {"$ref": f"#/components/parameters/{name}"}


def _success(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    if not operation.offered:
        return {}
    response: dict[str, Any] = {"description": _outcome(operation), "headers": {"Date": texts.DATE_HEADER}}
    if operation.content_type == EVENT_STREAM:
        (model,) = models_of(operation.answer)
        schema = {"type": "string", "description": texts.EVENT_STREAM.format(model=model.__name__)}
        response["content"] = {EVENT_STREAM: {"schema": schema}}
    elif operation.media:
        response["content"] = {kind: {} for kind in operation.media}
    elif operation.answer is not None:
        response["content"] = {operation.content_type: {"schema": schemas.of(operation.answer, ANSWER)}}
    return {str(operation.status): response}


def _parts(operation: Operation) -> dict[str, Any]:
    """Of the headers Range, If-Range, If-Match and their like."""
    if not operation.ranges:
        return _UNCHANGED if "If-None-Match" in operation.headers else {}
    return {
        "206": {"description": "The part that was asked for.", "content": {kind: {} for kind in operation.media}},
        **_UNCHANGED,
        "412": {"description": "Changed; the body is empty."},
        "416": {"description": "There is no such part; the body is empty."},
    }


def _outcome(operation: Operation) -> str:
    if operation.answer is None and not operation.media:
        return "Done; the body is empty."
    if NoneType in get_args(operation.answer):
        return "The answer; the body is empty when there is none."
    return "The answer."
