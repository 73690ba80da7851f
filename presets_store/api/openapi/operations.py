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


def describe(route: web.RouteDef, method: str, schemas: Schemas) -> dict[str, Any]:
    """The operation object of a route."""
    operation = operation_of(route)
    found: dict[str, Any] = {
        "operationId": identifier(method, route.path),
        "tags": [group_of(route.handler.__module__)],
        "summary": operation.summary,
    }
    if description := _description(route, operation):
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
    if operation.access is Access.LINK:
        found["security"] = [*texts.SIGNED, texts.LINKED]
    elif operation.access is not Access.SIGNED:
        found["security"] = []
    found["responses"] = _success(operation, schemas) | responses_of(operation)
    return found


def group_of(module: str) -> str:
    """The tag of the routes of a module: `presets_store.api.events` -> `events`, `agent.api.routes` -> `agent`."""
    package, *_, name = module.split(".")
    return package if name == _OF_THE_OWNER else name.replace("_", " ")


def _description(route: web.RouteDef, operation: Operation) -> str:
    said = description_of(route)
    if operation.access is not Access.LOCAL:
        return said
    return f"{said}\n\n{texts.LOCAL_ONLY}" if said else texts.LOCAL_ONLY


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
    return {"200": response}


def _outcome(operation: Operation) -> str:
    if operation.answer is None and not operation.media:
        return "Done; the body is empty."
    if NoneType in get_args(operation.answer):
        return "The answer; the body is empty when there is none."
    return "The answer."
