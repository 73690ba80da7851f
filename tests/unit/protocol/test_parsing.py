"""What a peer sends becomes a model or one clean error, whatever it is."""

import functools
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presets_store.errors import CuelightError, Kind
from presets_store.protocol.base import WireModel
from presets_store.protocol.cameras import UpdateCamera
from presets_store.protocol.clips import ClipQuery, CreateVideoClip
from presets_store.protocol.devices import DeviceName, DeviceRecord
from presets_store.protocol.errors import BadJson, BadRequestBody
from presets_store.protocol.event_types import EVENT_TYPES
from presets_store.protocol.events import (
    CreateEvent,
    DequeueEvent,
    EventRecord,
    EventRecordUpload,
    PendingQuery,
    ProgressUpdate,
    StatusUpdate,
    UpdateEvent,
)
from presets_store.protocol.fields import INT64_MAX, MAX_JSON_TEXT, MAX_NAME
from presets_store.protocol.filters import DateAndCountFilter, DevicesTagFilter
from presets_store.protocol.json_text import MAX_DEPTH, MAX_VALUES, read_json
from presets_store.protocol.keys import DescribeApiKey
from presets_store.protocol.parameters import parse_parameters
from presets_store.protocol.parsing import MAX_PROBLEMS, parse_body, parse_body_list
from presets_store.protocol.presets import (
    CreateEventPreset,
    EventIdAnswer,
    RunPreset,
    StartupTarget,
    UpdateEventPreset,
)
from presets_store.protocol.statuses import EventStatus
from presets_store.protocol.system import NameValuePair, PatchOperation

UUID_TEXT = "0190b5c2-7a3b-7c4d-8e5f-0123456789ab"

REQUESTS: list[type[WireModel]] = [
    CreateEvent,
    CreateEventPreset,
    CreateVideoClip,
    ClipQuery,
    DateAndCountFilter,
    DequeueEvent,
    DescribeApiKey,
    DeviceName,
    DeviceRecord,
    DevicesTagFilter,
    EventRecordUpload,
    NameValuePair,
    PatchOperation,
    PendingQuery,
    ProgressUpdate,
    RunPreset,
    StartupTarget,
    StatusUpdate,
    UpdateCamera,
    UpdateEvent,
    UpdateEventPreset,
]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["\ud800", "\0", "2026-03-30", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", 10**400])
)
names = st.sampled_from(sorted({field.alias or "" for model in REQUESTS for field in model.model_fields.values()}))
keys = names | names.map(lambda name: name[0].swapcase() + name[1:]) | st.text(max_size=8)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=8), max_leaves=12
)


def problems(model: type[WireModel], body: object) -> dict[str, str]:
    with pytest.raises(BadRequestBody) as caught:
        parse_body(model, body)
    assert caught.value.kind is Kind.INVALID
    return {problem.field: f"{problem.problem}; {problem.expected}" for problem in caught.value.problems}


def result_of(call: Callable[[], Any]) -> Any:
    """What `call` returns; None for an error that blames the sender. Any other exception fails the test."""
    try:
        return call()
    except CuelightError as error:
        refused = error
    assert refused.kind is Kind.INVALID
    assert refused.message.encode()
    return None


@given(model=st.sampled_from(REQUESTS), body=anything)
def test_any_value_gives_a_model_or_a_clean_error(model: type[WireModel], body: Any) -> None:
    parsed = result_of(lambda: parse_body(model, body))
    if parsed is not None:
        again = parse_body(model, json.dumps(parsed.dump()))
        assert again.dump() == parsed.dump(), "what was taken can be sent and taken again"


@given(model=st.sampled_from(REQUESTS), body=st.dictionaries(keys, anything, max_size=10))
def test_any_object_gives_a_model_or_a_clean_error(model: type[WireModel], body: Any) -> None:
    parsed = result_of(lambda: parse_body(model, body))
    if parsed is not None:
        assert parse_body(model, json.dumps(parsed.dump())).dump() == parsed.dump()
    result_of(lambda: parse_body_list(model, [body, body]))


@given(body=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_give_a_model_or_a_clean_error(body: bytes) -> None:
    for model in (UpdateEvent, PendingQuery):
        result_of(functools.partial(parse_body, model, body))


@given(number=st.integers(1, 64), value=anything, text=st.text(max_size=30))
def test_any_parameters_give_json_or_a_clean_error(number: int, value: Any, text: str) -> None:
    for sent in (json.dumps(value), text):
        read = result_of(functools.partial(parse_parameters, EVENT_TYPES[number], sent))
        json.dumps(read, allow_nan=False).encode()


@given(moment=st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999))
def test_dates_there_and_back(moment: int) -> None:
    text = EventRecord(creation_date=moment).dump()["creationDate"]
    assert text is None if moment == 0 else text.endswith("Z")
    assert parse_body(EventRecord, {"creationDate": text}).creation_date == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("", 0),
        (None, 0),
        ("2026-03-30T12:00:00.0000000Z", 1_774_872_000_000_000),
        ("2026-03-30T12:00:00Z", 1_774_872_000_000_000),
        ("2026-03-30 12:00:00.000001+00:00", 1_774_872_000_000_001),
        ("2026-03-30T14:00:00+02:00", 1_774_872_000_000_000),
        ("2026-03-30T12:00:00", 1_774_872_000_000_000),
    ],
)
def test_spellings_of_dates(text: str | None, moment: int) -> None:
    assert parse_body(DeviceRecord, {"softwareDate": text}).software_date == moment


@pytest.mark.parametrize("date", ["yesterday", 5, True, 1.5, [], "2026-13-01", "0001-01-01T00:00:00+14:00", "2" * 50])
def test_what_is_no_date(date: object) -> None:
    found = problems(DeviceRecord, {"softwareDate": date})
    assert found == {"softwareDate": "is not a date; an ISO 8601 date such as 2026-03-30T12:00:00Z"}


def test_bodies_of_the_unmodified_client() -> None:
    create = parse_body(
        CreateEvent,
        b'{"deviceID": 0, "deviceSerial": "S 1", "agentType": "Video", "eventType": "Video_Start_recording", '
        b'"serverEvent": 0, "eventParameters": "", "priority": 1, "maxAttempts": 0, "expirationEpoch": 0}',
    )
    assert (create.device_id, create.serial_or_name, create.agent_type) == (0, "S 1", "Video")
    update = parse_body(
        UpdateEvent, {"eventStatus": 3, "attemptNumber": 1, "result": "", "tagString": "", "tagNumber": 0}
    )
    assert (update.event_status, update.result, update.percent_complete) == (EventStatus.PROCESSING, "", None)
    assert parse_body(RunPreset, b"{}").data == []
    assert parse_body(RunPreset, b"").data == []


def test_null_and_empty_stand_for_absent() -> None:
    body = parse_body(
        CreateEvent, {"deviceID": "", "deviceName": "x", "eventTypeID": 3, "priority": None, "agentType": None}
    )
    assert (body.device_id, body.priority, body.agent_type) == (0, 1, "")
    assert "priority" not in body.model_fields_set
    update = parse_body(UpdateEvent, {"eventStatus": 0, "percentComplete": "", "tagNumber": None, "result": None})
    assert update == UpdateEvent()
    assert parse_body(DevicesTagFilter, {"tagIDList": None, "order": ""}).dump()["tagIDList"] == []
    assert parse_body(DevicesTagFilter, {"order": "ASC"}).order == "asc"


def test_first_letters_and_exact_names() -> None:
    body = parse_body(DequeueEvent, {"DeviceName": "a", "AgentType": 1, "agent_index": 4})
    assert (body.device_name, body.agent_type, body.agent_index) == ("a", "1", 0)
    assert parse_body(PendingQuery, {"DeviceName": "a", "deviceName": "b"}).device_name == "b"
    assert parse_body(EventIdAnswer, {"eventID": 5}) == parse_body(EventIdAnswer, {"EventID": 5})


def test_numbers_are_taken_where_names_are() -> None:
    body = parse_body(CreateEvent, {"deviceID": 1, "agentType": 1, "eventType": 64})
    assert (body.agent_type, body.event_type) == ("1", "64")


def test_a_misspelt_required_key_is_named() -> None:
    found = problems(ProgressUpdate, {"deviceName": "x", "percentCompleted": 5})
    assert found == {"percentComplete": 'is missing (is "percentCompleted" meant for it?); a value'}
    found = problems(DequeueEvent, {"devicename": "x", "agentType": "Video"})
    expected = 'is missing (is "devicename" meant for it?); deviceID or deviceSerial or deviceName'
    assert found == {"deviceID": expected}
    assert problems(ProgressUpdate, {"x" * 5000: 1, "percent\ncomplete": 5})["percentComplete"].count("\n") == 0


def test_a_preset_has_one_target() -> None:
    both = {"deviceID": 1, "deviceGroupID": 2, "eventType": "x"}
    assert problems(CreateEventPreset, both) == {
        "deviceGroupID": "is given beside deviceID; only one of deviceID and deviceGroupID"
    }
    assert problems(CreateEventPreset, {"deviceID": 0, "deviceGroupID": "", "eventType": "x"}) == {
        "deviceID": "is missing; deviceID or deviceGroupID"
    }


def test_every_problem_is_listed_once_and_boundedly() -> None:
    assert set(problems(StatusUpdate, {"deviceID": "x", "eventStatus": 9, "events": [1, "a", -1]})) == {
        "deviceID",
        "eventStatus",
        "events[1]",
        "events[2]",
    }
    assert len(problems(StatusUpdate, {"deviceID": 1, "eventStatus": 4, "events": ["a"] * 900})) == MAX_PROBLEMS


@pytest.mark.parametrize("value", [{}, {"durationSeconds": 5}, []])
def test_parameters_as_an_object_are_refused_with_what_would_be_right(value: object) -> None:
    found = problems(CreateEvent, {"deviceID": 1, "eventTypeID": 1, "eventParameters": value})
    assert "a JSON document inside a string" in found["eventParameters"]


@pytest.mark.parametrize(
    ("member", "value", "expected"),
    [
        ("deviceID", INT64_MAX + 1, f"at most {INT64_MAX}"),
        ("deviceID", 10**30, "at most"),
        ("deviceID", -1, "at least 0"),
        ("deviceID", 1.5, "a whole number"),
        ("priority", -(2**63) - 1, "at least"),
        ("deviceSerial", "x" * (MAX_NAME + 1), f"at most {MAX_NAME} characters"),
        ("deviceSerial", "a\0b", "text without it"),
        ("eventParameters", "x" * (MAX_JSON_TEXT + 1), "characters"),
    ],
)
def test_sizes_are_bounded(member: str, value: object, expected: str) -> None:
    assert expected in problems(CreateEvent, {"deviceID": 1, "eventTypeID": 1, member: value})[member]


def test_int64_ends_are_taken() -> None:
    assert (
        parse_body(CreateEvent, {"deviceID": INT64_MAX, "eventTypeID": 1, "priority": -(2**63)}).device_id == INT64_MAX
    )


def test_upload_takes_ended_events_only() -> None:
    body = {"deviceID": 1, "eventTypeID": 7, "eventUUID": UUID_TEXT, "eventStatus": 3}
    assert "eventStatus" in problems(EventRecordUpload, body)
    upload = parse_body(EventRecordUpload, {**body, "eventStatus": 4, "endDate": "2026-03-30T12:00:00Z"})
    assert upload.dump()["eventUUID"] == UUID_TEXT
    assert upload.dump()["endDate"] == "2026-03-30T12:00:00.000000Z"
    assert "eventUUID" in problems(EventRecordUpload, {**body, "eventStatus": 4, "eventUUID": "7"})


def test_lists() -> None:
    operations = parse_body_list(PatchOperation, b'[{"operation": "", "fieldName": "FileID", "value": 9}]')
    assert operations[0].value == "9"
    assert parse_body_list(PatchOperation, b"") == []
    with pytest.raises(BadRequestBody, match=r"\[1\]\.fieldName is missing"):
        parse_body_list(PatchOperation, [{"fieldName": "a"}, {}])
    with pytest.raises(BadRequestBody, match="too many members"):
        parse_body_list(PatchOperation, [{}] * 4, max_items=3)
    with pytest.raises(BadRequestBody, match="the whole is not a list"):
        parse_body_list(PatchOperation, {})
    with pytest.raises(BadRequestBody, match=r"\[0\]\.deviceID is missing"):
        parse_body_list(CreateVideoClip, [{}])


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"a": 1 b}', "at position 8"),
        (b'{"a": "\xff"}', "at position 7: not UTF-8"),
        (b"NaN", "NaN is not a JSON number"),
        (b'{"a": -Infinity}', "-Infinity is not"),
        (b"1e999", "not finite"),
        (b"1" * 5000, "too many digits"),
        (b'["\\ud800"]', "half of a surrogate pair"),
        (b"[" * 100_000, "nested deeper"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "nested deeper"),
        (b"[" + b"0," * MAX_VALUES + b"0]", "more than"),
        (b"\xef\xbb\xbf{}", "BOM"),
    ],
)
def test_json_that_cannot_be_kept(raw: bytes, reason: str) -> None:
    with pytest.raises(BadJson, match=reason):
        read_json(raw, "the body")


def test_a_parsed_value_is_held_to_the_same_bounds() -> None:
    cycle: list[object] = []
    cycle.append(cycle)
    for value in (object(), {1, 2}, 10**5000, [float("nan")], "\ud800", cycle):
        with pytest.raises(BadJson):
            parse_body(PendingQuery, {"deviceName": value})


def test_json_at_its_bounds() -> None:
    assert read_json(b"[" * MAX_DEPTH + b"1" + b"]" * MAX_DEPTH, "the body")
    assert read_json(b'{"\\ud83c\\udfa5": 1e308}', "the body") == {"🎥": 1e308}


@pytest.mark.parametrize("body", [b"[]", b"5", b'"text"', b"null", b"true"])
def test_a_body_that_is_no_object(body: bytes) -> None:
    assert problems(PendingQuery, body) == {"": "is not an object; an object"}
