"""PATCH bodies (events-api.md section 4): lists of `{operation, fieldName, value}`, each value a text."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from presets_store.protocol.base import wire_name
from presets_store.protocol.errors import BadRequestBody, FieldProblem
from presets_store.protocol.fields import FROM_WIRE
from presets_store.protocol.parsing import MAX_PROBLEMS, problems_of
from presets_store.protocol.system import PatchOperation

_REPLACE: Final = ("", "replace")
"""Clients send an empty `operation`."""


def read_patch(operations: Sequence[PatchOperation], allowed: Mapping[str, Any]) -> dict[str, Any]:
    """What a patch sets, by attribute; of several operations on one field the last counts.

    `allowed`: the attributes that may be set (`file_id`), each with its type, one of `protocol.fields` or a plain one.
    `fieldName` is their wire name in any case. Raises BadRequestBody, which names each wrong operation.
    """
    attributes = {wire_name(attribute).casefold(): attribute for attribute in allowed}
    found: dict[str, Any] = {}
    problems: list[FieldProblem] = []
    for index, operation in enumerate(operations):
        attribute = attributes.get(operation.field_name.casefold())
        if operation.operation.casefold() not in _REPLACE:
            problems.append(FieldProblem(f"[{index}].operation", "is not known here", 'empty, or "replace"'))
        elif attribute is None:
            names = ", ".join(map(wire_name, allowed))
            problems.append(FieldProblem(f"[{index}].fieldName", "cannot be changed here", f"one of {names}"))
        else:
            try:
                found[attribute] = _reader(allowed[attribute]).validate_python(operation.value, context=FROM_WIRE)
            except ValidationError as error:
                (problem,) = problems_of(error, PatchOperation)
                field = f"[{index}].value, for {wire_name(attribute)},"
                problems.append(FieldProblem(field, problem.problem, problem.expected))
    if problems:
        raise BadRequestBody(problems[:MAX_PROBLEMS])
    return found


@cache
def _reader(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
