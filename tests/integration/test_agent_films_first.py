"""The start of the agent in its order: what films is imported, opened and told first, the rest while it does."""

import subprocess
import sys
from pathlib import Path

from fakes.agent_process import result_of
from fakes.clips import sidecar_of
from fakes.startup_box import box

FRAME = 0.1
"""Seconds, more than one takes."""

HEAVY = "aiohttp sqlalchemy alembic agent.app presets_store.storage presets_store.services agent.actions"

PROGRAM = f"""
import sys
import agent.cli.run
print(*sorted(set("{HEAVY}".split()).intersection(sys.modules)))
"""


def test_what_films_waits_for_neither_database_nor_network_libraries() -> None:
    done = subprocess.run([sys.executable, "-P", "-c", PROGRAM], capture_output=True, check=True, text=True)
    assert done.stdout.split() == []


def test_the_recording_of_a_start_has_what_was_filmed_before_its_event(tmp_path: Path) -> None:
    with box(tmp_path) as device:
        device.bind(durationSeconds=1)
        device.kill()
        status = device.boot()
        event = device.wait_for_event(status["startup"]["eventID"])
        ((accepted,),) = device.rows(f"SELECT created FROM events WHERE key = {status['startup']['eventID']}")
    (clip,) = result_of(event)["clips"]
    sidecar = sidecar_of(device.media / clip["file"])
    assert sidecar.start_wall_ns < accepted * 1000
    early = accepted / 1e6 - sidecar.start_wall_ns / 1e9
    assert abs(sidecar.pre_roll_seconds - early) < FRAME
    assert abs(sidecar.seconds - early - 1) < 2 * FRAME, "the duration counts from the event"
    assert abs(result_of(event)["preRollSeconds"] - early) < FRAME
