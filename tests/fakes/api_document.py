"""The API's document put to use: whether answers and requests are as it says."""

import json
import re
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from aiohttp import web
from fakes.served_store import Answer
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from presets_store.api import ROUTES
from presets_store.api.openapi import document

METHODS = ("get", "post", "put", "patch", "delete")
NO_SUCH = (404, 405)


class Described(NamedTuple):
    method: str
    path: str
    content: dict[str, Any]


class ApiDocument:
    def __init__(self, routes: Sequence[web.RouteDef]) -> None:
        self.content = document(routes)
        self._registry = Registry().with_resource("urn:api", DRAFT202012.create_resource(self.content))
        self._validators: dict[str, Draft202012Validator] = {}
        self._forms = [(_form(path, methods), path) for path, methods in self.content["paths"].items()]

    def operations(self) -> list[Described]:
        return [
            Described(method, path, methods[method])
            for path, methods in self.content["paths"].items()
            for method in methods
        ]

    def find(self, method: str, target: str) -> Described | None:
        path = target.partition("?")[0]
        for form, template in self._forms:
            if form.fullmatch(path) and method.lower() in self.content["paths"][template]:
                return Described(method.lower(), template, self.content["paths"][template][method.lower()])
        return None

    def check_answer(self, method: str, target: str, answer: Answer) -> None:
        """Fails unless the document tells of such an answer to such a request."""
        asked = self.find(method, target)
        if asked is None:
            assert answer.status in NO_SUCH, f"{method} {target} is not in the document, and is answered {answer}"
            return
        assert str(answer.status) in asked.content["responses"], f"{method} {target}: {answer}"
        steps = ("paths", asked.path, asked.method, "responses", str(answer.status))
        faults = [] if method == "HEAD" else self._faults_of_body(self._resolved(steps), answer)
        assert not faults, f"{method} {target}: {faults}: {answer.body[:2000]!r}"

    def request_faults(self, method: str, target: str, body: Any) -> list[str]:
        """What is wrong with a request's body."""
        asked = self.find(method, target)
        assert asked is not None
        steps = ("paths", asked.path, asked.method, "requestBody", "content", "application/json", "schema")
        return self.faults(self._pointer(steps), body)

    def component_faults(self, name: str, value: Any) -> list[str]:
        """What is wrong with `value` as the schema of this name."""
        return self.faults(self._pointer(("components", "schemas", name)), value)

    def faults(self, pointer: str, value: Any) -> list[str]:
        if pointer not in self._validators:
            self._validators[pointer] = Draft202012Validator(
                {"$ref": pointer}, registry=self._registry, format_checker=Draft202012Validator.FORMAT_CHECKER
            )
        return [f"{error.json_path}: {error.message}" for error in self._validators[pointer].iter_errors(value)]

    def _faults_of_body(self, steps: tuple[str, ...], answer: Answer) -> list[str]:
        response = self._at(steps)
        if not answer.body:
            return [] if "empty" in response["description"] else ["the body is empty"]
        kind = answer.headers["Content-Type"].partition(";")[0]
        if kind not in response.get("content", {}):
            return [f"a body of {kind}"]
        if "schema" not in response["content"][kind]:
            return []  # a picture or the like
        return self.faults(self._pointer((*steps, "content", kind, "schema")), json.loads(answer.body))

    def _resolved(self, steps: tuple[str, ...]) -> tuple[str, ...]:
        reference = self._at(steps).get("$ref")
        return tuple(reference.removeprefix("#/").split("/")) if reference else steps

    def _at(self, steps: tuple[str, ...]) -> Any:
        found: Any = self.content
        for step in steps:
            found = found[step]
        return found

    def _pointer(self, steps: tuple[str, ...]) -> str:
        return "urn:api#/" + "/".join(step.replace("~", "~0").replace("/", "~1") for step in steps)


@cache
def api_document() -> ApiDocument:
    """Of the store's own routes."""
    return ApiDocument(ROUTES)


def succeeds(operation: dict[str, Any]) -> bool:
    """Whether the document knows of a success."""
    return any(status.startswith("2") for status in operation["responses"])


def filled(path: str) -> str:
    """A path of the document with something for each variable."""
    return re.sub(
        r"\{(\w+)\}", lambda match: {"rest": "", "state": "online", "serial": "x"}.get(match[1], "4711"), path
    )


def _form(path: str, methods: dict[str, Any]) -> re.Pattern[str]:
    """What request paths look like: numbers where the document says so."""
    said = next(iter(methods.values())).get("parameters", ())
    integers = {each["name"] for each in said if each.get("schema", {}).get("type") == "integer"}

    def form(match: re.Match[str]) -> str:
        return ".*" if match[1] == "rest" else "[0-9]{1,18}" if match[1] in integers else "[^/]+"

    return re.compile(re.sub(r"\{(\w+)\}", form, path) + "/?")
