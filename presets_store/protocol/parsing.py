"""From what a peer sent to a model, or one error that lists each wrong member."""

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from presets_store.protocol.base import WireModel
from presets_store.protocol.errors import BadRequestBody, FieldProblem
from presets_store.protocol.fields import FROM_WIRE, MAX_LIST
from presets_store.protocol.json_text import check_json, read_json

M = TypeVar("M", bound=WireModel)

MAX_PROBLEMS: Final = 20
_MAX_ECHO = 64

_SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    "int_type": ("is not a whole number", "a whole number"),
    "int_parsing": ("is not a whole number", "a whole number"),
    "int_parsing_size": ("is too large", "a whole number of 64 bits"),
    "int_from_float": ("is not a whole number", "a whole number"),
    "float_type": ("is not a number", "a number"),
    "float_parsing": ("is not a number", "a number"),
    "finite_number": ("is not a finite number", "a number"),
    "bool_type": ("is not true or false", "true or false"),
    "bool_parsing": ("is not true or false", "true or false"),
    "string_type": ("is not text", "text"),
    "string_unicode": ("is not valid Unicode", "text"),
    "string_too_long": ("is too long", "at most {max_length} characters"),
    "string_too_short": ("is too short", "at least {min_length} characters"),
    "too_long": ("has too many members", "at most {max_length}"),
    "too_short": ("has too few members", "at least {min_length}"),
    "list_type": ("is not a list", "a list"),
    "dict_type": ("is not an object", "an object"),
    "model_type": ("is not an object", "an object"),
    "model_attributes_type": ("is not an object", "an object"),
    "multiple_of": ("is not one of the known values", "a multiple of {multiple_of}"),
    "greater_than_equal": ("is too small", "at least {ge}"),
    "greater_than": ("is too small", "more than {gt}"),
    "less_than_equal": ("is too large", "at most {le}"),
    "less_than": ("is too large", "less than {lt}"),
    "enum": ("is not one of the known values", "{expected}"),
    "literal_error": ("is not one of the known values", "{expected}"),
    "uuid_type": ("is not a UUID", "a UUID such as 0190b5c2-7a3b-7c4d-8e5f-0123456789ab"),
    "uuid_parsing": ("is not a UUID", "a UUID such as 0190b5c2-7a3b-7c4d-8e5f-0123456789ab"),
    "string_pattern_mismatch": ("has a wrong form", "text that fits {pattern}"),
    "extra_forbidden": ("is not known here", "no such member"),
}


def parse_body(model: type[M], raw: bytes | str | object) -> M:
    """The request in `raw`: the bytes or text of a JSON document, or a parsed one. An empty body stands for `{}`.

    Raises BadJson, or BadRequestBody which names each wrong member, what is wrong, and what would be right.
    """
    value = _value_of(raw, empty={})
    try:
        body = model.model_validate(value, context=FROM_WIRE, by_alias=True, by_name=False)
    except ValidationError as error:
        raise BadRequestBody(problems_of(error, model)) from None
    problems = _group_problems(body)
    if problems:
        raise BadRequestBody(problems)
    return body


def parse_body_list(model: type[M], raw: bytes | str | object, *, max_items: int = MAX_LIST) -> list[M]:
    """As `parse_body`, for a body that is a list of at most `max_items` members."""
    value = _value_of(raw, empty=[])
    if isinstance(value, list) and len(value) > max_items:
        raise BadRequestBody([FieldProblem("", "has too many members", f"at most {max_items}")])
    try:
        bodies: list[M] = TypeAdapter(list[model]).validate_python(  # type: ignore[valid-type]
            value, context=FROM_WIRE, by_alias=True, by_name=False
        )
    except ValidationError as error:
        raise BadRequestBody(problems_of(error, model)) from None
    problems = [found.inside(index) for index, body in enumerate(bodies) for found in _group_problems(body)]
    if problems:
        raise BadRequestBody(problems[:MAX_PROBLEMS])
    return bodies


def parse_what_fits(model: type[M], raw: bytes | str | object) -> tuple[M, list[FieldProblem]]:
    """The request without its wrong members, beside what is wrong with those, so that the rest can be looked at too.

    For a model that has a default for each member, and names those that a request must give in `one_of`. Raises
    BadJson, and BadRequestBody for what is no object.
    """
    value = _value_of(raw, empty={})
    problems: list[FieldProblem] = []
    wrong: set[str] = set()
    try:
        return _with_groups(model.model_validate(value, context=FROM_WIRE, by_alias=True, by_name=False), wrong)
    except ValidationError as error:
        problems = problems_of(error, model)
        wrong = {str(step) for detail in error.errors(include_url=False) for step in detail["loc"][:1]}
    if not isinstance(value, dict):
        raise BadRequestBody(problems)
    fits = {name: each for name, each in value.items() if not {name, name[:1].swapcase() + name[1:]} & wrong}
    body, missing = _with_groups(model.model_validate(fits, context=FROM_WIRE, by_alias=True, by_name=False), wrong)
    return body, problems + missing


def problems_of(error: ValidationError, model: type[WireModel]) -> list[FieldProblem]:
    """Each distinct problem of a pydantic error, at most MAX_PROBLEMS; no value that was sent is repeated."""
    problems: dict[str, FieldProblem] = {}
    for detail in error.errors(include_url=False):
        problem = _problem(detail["type"], detail["loc"], detail.get("ctx", {}), detail["input"], model)
        problems.setdefault(problem.field, problem)
        if len(problems) == MAX_PROBLEMS:  # a body may have a thousand, and the hints are not for nothing
            break
    return list(problems.values())


def _value_of(raw: object, *, empty: object) -> object:
    if isinstance(raw, bytes | bytearray | str):
        return read_json(bytes(raw) if isinstance(raw, bytearray) else raw, "the body") if raw.strip() else empty
    check_json(raw, "the body")
    return raw


def _problem(
    kind: str, place: Sequence[int | str], context: Mapping[str, Any], found: object, model: type[WireModel]
) -> FieldProblem:
    field = _path(place)
    if kind == "missing":
        return FieldProblem(field, "is missing" + _misspelt(str(place[-1]), found, model), "a value")
    if "problem" in context:
        return FieldProblem(field, context["problem"], context["expected"])
    problem, expected = _SENTENCES.get(kind, ("cannot be taken", ""))
    return FieldProblem(field, problem, expected.format_map(context))


def _path(place: Iterable[int | str]) -> str:
    path = ""
    for step in place:
        path += f"[{step}]" if isinstance(step, int) else f".{_shown(step)}" if path else _shown(step)
    return path


def _shown(name: str) -> str:
    return name[:_MAX_ECHO].encode("unicode_escape").decode()


def _misspelt(name: str, found: object, model: type[WireModel]) -> str:
    """` (is "devicName" meant for it?)` when an unknown key beside it looks like `name`."""
    sent = [key for key in found if isinstance(key, str)] if isinstance(found, Mapping) else []
    unknown = {key.casefold(): key for key in sent[:MAX_LIST] if len(key) <= _MAX_ECHO and not model.knows(key)}
    near = difflib.get_close_matches(name.casefold(), unknown, n=1, cutoff=0.7)
    return f' (is "{_shown(unknown[near[0]])}" meant for it?)' if near else ""


def _group_problems(body: WireModel) -> list[FieldProblem]:
    problems = []
    for group in (*body.one_of, *body.exactly_one_of):
        names = [_alias(body, attribute) for attribute in group]
        given = [
            name for name, attribute in zip(names, group, strict=True) if getattr(body, attribute) not in (0, "", None)
        ]
        if not given:
            problems.append(_not_given(body, names))
        elif len(given) > 1 and group in body.exactly_one_of:
            problems.append(FieldProblem(given[1], f"is given beside {given[0]}", f"only one of {' and '.join(names)}"))
    return problems


def _with_groups(body: M, wrong: Collection[str]) -> tuple[M, list[FieldProblem]]:
    """The body, and which of the groups that it must give it does not; a wrong member was given."""
    return body, [problem for problem in _group_problems(body) if problem.field not in wrong]


def _not_given(body: WireModel, names: list[str]) -> FieldProblem:
    hints = (_misspelt(name, body.model_extra or {}, type(body)) for name in names)
    hint = next(filter(None, hints), "")
    return FieldProblem(names[0], "is missing" + hint, " or ".join(names))


def _alias(body: WireModel, attribute: str) -> str:
    return type(body).model_fields[attribute].alias or attribute
