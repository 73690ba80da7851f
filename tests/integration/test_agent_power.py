"""A real agent that is told to reboot its device, or to restart itself; the system's part is played here."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.agent_process import result_of, wait_for
from fakes.clips import assert_clips_are_whole
from fakes.startup_box import Box

from agent.cli.exit_codes import ExitCode

PROCESSING, COMPLETE = 3, 4


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A box whose `systemctl` only notes what it is asked."""
    programs = tmp_path / "bin"
    programs.mkdir()
    systemctl = programs / "systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/systemctl.log\n')
    systemctl.chmod(0o755)
    box = Box(tmp_path, "")
    box.environment |= {"PATH": f"{programs}:{os.environ['PATH']}", "CUELIGHT_DEVICE__SUPERVISED": "true"}
    box.environment = {name: value for name, value in box.environment.items() if "UPSTREAM" not in name}
    try:
        yield box
    finally:
        box.kill()


def test_a_reboot_closes_what_is_recorded_and_is_told_after_it(box: Box, tmp_path: Path) -> None:
    box.boot()
    film = box.create_event("Video_Start_recording", max_attempts=3, durationSeconds=4)
    wait_for(lambda: box.event(film)["eventStatus"] == PROCESSING, 10, "the recording")
    wait_for(lambda: list(box.media.rglob("*.mp4")), 10, "its file")
    reboot = box.create_event("Device_Reboot_device")
    asked = tmp_path / "systemctl.log"
    wait_for(asked.exists, 10, "the reboot")
    assert box.stop() == 0  # as systemd does before it reboots
    assert_clips_are_whole(box.media)
    box.boot()
    ended = box.wait_for_event(reboot)
    assert ended["eventStatus"] == COMPLETE
    assert result_of(ended) == {"bootID": "boot-2", "previousBootID": "boot-1"}
    assert box.wait_for_event(film)["eventStatus"] == COMPLETE
    assert len(result_of(box.event(film))["clips"]) == 2
    assert asked.read_text().splitlines() == ["reboot"]
    assert box.stop() == 0


def test_a_killed_agent_does_not_ask_for_the_reboot_again(box: Box, tmp_path: Path) -> None:
    box.boot()
    reboot = box.create_event("Device_Reboot_device", max_attempts=5)
    wait_for((tmp_path / "systemctl.log").exists, 10, "the reboot")
    box.kill()
    box.started()
    assert box.event(reboot)["eventStatus"] == PROCESSING
    box.kill()
    box.boot()
    assert box.wait_for_event(reboot)["eventStatus"] == COMPLETE
    assert (tmp_path / "systemctl.log").read_text() == "reboot\n"


def test_a_restart_ends_the_process_for_whoever_starts_it_again(box: Box) -> None:
    box.boot()
    first = box.pid
    restart = box.create_event("Device_Restart_agents")
    assert box.wait() == ExitCode.RESTART
    box.started()
    ended = box.wait_for_event(restart)
    assert ended["eventStatus"] == COMPLETE
    assert result_of(ended) == {"processID": box.pid, "previousProcessID": first}
    assert box.stop() == 0
