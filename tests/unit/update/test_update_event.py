"""Device_Update_software from the event to its outcome: real dispatcher, store, recovery, dpkg and helper."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fakes.served_store import until
from fakes.updates import DIES
from fakes.updating import UPDATE, Updating, updating

from agent.running import MICROPHONE, SinkKind
from agent.update.following import KNOWN_WITHIN, TAKEN_WITHIN
from agent.update.staging import LARGEST_PACKAGE, room
from presets_store.protocol.statuses import EventStatus

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="dpkg wants to give files to root")

PROCESSING, COMPLETE, ERROR = EventStatus.PROCESSING, EventStatus.COMPLETE, EventStatus.ERROR


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Updating]:
    async with updating(tmp_path) as made:
        yield made


async def test_an_update_is_complete_in_the_agent_after_it(box: Updating) -> None:
    machine = box.machine
    parameters = box.parameters(box.device.package("2.0"), "2.0")
    async with machine.agent():
        key = await machine.queue(UPDATE, parameters, maxAttempts=3)
        await box.asked()
    assert (await machine.row(key)).event_status is PROCESSING, "a stopping agent does not know yet"
    assert await box.helper() == 0
    machine.process += 1
    async with machine.agent():
        status, result = await machine.ended(key)
    assert (status, result) == (COMPLETE, {"version": "2.0", "previous": "1.0", "installed": "2.0"})
    assert (box.device.installed, (await machine.row(key)).attempt_number) == ("2.0 ii", 1)
    async with machine.agent():
        status, result = await machine.done(UPDATE, parameters)
    assert (status, result["note"], box.upstream.asked) == (COMPLETE, "it was installed already", 1)


async def test_a_version_that_does_not_work_ends_as_error_in_the_one_before(box: Updating) -> None:
    machine = box.machine
    async with machine.agent():
        key = await machine.queue(UPDATE, box.parameters(box.device.package("2.0", DIES), "2.0"))
        await box.asked()
    assert await box.helper(kill_after=5) == -9
    machine.power_cycle()
    async with machine.agent():
        await box.pass_time(TAKEN_WITHIN + 10)
        assert (await machine.row(key)).event_status is PROCESSING, "the helper has not told yet"
        assert await box.helper("confirm") == 0
        await box.pass_time(5)
        status, result = await machine.ended(key)
    assert (status, result["code"], result["installed"]) == (ERROR, "update_unhealthy", "1.0")
    assert "version 1.0 is back" in result["message"]


async def test_what_the_helper_refuses_is_told_by_the_agent_that_asked(box: Updating) -> None:
    """The agent's settings may say what root's file does not."""
    box.device.settings(public_key="")
    async with box.machine.agent():
        key = await box.machine.queue(UPDATE, box.parameters(box.device.package("2.0"), "2.0"))
        await box.asked()
        assert await box.helper() == 0
        await box.pass_time(5)
        status, result = await box.machine.ended(key)
    assert (status, result["code"], box.device.installed) == (ERROR, "update_no_key", "1.0 ii")


STRANGER = Ed25519PrivateKey.generate()


REFUSED: tuple[tuple[dict[str, Any], dict[str, Any], str, str], ...] = (
    ({"public_key": ""}, {}, "2.0", "update_no_key"),
    ({}, {"signature": None}, "2.0", "bad_parameter"),
    ({}, {"signature": "A" * 86 + "=="}, "2.0", "update_bad_signature"),
    ({}, {"signature": STRANGER}, "2.0", "update_bad_signature"),
    ({}, {"sHA256Hash": "0" * 64}, "2.0", "update_bad_signature"),
    ({}, {"sHA256Hash": "x"}, "2.0", "bad_parameter"),
    ({}, {"version": "3.0"}, "2.0", "update_bad_signature"),
    ({}, {"version": "2.0; reboot"}, "2.0", "bad_parameter"),
    ({}, {}, "0.9", "update_downgrade"),
    ({}, {"sourceURL": "https://example.org/x"}, "2.0", "bad_parameter"),
    ({}, {"fileID": None}, "2.0", "bad_parameter"),
    ({}, {"fileID": None, "sourceURL": "http://example.org/x"}, "2.0", "bad_parameter"),
    ({}, {"fileID": None, "sourceURL": "https://127.0.0.1:1/x"}, "2.0", "file_unfetchable"),
)


async def test_what_is_refused_before_anything_is_fetched(box: Updating) -> None:
    files = {version: box.device.package(version) for version in ("0.9", "2.0")}
    for settings, changes, version, code in REFUSED:
        box.settings(**settings)
        given = dict(changes)
        if given.get("signature") is STRANGER:
            given["signature"] = box.device.sign(files[version], version, key=STRANGER)
        async with box.machine.agent():
            status, result = await box.machine.done(UPDATE, box.parameters(files[version], version, **given))
        assert (status, result["code"]) == (ERROR, code), (changes, result)
        assert box.upstream.asked == 0
        assert not (box.device.state / "update/request.json").exists()


async def test_other_bytes_than_were_signed_are_not_staged(box: Updating) -> None:
    parameters = box.parameters(box.device.package("2.0"), "2.0")
    box.upstream.content = box.upstream.content[:-1] + b"x"
    async with box.machine.agent():
        status, result = await box.machine.done(UPDATE, parameters)
    assert (status, result["code"]) == (ERROR, "file_unfetchable")
    assert "not those that were announced" in result["message"]
    assert list((box.device.state / "update").iterdir()) == []


async def test_a_package_that_says_something_else_than_was_signed(box: Updating) -> None:
    file = box.device.package("2.1")
    async with box.machine.agent():
        parameters = box.parameters(file, "2.0", signature=box.device.sign(file, "2.0"))
        status, result = await box.machine.done(UPDATE, parameters)
    assert (status, result["code"]) == (ERROR, "update_wrong_package")


async def test_a_package_of_another_debian_is_refused(box: Updating) -> None:
    newer = box.device.package("2.0~deb13")
    box.device.dpkg("--install", str(box.device.package("1.1~deb12")))
    async with box.machine.agent():
        status, result = await box.machine.done(UPDATE, box.parameters(newer, "2.0~deb13"))
    assert (status, result["code"]) == (ERROR, "update_wrong_package")
    assert "is for Debian 13, this is Debian 12" in result["message"]


async def test_not_enough_room(box: Updating, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert 0 < await asyncio.to_thread(room, tmp_path, 0) <= LARGEST_PACKAGE
    assert await asyncio.to_thread(room, tmp_path, LARGEST_PACKAGE) == 0
    monkeypatch.setattr("agent.update.staging.MARGIN", 1 << 60)
    box.machine.transfers._packages._room_of = room
    async with box.machine.agent():
        status, result = await box.machine.done(UPDATE, box.parameters(box.device.package("2.0"), "2.0"))
    assert (status, result["code"], box.upstream.asked) == (ERROR, "file_unfetchable", 0)
    assert "may still be fetched, 0 bytes" in result["message"]


async def test_what_is_not_a_package_is_not_replaced(box: Updating, tmp_path: Path) -> None:
    parameters = {"version": "2.0", "sHA256Hash": "0" * 64, "signature": "A" * 86 + "==", "fileID": 7}
    state, told = box.device.state, []

    async def refusal() -> str:
        async with box.machine.agent():
            status, result = await box.machine.done(UPDATE, parameters)
        assert (status, result["code"]) == (ERROR, "not_packaged")
        return str(result["message"])

    box.device.state = tmp_path / "elsewhere"
    box.settings()
    told.append(await refusal())
    box.device.state = state
    box.settings()
    box.device.dpkg("--purge", "cuelight")
    told.append(await refusal())
    (box.device.root / "usr/lib/cuelight/helper/__main__.py").unlink()
    told.append(await refusal())
    for message, part in zip(told, ("its state folder is", "dpkg knows no whole package", "there is no"), strict=True):
        assert part in message


@pytest.mark.parametrize("camera", ["main", MICROPHONE])
async def test_a_recording_is_not_cut_unless_that_is_asked_for(box: Updating, camera: str) -> None:
    machine, parameters = box.machine, box.parameters(box.device.package("2.0"), "2.0")
    kind = SinkKind.SOUND if camera == MICROPHONE else SinkKind.RECORDING
    async with machine.agent() as dispatcher:
        film = await machine.queue("Video_Test_event", {"stopCount": 10_000})
        await until(lambda: dispatcher.on("main", SinkKind.TEST))
        running = dispatcher.by_key(film)
        assert running is not None
        running.sink = (camera, kind)  # it stands for a recording
        status, result = await machine.done(UPDATE, parameters)
        assert (status, result["code"]) == (ERROR, "update_while_recording")
        assert f"event {film} records now" in result["message"]
        key = await machine.queue(UPDATE, {**parameters, "whileRecording": True})
        await box.asked()
        assert (await machine.row(key)).event_status is PROCESSING


async def test_one_update_at_a_time(box: Updating) -> None:
    machine, parameters = box.machine, box.parameters(box.device.package("2.0"), "2.0")
    async with machine.agent():
        await machine.queue(UPDATE, parameters)
        await box.asked()
        status, result = await machine.done(UPDATE, parameters)
    assert (status, result["code"]) == (ERROR, "update_under_way")


async def test_a_helper_that_does_not_come_is_told_and_finds_nothing_later(box: Updating) -> None:
    async with box.machine.agent():
        key = await box.machine.queue(UPDATE, box.parameters(box.device.package("2.0"), "2.0"))
        await box.asked()
        await box.pass_time(TAKEN_WITHIN + 4)
        status, result = await box.machine.ended(key)
    assert (status, result["code"]) == (ERROR, "update_not_taken")
    assert await box.helper() == 0
    assert box.device.installed == "1.0 ii"


async def test_an_update_that_was_ended_before_the_helper_came_is_cancelled(box: Updating) -> None:
    machine = box.machine
    async with machine.agent():
        key = await machine.queue(UPDATE, box.parameters(box.device.package("2.0"), "2.0"))
        await box.asked()
        await machine.done("Device_End_process", {"eventID": key})
        status, result = await machine.ended(key)
    assert (status, result["note"]) == (EventStatus.CANCELLED, "nothing was installed")
    assert not (box.device.state / "update/request.json").exists()


async def test_a_kill_before_the_request_lets_it_be_fetched_anew(box: Updating) -> None:
    machine, box.upstream.held = box.machine, asyncio.Event()
    async with machine.agent():
        key = await machine.queue(UPDATE, box.parameters(box.device.package("2.0"), "2.0"), maxAttempts=2)
        await until(lambda: box.upstream.asked)
        row = await machine.row(key)
    # The event as a kill would have left it: the stop of the agent above put it back to its queue.
    assert row.event_status is PROCESSING
    await machine.store.services.events.begin(key, holder="h", boot_id="boot-0", process_id=7)
    async with machine.agent():
        await box.pass_time(KNOWN_WITHIN + 4)
        status, result = await machine.ended(key)
    assert (status, result["code"]) == (ERROR, "interrupted")
    box.upstream.held.set()
