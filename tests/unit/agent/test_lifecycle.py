import asyncio
import logging
import os
import signal
from pathlib import Path

import pytest

from agent.errors import AlreadyRunning
from agent.lifecycle import only_agent
from agent.tasks import TaskBag
from presets_store.process.errors import PlaceUnusable
from presets_store.process.lifecycle import SystemTaskDied, SystemTasks, stage, stop_signals, unless, usable_places


async def forever() -> None:
    await asyncio.Event().wait()


async def broken() -> None:
    raise ZeroDivisionError


async def test_the_death_of_a_system_task_is_told_with_its_cause() -> None:
    tasks = SystemTasks()
    tasks.start("steady", forever())
    tasks.start("pump", broken())
    with pytest.raises(SystemTaskDied, match="pump") as raised:
        await tasks.watch()
    assert isinstance(raised.value.__cause__, ZeroDivisionError)
    await tasks.stop()
    await tasks.stop()


async def test_work_that_ends_before_a_stop_is_answered_and_its_error_raised() -> None:
    assert await unless(asyncio.Event(), asyncio.sleep(0, "done")) == "done"
    with pytest.raises(ZeroDivisionError):
        await unless(asyncio.Event(), broken())


async def test_a_stop_cancels_work_and_waits_for_its_end() -> None:
    ended = False

    async def work() -> str:
        nonlocal ended
        try:
            await forever()
        finally:
            await asyncio.sleep(0)
            ended = True
        return "never"

    wanted = asyncio.Event()
    asyncio.get_running_loop().call_soon(wanted.set)
    assert await unless(wanted, work()) is None
    assert ended


async def test_a_signal_asks_to_stop_and_a_second_one_changes_nothing() -> None:
    with stop_signals() as wanted:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.wait_for(wanted.wait(), 1)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_one_agent_a_folder_and_the_next_when_it_is_gone(tmp_path: Path) -> None:
    run = tmp_path / "state" / "run"
    with only_agent(run), pytest.raises(AlreadyRunning, match=str(tmp_path / "state")), only_agent(run):
        pass
    with only_agent(run):
        pass


def test_what_the_operating_system_refuses_at_the_start_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(PlaceUnusable, match="state") as raised, usable_places(), only_agent(tmp_path / "state" / "run"):
        pass
    assert raised.value.code == "place_unusable"


async def test_a_stage_that_hangs_or_fails_does_not_keep_the_next_from_its_turn(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with stage("the camera", 0.01):
        await forever()
    async with stage("the pump", 1):
        await broken()
    assert "the camera did not end within 0.01 s" in caplog.text
    assert "the pump failed" in caplog.text


async def test_a_bag_logs_who_dies_and_cancels_who_lingers(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    bag = TaskBag("spare")
    bag.start(broken())
    bag.start(forever())
    await bag.drain(0.01)
    await bag.drain(0.01)
    assert "a spare task died" in caplog.text
