"""A device that loses its power, its network, its database: what its standalone preset films all the same."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from fakes.agent_process import result_of, wait_for
from fakes.clips import assert_clips_are_whole, decoded_frames, sidecar_of
from fakes.damage import beside, gone
from fakes.far_end import FarEnd
from fakes.startup_box import Box, box, codes
from fakes.startup_cells import header_lost, noise

PROCESSING, COMPLETE, ERROR, CANCELLED = 3, 4, 5, 7
EARLIEST = 2.0 + 2.6
"""Seconds that a clip may begin before its request: what a camera's memory holds, from a key frame on."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """One device for the tests here that leave it as they find it: it runs, idle, without network."""
    with box(tmp_path_factory.mktemp("box")) as device:
        yield device
        assert_clips_are_whole(device.media)
        assert "Traceback" not in device.logged()


def untouched(_database: Path) -> None:
    return


def destroyed(database: Path) -> None:
    """The file and its log are noise."""
    noise(database)
    if beside(database, "-wal").exists():
        noise(beside(database, "-wal"))


def deleted(database: Path) -> None:
    gone(database, Random(0))


def filmed(device: Box, status: dict[str, Any]) -> dict[str, Any]:
    """The event of the start-up preset, when it has ended as Complete with a clip that plays."""
    ended = device.wait_for_event(status["startup"]["eventID"])
    assert ended["eventStatus"] == COMPLETE, ended
    for clip in result_of(ended)["clips"]:
        assert decoded_frames(device.media / clip["file"]) == clip["frames"] > 0
    return ended


@pytest.mark.parametrize(
    ("lose", "news"),
    [(untouched, []), (destroyed, ["database_damaged"]), (deleted, ["database_gone"])],
    ids=["sound", "destroyed", "deleted"],
)
def test_after_a_power_loss_it_films_without_network_whatever_became_of_the_database(
    prepared: Box, lose: Callable[[Path], None], news: list[str]
) -> None:
    preset = prepared.bind(durationSeconds=1)
    known = set(prepared.begun())
    prepared.kill()
    lose(prepared.database)
    status = prepared.boot()
    assert (status["mode"], status["upstream"]["state"]) == ("standalone", "unreachable")
    assert (status["startup"]["binding"], status["startup"]["source"]) == ("standalone", "sealed cache")
    assert (status["startup"]["presetID"], status["startup"]["note"]) == (preset, "")
    assert 0.7 < result_of(filmed(prepared, status))["seconds"] < 1.3 + EARLIEST
    assert len(set(prepared.begun()) - known) == 1
    assert codes(status) == news
    assert prepared.lets_in(*prepared.first_key()), "access keys outlast the database"
    prepared.kill()
    again = prepared.started()
    assert (again["startup"]["eventID"], again["startup"]["note"]) == (0, "it was fired in this boot already")


def test_what_is_not_bound_any_more_does_not_run_even_from_a_lost_database(prepared: Box) -> None:
    prepared.bind(durationSeconds=1)
    prepared.unbind()
    prepared.kill()
    known = prepared.begun()
    status = prepared.boot()
    assert (status["startup"]["binding"], status["startup"]["eventID"]) == ("", 0)
    assert status["startup"]["note"] == "no preset is bound as standalone"
    assert prepared.begun() == known
    prepared.kill()
    deleted(prepared.database)
    assert prepared.boot()["startup"]["binding"] == ""
    assert prepared.begun() == []


def cut_off(device: Box) -> str:
    """A start-up recording of 3 s that the agent's death cut off after half of them; its event's UUID."""
    device.bind(attempts=3, durationSeconds=3)
    device.kill()
    status = device.boot()
    key = status["startup"]["eventID"]
    wait_for(lambda: device.event(key)["eventStatus"] == PROCESSING, 10, "the recording to begin")
    time.sleep(1.5)
    device.kill()
    return device.begun()[-1]


def test_a_recording_that_was_cut_off_goes_on_and_is_not_started_twice(prepared: Box) -> None:
    uuid = cut_off(prepared)
    known = prepared.begun()
    status = prepared.started()
    assert (status["startup"]["eventID"], status["startup"]["note"]) == (0, "it was fired in this boot already")
    ((key,),) = prepared.rows(f"SELECT key FROM events WHERE uuid = '{uuid}'")
    ended = prepared.wait_for_event(key)
    assert (ended["eventStatus"], ended["attemptNumber"]) == (COMPLETE, 2)
    assert 2.5 < result_of(ended)["seconds"] < 3.5 + EARLIEST
    assert [clip["attempt"] for clip in result_of(ended)["clips"]] == [1, 2]
    assert prepared.begun() == known


def test_a_recording_that_a_power_loss_cut_off_leaves_the_camera_to_that_of_the_next_boot(prepared: Box) -> None:
    uuid = cut_off(prepared)
    known = prepared.begun()
    ended = filmed(prepared, prepared.boot())
    assert ended["attemptNumber"] == 1
    assert 2.5 < result_of(ended)["seconds"] < 3.5 + EARLIEST
    assert prepared.rows(f"SELECT event_status, attempt_number FROM events WHERE uuid = '{uuid}'") == [(CANCELLED, 1)]
    assert len(prepared.begun()) == len(known) + 1


def test_a_recording_that_was_cut_off_with_the_database_runs_again_once(prepared: Box) -> None:
    uuid = cut_off(prepared)
    destroyed(prepared.database)
    status = prepared.started()
    assert codes(status) == ["database_damaged"]
    ended = filmed(prepared, status)
    assert (ended["attemptNumber"], len(prepared.begun())) == (1, 1)
    assert uuid not in prepared.begun(), "another event than the one that is lost"
    listed = prepared.request("GET", "/v1/clip/list")[1]
    assert uuid in {clip["eventUUID"] for clip in listed}, "what it had filmed is still there"
    assert prepared.stop() == 0
    destroyed(prepared.database)
    note = prepared.started()["startup"]["note"]
    assert note == "the standalone preset ran in this boot already, before the database was lost"
    assert prepared.begun() == []


def test_what_is_filmed_begins_before_its_event_where_the_camera_was_warm_early(tmp_path: Path) -> None:
    with box(tmp_path) as device:
        device.bind(durationSeconds=0.5)
        device.kill()
        event = filmed(device, device.boot(CUELIGHT_STARTUP__GRACE="2.5"))
        (clip,) = result_of(event)["clips"]
        sidecar = sidecar_of(device.media / clip["file"])
        ((created,),) = device.rows("SELECT created FROM events WHERE cause LIKE 'startup:%'")
        early = created / 1e6 - sidecar.start_wall_ns / 1e9
        assert 1.9 < early < EARLIEST, "all that the camera's memory held"
        assert early + 0.4 < sidecar.seconds < early + 0.8


def test_reports_in_the_outbox_of_a_damaged_database_still_reach_the_far_end_once_each(tmp_path: Path) -> None:
    far_end = FarEnd(seed=3, rudeness=2.0)  # it hangs up on everything
    try:
        with box(tmp_path, upstream=far_end.url) as device:
            for _ in range(3):
                device.wait_for_event(device.create_event("Video_Test_stop"))
            waiting = {row[0] for row in device.rows("SELECT event_uuid FROM outbox")}
            assert (len(waiting), device.status()["outbox"]["waiting"]) == (3, 3)
            assert device.stop() == 0
            header_lost(device.database)
            far_end.rudeness = 0.0
            status = device.boot()
            assert codes(status) == ["database_damaged"]
            assert "3 unsent reports" in status["incidents"][0]["message"]
            wait_for(lambda: device.status()["outbox"]["waiting"] == 0, 15, "all to be taken")
    finally:
        far_end.close()
    assert {uuid: len(told) for uuid, told in far_end.reports.items()} == dict.fromkeys(waiting, 1)


def test_a_database_that_gets_damaged_while_the_agent_runs_is_replaced_by_the_same_process(tmp_path: Path) -> None:
    with box(tmp_path) as device:
        device.bind(durationSeconds=1)
        device.stop()
        filmed(device, device.boot(SWEEP_EVERY="0.2"))
        device.set("log_level", "INFO")  # any other event: by its end, that of the recording is kept
        pid, since = device.pid, device.status()["startedDate"]
        destroyed(device.database)
        status = wait_for(lambda: replaced(device, since), 15, "the database to be replaced")
        assert (device.pid, device.running) == (pid, True)
        assert codes(status) == ["database_damaged"]
        ran = "the standalone preset ran in this boot already, before the database was lost"
        assert (status["startup"]["note"], device.begun()) == (ran, [])


def replaced(device: Box, since: str) -> dict[str, Any] | None:
    """The status once another start has been made since."""
    try:
        status = device.status()
    except (OSError, AssertionError):
        return None
    return status if status["startedDate"] > since and status["mode"] != "starting" else None


@pytest.mark.parametrize("step", ["", "keys", "cache", "finish"])
def test_the_seal_key_is_changed_whole_or_at_the_next_start(tmp_path: Path, step: str) -> None:
    with box(tmp_path, DIE_BEFORE=step) as device:
        device.bind(durationSeconds=0.5)
        before = device.seal_key.read_bytes()
        following = device.seal_key.with_name(f"{device.seal_key.name}.next")
        if step:
            with pytest.raises(ConnectionError):
                device.request("POST", "/v1/sealkey/rotate")
            device.wait()
            assert (following.exists(), device.seal_key.read_bytes()) == (True, before)
        else:
            code, answer = device.request("POST", "/v1/sealkey/rotate")
            assert code == 200
            assert answer["resealed"] >= 3  # the access key in the database, and at least two entries of the cache
            assert not following.exists()
            device.kill()
        destroyed(device.database)
        status = device.boot()
        assert not following.exists()
        assert device.seal_key.read_bytes() != before
        assert codes(status) == ["database_damaged"]
        assert status["startup"]["source"] == "sealed cache"
        filmed(device, status)
        assert device.lets_in(*device.first_key())
        assert not device.lets_in(device.first_key()[0], "another secret")


def test_settings_that_an_event_changed_outlast_the_database(tmp_path: Path) -> None:
    with box(tmp_path) as device:
        assert "within 0.3 s" in device.status()["reason"]
        device.set("startup_grace", "0.7")
        device.set("log_level", "DEBUG")
        device.kill()
        destroyed(device.database)
        written = len(device.logged())
        status = device.boot()
        assert "within 0.7 s" in status["reason"]
        device.wait_for_event(device.create_event("Video_Start_recording", durationSeconds=0.3))
        logged = [json.loads(line) for line in device.logged()[written:].splitlines()]
        assert "DEBUG" in {entry["level"] for entry in logged}
