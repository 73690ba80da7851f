"""JSON schemas of the wire models: what a peer should send, and what it gets."""

import re
from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Any, Final, get_args, get_origin

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from presets_store.api.documentation import Shape
from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import INT64_MAX

Model = tuple[type[WireModel], JsonSchemaMode]
"""A model as it is read ("validation") or as it is answered ("serialization")."""

REQUEST: Final[JsonSchemaMode] = "validation"
ANSWER: Final[JsonSchemaMode] = "serialization"

EVENT_PARAMETERS: Final = "EventParameters"
"""The component for what the text of `eventParameters` holds."""

_TEMPLATE: Final = "#/components/schemas/{model}"
_QUOTED: Final = re.compile(r"`([a-z0-9_]+)`")
_PARAMETERS: Final = "eventParameters"
_GIVEN: Final = "Given"
_IS_GIVEN: Final = {"description": "0 and an empty text count as not given.", "not": {"enum": [0, "", None]}}


class Schemas:
    """The schemas of all `models`, to be referred to."""

    def __init__(self, models: Iterable[Model]) -> None:
        wanted = list(dict.fromkeys(models))
        self._refs, found = models_json_schema(wanted, ref_template=_TEMPLATE, schema_generator=_WireSchemas)
        self.components: dict[str, Any] = {_GIVEN: _IS_GIVEN, **found["$defs"]}
        for schema in self.components.values():
            schema.pop("title", None)

    def of(self, shape: Shape, mode: JsonSchemaMode) -> dict[str, Any]:
        """The schema of a body that is not empty."""
        if get_origin(shape) is dict:
            return {"type": "object"}
        if get_origin(shape) is list:
            return {"type": "array", "items": self._ref(get_args(shape)[0], mode)}
        refs = [self._ref(model, mode) for model in models_of(shape)]
        return refs[0] if len(refs) == 1 else {"anyOf": refs}

    def says_something(self, shape: Shape) -> bool:
        """Whether a request must have a body: without one it is `{}`, or an empty list."""
        requests = [self.components[self._name(model)] for model in models_of(shape)]
        return get_origin(shape) is not list and any("required" in each or "allOf" in each for each in requests)

    def members(self, model: type[WireModel]) -> Mapping[str, Any]:
        """The schemas of a request's members, by name."""
        members: Mapping[str, Any] = self.components[self._name(model)]["properties"]
        return members

    def _ref(self, model: type[WireModel], mode: JsonSchemaMode) -> dict[str, Any]:
        return dict(self._refs[model, mode])

    def _name(self, model: type[WireModel]) -> str:
        name: str = self._refs[model, REQUEST]["$ref"].rpartition("/")[2]
        return name


def models_of(shape: Shape) -> tuple[type[WireModel], ...]:
    """The models of which a body is made."""
    if shape is None or get_origin(shape) is dict:
        return ()
    if get_origin(shape) is list or isinstance(shape, UnionType):
        return tuple(part for part in get_args(shape) if part is not type(None))
    return (shape,)  # type: ignore[return-value]  # what is left of a Shape


class _WireSchemas(GenerateJsonSchema):
    """Pydantic's schemas, with what only the wire models know: their groups, their names, what never is absent."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # the signature is the library's
        return False

    def field_is_required(self, field: Any, total: bool) -> bool:
        if self.mode == ANSWER:
            return field.get("serialization_exclude_if") is None
        return super().field_is_required(field, total)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if self.mode == ANSWER:
            return self.generate_inner(schema["schema"])
        made = super().default_schema(schema)
        if made.get("format") == "date-time":
            made["default"] = None
        return made

    def int_schema(self, schema: core_schema.IntSchema) -> JsonSchemaValue:
        made = super().int_schema(schema)
        return made | {"format": "int64"} if made.get("maximum") == INT64_MAX else made

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        names = [member.wire_name for member in schema["members"] if hasattr(member, "wire_name")]
        return super().enum_schema(schema) | ({"x-enum-varnames": names} if names else {})

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        model = schema["cls"]
        if _PARAMETERS in made.get("properties", {}):
            made["properties"][_PARAMETERS]["contentSchema"] = {"$ref": _TEMPLATE.format(model=EVENT_PARAMETERS)}
        if "description" in made:
            made["description"] = _with_wire_names(made["description"], model)
        if self.mode == REQUEST and (groups := _groups(model)):
            made["allOf"] = groups
        return made


def _with_wire_names(text: str, model: type[WireModel]) -> str:
    """A docstring speaks of attributes; a reader of the document sees wire names."""

    def named(match: re.Match[str]) -> str:
        member = model.model_fields.get(match[1])
        return f"`{member.alias}`" if member else match[0]

    return _QUOTED.sub(named, text)


def _groups(model: type[WireModel]) -> list[dict[str, Any]]:
    """The groups of members of which a request must give one, as `parsing.parse_body` checks them."""
    any_of = [{"anyOf": [_given(model, attribute) for attribute in group]} for group in model.one_of]
    return any_of + [{"oneOf": [_given(model, attribute) for attribute in group]} for group in model.exactly_one_of]


def _given(model: type[WireModel], attribute: str) -> dict[str, Any]:
    name = model.model_fields[attribute].alias or attribute
    return {"required": [name], "properties": {name: {"$ref": _TEMPLATE.format(model=_GIVEN)}}}
