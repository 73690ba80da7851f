"""PATCH bodies: names in any case, values as text, and one error that names each wrong operation."""

import pytest

from presets_store.protocol.errors import BadRequestBody
from presets_store.protocol.fields import Key, Moment, Text
from presets_store.protocol.fleet.patching import read_patch
from presets_store.protocol.parsing import parse_body_list
from presets_store.protocol.system import PatchOperation

ALLOWED = {"file_id": Key, "video_clip_status": int, "stream_name": Text, "last_activity_date": Moment, "flag": bool}


def _patch(*pairs: tuple[str, str], operation: str = "") -> dict[str, object]:
    sent = [{"operation": operation, "fieldName": name, "value": value} for name, value in pairs]
    return read_patch(parse_body_list(PatchOperation, sent), ALLOWED)


def test_names_are_matched_in_any_case_and_values_become_what_the_field_is() -> None:
    assert _patch(("FileID", "9"), ("videoclipstatus", "4"), ("STREAMNAME", "42"), ("Flag", "true")) == {
        "file_id": 9,
        "video_clip_status": 4,
        "stream_name": "42",
        "flag": True,
    }


def test_a_date_is_read_and_an_empty_one_clears() -> None:
    assert _patch(("lastActivityDate", "1970-01-01T00:00:01Z")) == {"last_activity_date": 1_000_000}
    assert _patch(("lastActivityDate", "")) == {"last_activity_date": 0}


def test_the_last_operation_on_a_field_counts() -> None:
    assert _patch(("FileID", "1"), ("fileID", "2")) == {"file_id": 2}


def test_an_empty_patch_changes_nothing() -> None:
    assert _patch() == {}


def test_every_wrong_operation_is_named_with_what_would_be_right() -> None:
    with pytest.raises(BadRequestBody) as refused:
        _patch(("fileID", "many"), ("serialNumber", "X"), ("fileID", "-1"), ("videoClipStatus", ""))
    fields = {problem.field: problem for problem in refused.value.problems}
    assert set(fields) == {
        "[0].value, for fileID,",
        "[1].fieldName",
        "[2].value, for fileID,",
        "[3].value, for videoClipStatus,",
    }
    assert fields["[1].fieldName"].expected == "one of fileID, videoClipStatus, streamName, lastActivityDate, flag"
    assert "many" not in str(refused.value)


def test_an_operation_that_is_no_replacement_is_refused() -> None:
    assert _patch(("fileID", "3"), operation="Replace") == {"file_id": 3}
    with pytest.raises(BadRequestBody, match="operation"):
        _patch(("fileID", "3"), operation="remove")
