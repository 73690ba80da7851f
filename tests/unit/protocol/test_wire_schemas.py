"""The JSON schemas of the wire models say what the parser does."""

from typing import Any

import pytest
from fakes.api_document import api_document
from hypothesis import given
from hypothesis import strategies as st

from presets_store.api.documentation import Shape
from presets_store.api.openapi.paths import identifier, plain_path, variables_of
from presets_store.api.openapi.schemas import ANSWER, Schemas, models_of
from presets_store.protocol.base import WireModel
from presets_store.protocol.devices import DeviceRecord
from presets_store.protocol.errors import BadRequestBody
from presets_store.protocol.events import CreateEvent, EventRecord, EventRecordUpload, StatusUpdate, UpdateEvent
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.presets import CreateEventPreset, EventIdAnswer, GroupRunAnswer
from presets_store.protocol.system import ProblemDocument, ProblemField

VALUES = st.one_of(
    st.sampled_from([0, 1, 5, 7, -1, 100, 101, 2**63 - 1, 2**63]),
    st.sampled_from(["x", "{}", "x" * 257, "2026-03-30T12:00:00Z", "0190b5c2-7a3b-4c4d-8e5f-0123456789ab"]),
    st.sampled_from([1.5, True, [], [1], [-1], {}]),
)


def taken(model: type[WireModel], body: dict[str, Any]) -> bool:
    try:
        parse_body(model, body)
    except BadRequestBody:
        return False
    return True


@pytest.mark.parametrize("model", [CreateEvent, CreateEventPreset, UpdateEvent, StatusUpdate, EventRecordUpload])
@given(data=st.data())
def test_what_the_schema_takes_the_parser_takes(model: type[WireModel], data: st.DataObject) -> None:
    names = [field.alias or name for name, field in model.model_fields.items()]
    body = data.draw(st.dictionaries(st.sampled_from(names), VALUES, max_size=5))
    if not api_document().component_faults(model.__name__, body):
        assert taken(model, body)


@given(
    body=st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(("deviceID", "deviceGroupID", "eventTypeID"), st.sampled_from([0, 1, 7])),
            "eventType": st.sampled_from(["", "Video_Follow"]),
        },
    )
)
def test_groups_of_members_are_the_parsers(body: dict[str, Any]) -> None:
    assert taken(CreateEventPreset, body) == (not api_document().component_faults("CreateEventPreset", body))


@given(moment=st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999), percent=st.floats(0, 100))
def test_answers_fit_their_schema(moment: int, percent: float) -> None:
    record = EventRecord(creation_date=moment, event_parameters="{}", percent_complete=percent)
    assert api_document().component_faults("EventRecord", record.dump()) == []


def test_every_member_of_an_answer_is_always_there() -> None:
    schemas = api_document().content["components"]["schemas"]
    answer = schemas["DeviceRecord-Output"]
    assert sorted(answer["required"]) == sorted(answer["properties"]) == sorted(DeviceRecord().dump())
    assert len(schemas["DeviceRecord-Input"]["properties"]) == 30
    assert "required" not in schemas["DeviceRecord-Input"]
    problem = ProblemDocument(title="Bad Request", status=400, detail="x", code="bad_json")
    assert set(schemas["ProblemDocument"]["required"]) == set(problem.dump())
    named = problem.model_copy(update={"errors": [ProblemField(field="a", problem="is missing")]})
    assert named.dump()["errors"] == [{"field": "a", "problem": "is missing", "expected": ""}]
    assert set(named.dump()) == set(schemas["ProblemDocument"]["properties"])


def test_members_have_their_wire_names_and_forms() -> None:
    upload = api_document().content["components"]["schemas"]["EventRecordUpload"]
    assert upload["properties"]["startDate"] == {"default": None, "format": "date-time", "type": ["string", "null"]}
    assert upload["properties"]["eventStatus"] == {"enum": [4, 5, 6, 7], "type": "integer"}
    assert upload["properties"]["eventUUID"] == {"format": "uuid", "type": "string"}
    assert upload["properties"]["eventType"]["type"] == ["string", "integer"]
    assert "`eventStatus` is terminal" in upload["description"]
    assert "title" not in upload


@pytest.mark.parametrize(
    ("shape", "models"),
    [
        (None, ()),
        (EventRecord, (EventRecord,)),
        (list[EventRecord], (EventRecord,)),
        (EventRecord | None, (EventRecord,)),
        (EventIdAnswer | GroupRunAnswer, (EventIdAnswer, GroupRunAnswer)),
        (dict[str, Any], ()),
    ],
)
def test_shapes_of_bodies(shape: Shape, models: tuple[type[WireModel], ...]) -> None:
    assert models_of(shape) == models
    if shape is not None:
        described = Schemas((model, ANSWER) for model in (EventRecord, EventIdAnswer, GroupRunAnswer)).of(shape, ANSWER)
        assert str(described).count("$ref") == len(models)


def test_paths_are_plain_and_their_variables_bounded() -> None:
    path = "/v1/event/list/pending/{key:[0-9]{1,18}}/{state:[^/]+}/{code:[a-f]{2}}{slash:/?}"
    assert plain_path(path) == "/v1/event/list/pending/{key}/{state}/{code}"
    assert dict(variables_of(path)) == {
        "key": {"type": "integer", "format": "int64", "minimum": 0, "maximum": 999_999_999_999_999_999},
        "state": {"type": "string"},
        "code": {"type": "string", "pattern": "^[a-f]{2}$"},
    }
    assert identifier("get", path) == "getEventListPending"
