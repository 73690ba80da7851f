"""The whole document out of the routes."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from aiohttp import web

from presets_store import __version__
from presets_store.api.documentation import Access, Operation, operation_of
from presets_store.api.openapi import texts
from presets_store.api.openapi.event_parameters import add_event_parameters, parameter_models
from presets_store.api.openapi.failures import common_responses
from presets_store.api.openapi.operations import describe, group_of
from presets_store.api.openapi.paths import plain_path
from presets_store.api.openapi.schemas import ANSWER, REQUEST, Model, Schemas, models_of
from presets_store.protocol.scripts.refusals import InvalidData, Refusal
from presets_store.protocol.system import ProblemDocument

_METHODS: Final = ("get", "post", "put", "patch", "delete")


def document(routes: Sequence[web.RouteDef]) -> dict[str, Any]:
    """OpenAPI 3.1.0 of `routes`, each of whose handlers has an `@Operation(...)`. Takes some tenths of a second.

    Raises LookupError for a handler without one.
    """
    schemas = Schemas(_models(map(operation_of, routes)))
    add_event_parameters(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        for method in _METHODS if route.method == "*" else (route.method.lower(),):
            paths.setdefault(plain_path(route.path), {})[method] = describe(route, method, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": texts.TITLE,
            "version": __version__,
            "description": texts.DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "the root of the host that serves this document"}],
        "security": texts.SECURITY[Access.SIGNED],
        "tags": list(_tags(routes)),
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "responses": common_responses(),
            "parameters": texts.HEADERS,
            "securitySchemes": texts.SIGNATURE_SCHEMES | texts.OTHER_SCHEMES,
        },
    }


def _models(operations: Iterable[Operation]) -> Iterator[Model]:
    yield from ((model, ANSWER) for model in (ProblemDocument, Refusal, InvalidData))
    yield from parameter_models()
    for operation in operations:
        yield from ((model, REQUEST) for model in (*models_of(operation.body), *models_of(operation.query)))
        yield from ((model, ANSWER) for model in models_of(operation.answer))


def _tags(routes: Iterable[web.RouteDef]) -> Iterator[dict[str, str]]:
    """The groups of routes: their modules, whose docstrings say what they are."""
    for module in dict.fromkeys(route.handler.__module__ for route in routes):
        yield {"name": group_of(module), "description": sys.modules[module].__doc__ or ""}
