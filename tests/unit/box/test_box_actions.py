"""Reboots, restarts and what cannot be done, through the real dispatcher, store and recovery; the system is played."""

import asyncio
import logging
from pathlib import Path

import pytest
from fakes.machine import Machine
from fakes.served_store import until

from agent.actions import ACTIONS
from agent.box.aftermath import REBOOT_WITHIN
from agent.box.reboots import REBOOTS
from agent.box.tools import build_box, by_systemd
from agent.settings import Settings
from agent.startup.errors import SealedStateUnavailable
from hardware.box.errors import RebootFailed
from presets_store.protocol.event_types import EVENT_TYPES, unsupported_reason
from presets_store.protocol.statuses import EventStatus

REBOOT, RESTART = "Device_Reboot_device", "Device_Restart_agents"


async def test_a_reboot_is_complete_after_the_boot_and_is_never_done_twice(machine: Machine) -> None:
    key = await machine.queue(REBOOT, maxAttempts=5)
    async with machine.agent():
        await until(lambda: machine.rebooted)
        noted = await machine.row(key)
        assert (noted.event_status, noted.boot_id, noted.process_id) == (EventStatus.PROCESSING, "boot-1", 1)
    assert (await machine.row(key)).event_status is EventStatus.PROCESSING, "a stopping agent does not know yet"
    machine.power_cycle()
    async with machine.agent():
        status, result = await machine.ended(key)
        assert (status, result) == (EventStatus.COMPLETE, {"bootID": "boot-1+", "previousBootID": "boot-1"})
        assert (await machine.row(key)).attempt_number == 1
    machine.power_cycle()
    async with machine.agent():
        await machine.done("Setup_Device_registered")
    assert machine.rebooted == 1


async def test_a_power_cut_before_the_reboot_is_the_reboot(machine: Machine) -> None:
    """It was noted and not asked of the system: the boot is another all the same."""
    key = await machine.queue(REBOOT)
    await machine.store.services.events.begin(key, holder="h", boot_id=machine.boot, process_id=1)
    machine.power_cycle()
    async with machine.agent():
        assert (await machine.ended(key))[0] is EventStatus.COMPLETE
    assert machine.rebooted == 0


async def test_an_agent_that_starts_in_the_same_boot_waits_for_the_reboot_and_then_says_that_it_failed(
    machine: Machine,
) -> None:
    key = await machine.queue(REBOOT, maxAttempts=5)
    async with machine.agent():
        await until(lambda: machine.rebooted)
    machine.process += 1
    async with machine.agent():
        await machine.done("Setup_Device_registered")
        assert (await machine.row(key)).event_status is EventStatus.PROCESSING
        machine.clock.advance(REBOOT_WITHIN)
        status, result = await machine.ended(key)
        assert (status, result["code"]) == (EventStatus.ERROR, "reboot_failed")
        await machine.done("Setup_Device_registered")
    assert machine.rebooted == 1


async def test_a_reboot_that_does_not_come_is_told(machine: Machine) -> None:
    async with machine.agent():
        key = await machine.queue(REBOOT)
        await until(lambda: machine.rebooted)
        await until(lambda: bool(machine.clock._sleepers))
        machine.clock.advance(REBOOT_WITHIN)
        status, result = await machine.ended(key)
    assert (status, result["code"]) == (EventStatus.ERROR, "reboot_failed")
    assert "did not begin within 120 s" in result["message"]


async def test_a_refused_reboot_is_told_at_once_and_costs_nothing(machine: Machine) -> None:
    machine.refusal = RebootFailed(reason="Interactive authentication required.")
    async with machine.agent():
        for _ in range(REBOOTS + 1):
            status, result = await machine.done(REBOOT)
            assert (status, result["code"]) == (EventStatus.ERROR, "reboot_failed")
            assert "Interactive authentication required." in result["message"]
    assert machine.kept.entries == {}


async def test_a_reboot_that_stops_what_asked_for_it_is_no_refusal(machine: Machine) -> None:
    """systemd ends the agent and its `systemctl reboot` together."""
    machine.answered.clear()
    machine.refusal = RebootFailed(reason="systemctl ended with status -15")
    key = await machine.queue(REBOOT)
    async with machine.agent() as dispatcher:
        await until(lambda: machine.rebooted)
        stopping = asyncio.create_task(dispatcher.stop(5))
        running = dispatcher.by_key(key)
        assert running is not None
        await until(lambda: running.stop.reason)
        machine.answered.set()
        await stopping
    assert (await machine.row(key)).event_status is EventStatus.PROCESSING
    machine.power_cycle()
    async with machine.agent():
        assert (await machine.ended(key))[0] is EventStatus.COMPLETE


async def test_a_reboot_that_cannot_be_counted_is_not_done(machine: Machine) -> None:
    machine.kept.failing = SealedStateUnavailable(reason="the disk is full")
    async with machine.agent():
        status, result = await machine.done(REBOOT)
    assert (status, result["code"], machine.rebooted) == (EventStatus.ERROR, SealedStateUnavailable.code, 0)


async def test_a_device_that_is_told_to_reboot_at_each_start_comes_to_rest(machine: Machine) -> None:
    outcomes = []
    for number in range(REBOOTS + 2):
        key = await machine.queue(REBOOT)
        async with machine.agent():
            if number < REBOOTS:
                await until(lambda wanted=number + 1: machine.rebooted == wanted)  # type: ignore[misc]
            else:
                await machine.ended(key)
        machine.power_cycle()
        async with machine.agent():
            status, result = await machine.ended(key)
            outcomes.append(result.get("code", status.wire_name))
    assert outcomes == ["Complete"] * REBOOTS + ["reboots_used_up"] * 2
    assert machine.rebooted == REBOOTS


async def test_a_restart_is_complete_in_the_next_agent(machine: Machine) -> None:
    key = await machine.queue(RESTART)
    async with machine.agent():
        await until(lambda: machine.restarted)
    assert (await machine.row(key)).event_status is EventStatus.PROCESSING
    machine.process = 2
    async with machine.agent():
        status, result = await machine.ended(key)
    assert status is EventStatus.COMPLETE
    assert result["previousProcessID"] == 1
    assert result["processID"] > 1
    assert machine.restarted == 1


async def test_nobody_restarts_an_agent_that_would_not_come_back(machine: Machine) -> None:
    machine.supervised = False
    async with machine.agent():
        status, result = await machine.done(RESTART)
    assert (status, result["code"], machine.restarted) == (EventStatus.ERROR, "no_supervisor", 0)
    assert "device.supervised" in result["message"]


async def test_an_end_cannot_call_a_reboot_back(machine: Machine) -> None:
    async with machine.agent():
        key = await machine.queue(REBOOT)
        await until(lambda: machine.rebooted)
        await machine.done("Device_End_process", {"eventID": key})
        status, result = await machine.ended(key)
    assert status is EventStatus.CANCELLED
    assert "cannot be called back" in result["note"]


@pytest.mark.parametrize(
    ("environment", "supervised"),
    [
        pytest.param({}, False, id="a-terminal"),
        pytest.param({"INVOCATION_ID": "a"}, False, id="a-terminal-of-a-desktop"),
        pytest.param({"SYSTEMD_EXEC_PID": "77"}, True, id="a-service"),
        pytest.param({"SYSTEMD_EXEC_PID": "76"}, False, id="a-child-of-a-service"),
        pytest.param({"NOTIFY_SOCKET": "/run/systemd/notify"}, True, id="a-service-that-notifies"),
    ],
)
def test_who_starts_the_agent_again(environment: dict[str, str], supervised: bool) -> None:
    assert by_systemd(environment, 77) is supervised


async def test_a_setting_says_that_somebody_starts_the_agent_again(machine: Machine, tmp_path: Path) -> None:
    async def nothing() -> int:
        return 0

    for supervised in (False, True):
        settings = Settings.model_validate({"state_folder": tmp_path, "device": {"supervised": supervised}})
        box = build_box(settings, machine.store.services, machine.kept, machine.clock, "boot", lambda: None, nothing)
        assert box.supervised is supervised


async def test_a_registered_device_is_noted(machine: Machine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with machine.agent():
        assert (await machine.done("Setup_Device_registered"))[0] is EventStatus.COMPLETE
    assert "the device is registered" in caplog.text


async def test_types_without_an_action_end_at_once_and_are_named(machine: Machine) -> None:
    unsupported = {kind.id for kind in EVENT_TYPES.values() if not kind.supported}
    assert len(unsupported) == 23
    assert not unsupported.intersection(ACTIONS)
    async with machine.agent():
        for number in sorted(EVENT_TYPES.keys() - ACTIONS.keys()):
            name = EVENT_TYPES[number].wire_name
            status, result = await machine.done(name)
            assert (status, result["code"]) == (EventStatus.ERROR, "unsupported")
            assert name in result["message"]
            assert unsupported_reason(number) in result["message"]
