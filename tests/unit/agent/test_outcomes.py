import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.errors import UnknownEvent
from agent.outcomes import MAX_RESULT, TOLD, Outcome, complete, failed, failure, stopped
from agent.running import StopReason
from presets_store.protocol.statuses import EventStatus


def test_each_way_to_stop_ends_its_own_way() -> None:
    found = {reason: stopped(reason, 2, {"seconds": 1}) for reason in StopReason}
    assert found[StopReason.STOPPED].status is EventStatus.COMPLETE
    assert found[StopReason.ENDED].status is EventStatus.CANCELLED
    cut = found[StopReason.SHUTDOWN]
    assert (cut.status, cut.interrupted) == (EventStatus.ERROR, True)
    assert cut.result["code"] == "interrupted"
    assert all(outcome.result["seconds"] == 1 for outcome in found.values())


def test_an_error_of_ours_tells_its_code_and_sentence() -> None:
    assert failure(UnknownEvent(event=7)).result == {"code": "unknown_event", "message": "no event 7 on this device"}


def test_secrets_are_taken_out() -> None:
    text = complete({"note": "to rtmp://user:swordfish@host/", "secretKey": "swordfish"}).text
    assert "swordfish" not in text


def test_a_result_that_is_too_long_keeps_what_matters_and_counts_what_it_left_out() -> None:
    clips = [{"file": f"{number}.mp4", "sha256": "a" * 64} for number in range(5000)]
    notes = ["a segment was cut"] * 3000
    told = json.loads(failed("storage_full", "no space", {"clips": clips, "notes": notes}).text)
    assert (told["code"], told["clips"]) == ("storage_full", clips[:TOLD])
    assert told["leftOut"] == {"clips": 5000 - TOLD, "notes": 3000 - TOLD}


long_text = st.integers(0, 80_000).map(lambda length: "x" * length)
values = st.one_of(long_text, st.integers(), st.lists(st.dictionaries(st.just("file"), long_text), max_size=3))


@given(st.dictionaries(st.sampled_from(["clips", "notes", "message", "camera"]), values))
def test_every_result_is_json_that_the_wire_takes(result: dict[str, Any]) -> None:
    text = Outcome(EventStatus.COMPLETE, result).text
    assert len(text) <= MAX_RESULT
    assert isinstance(json.loads(text), dict)
