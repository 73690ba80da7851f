"""A real agent on a box without a battery-backed clock: 1970 at each boot, until its hub or the kernel knows better."""

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from fakes.agent_process import wait_for
from fakes.clips import assert_clips_are_whole
from fakes.hub_process import HubProcess, first_key, free_port, make_device
from fakes.startup_box import Box

from agent.media.datings import kept_datings
from agent.startup.sealed import SealedState
from hardware.boot import boot_id
from presets_store.protocol.event_types import find_event_type
from presets_store.protocol.startup import StandalonePreset
from presets_store.sealing import load_keyring

PROGRAM = (str(Path(__file__).parents[1] / "fakes" / "clockless_program.py"),)
SERIAL = "10001234"
PROCESSING, CANCELLED = 3, 7
RECORDING = {"segmentLengthSeconds": 1}
NEAR = 3.0
"""Seconds; what a server's Date and a busy machine may be off by."""


class ClocklessBox(Box):
    """Its clock is set by `set_clock`; the program reads it anew each time."""

    def __init__(self, folder: Path, hub: HubProcess) -> None:
        super().__init__(folder, f"http://127.0.0.1:{hub.environment['CUELIGHT_HUB_LISTEN__PORT']}")
        key = first_key(hub.folder)
        self.clock_file = folder / "clock.json"
        self.environment |= {
            "CUELIGHT_UPSTREAM__ACCESS_KEY": key.access_key,
            "CUELIGHT_UPSTREAM__SECRET_KEY": key.secret,
            "CLOCK_FILE": str(self.clock_file),
        }
        self.set_clock(-time.time())

    def set_clock(self, ahead: float, *, synchronised: bool = False) -> None:
        new = self.clock_file.with_suffix(".new")
        new.write_text(json.dumps({"ahead": ahead, "synchronised": synchronised}))
        new.replace(self.clock_file)

    def start(self, program: tuple[str, ...] = (), **environment: str) -> None:
        super().start(PROGRAM, **environment)

    @property
    def off(self) -> float:
        """By how many seconds the agent's clock is ahead of the real one."""
        return seconds(self.status()["clock"]["now"]) - time.time()

    @property
    def quality(self) -> str:
        return str(self.status()["clock"]["quality"])

    def events(self) -> list[dict[str, Any]]:
        return list(self.request("POST", "/v1/event/list", {"deviceID": 0})[1])

    def clip_rows(self) -> list[tuple[Any, ...]]:
        return self.rows("SELECT start, seconds, clock_quality, clock_correction, boot_id FROM clips ORDER BY key")


def seconds(date: str) -> float:
    return datetime.fromisoformat(date).timestamp()


async def bound_on(box: Box) -> None:
    """What the box has sealed from an earlier life: a recording as its standalone preset."""
    box.state.mkdir()
    keyring, _ = await asyncio.to_thread(load_keyring, box.seal_key)
    sealed, _ = await SealedState.open(box.state / "sealed", keyring)
    kind = find_event_type("Video_Start_recording").id
    preset = StandalonePreset(event_preset_name="Stage", event_type_id=kind, event_parameters=json.dumps(RECORDING))
    await sealed.set_standalone(preset)
    await sealed.close()


async def bound_at_the_hub(hub: HubProcess) -> int:
    """A device there, with a recording as its online preset; the device's key."""
    async with aiohttp.ClientSession() as session:
        client = hub.client(session)
        device = await make_device(client, SERIAL)
        preset = {"deviceID": device, "eventType": "Video_Start_recording", "eventParameters": json.dumps(RECORDING)}
        key = (await client.json("POST", "/v1/eventpreset", preset))["key"]
        await client.json("POST", f"/v1/eventpreset/startupevent/online/{key}")
        return device


async def at_the_hub(hub: HubProcess, device: int, kind: str) -> list[dict[str, Any]]:
    """The events of the device of this type."""
    async with aiohttp.ClientSession() as session:
        events = await hub.client(session).json("POST", "/v1/event/list", {"deviceID": device})
        return [event for event in events if event["eventType"].endswith(kind)]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    """It has run once, and is down."""
    folder = tmp_path / "far"
    folder.mkdir()
    hub = HubProcess(folder, CUELIGHT_HUB_LISTEN__PORT=str(free_port()))
    hub.start()
    yield hub
    hub.end()


def test_a_box_without_a_clock_learns_the_time_from_its_hub(tmp_path: Path, hub: HubProcess) -> None:
    device = asyncio.run(bound_at_the_hub(hub))
    hub.kill()
    folder = tmp_path / "box"
    folder.mkdir()
    box = ClocklessBox(folder, hub)
    try:
        asyncio.run(bound_on(box))
        unset(box)
        learned(box, hub, device)
        killed(box, hub)
        synchronised(box, hub)
        booted_again(box, hub)
        assert box.stop() == 0
    finally:
        box.kill()
    assert_clips_are_whole(box.media)


def unset(box: ClocklessBox) -> None:
    """Without the hub it films, and dates that from the day of the release on."""
    box.boot_file.write_text(boot_id())  # which is what the camera's host writes to the sidecars
    status = box.started()
    assert (status["mode"], status["clock"]["quality"]) == ("standalone", "unset")
    assert box.off < -NEAR
    box.wait_for_event(box.create_event("Video_Test_stop"))
    wait_for(lambda: len(box.clip_rows()) >= 2, 15, "two clips")
    assert {row[2:4] for row in box.clip_rows()} == {("unset", 0)}


def learned(box: ClocklessBox, hub: HubProcess, device: int) -> None:
    """The hub is there: its Date is the time, by which all of this boot is dated anew; the recording goes on."""
    (running,) = box.status()["running"]
    hub.start()
    wait_for(lambda: box.status()["mode"] == "online", 20, "the device to be online")
    wait_for(lambda: {row[2] for row in box.clip_rows()} == {"upstream"}, 10, "the clips to be corrected")
    status = box.status()
    assert (status["clock"]["quality"], status["upstream"]["state"]) == ("upstream", "reached")
    assert status["reason"].endswith("answered after the start")
    assert abs(box.off) < NEAR
    rows = box.clip_rows()
    ends = [row[0] / 1e6 + row[1] for row in rows]
    assert ends == sorted(ends)
    assert abs(ends[-1] - time.time()) < NEAR + 2
    assert rows[0][3] > 0, "a clip that began since then needs no correction"
    assert set(kept_datings(box.media)) == {rows[0][4]}
    (begun,) = [event for event in box.events() if event["key"] == running["key"]]
    assert begun["eventStatus"] == PROCESSING
    assert -NEAR < ends[0] - seconds(begun["creationDate"]) < 15
    told = wait_for(lambda: asyncio.run(at_the_hub(hub, device, "Test_stop")), 15, "the hub to be told")
    assert abs(seconds(told[0]["creationDate"]) - seconds(begun["creationDate"])) < 15

    def given_way() -> bool:
        fired = asyncio.run(at_the_hub(hub, device, "Start_recording"))
        return [event["eventStatus"] for event in fired] == [CANCELLED]

    wait_for(given_way, 15, "the online preset to give way")


def killed(box: ClocklessBox, hub: HubProcess) -> None:
    """Another start in the same boot goes on with that time, though nobody tells it again."""
    hub.kill()
    box.kill()
    box.started()
    assert box.quality == "upstream"
    assert abs(box.off) < NEAR


def synchronised(box: ClocklessBox, hub: HubProcess) -> None:
    """The kernel has found the time itself; the difference is too small to be corrected."""
    before = {row[0] for row in box.clip_rows()}
    box.set_clock(0.0, synchronised=True)
    wait_for(lambda: box.quality == "synchronised", 10, "the kernel to be believed")
    assert before - {row[0] for row in box.clip_rows()} in (set(), before)
    assert box.stop() == 0


def booted_again(box: ClocklessBox, hub: HubProcess) -> None:
    """1970 again, and no hub: time goes on from what was known last."""
    last = time.time()
    box.set_clock(-time.time())
    status = box.boot()
    assert (status["mode"], status["clock"]["quality"]) == ("standalone", "floor")
    assert -60 < box.off < NEAR
    fresh = box.create_event("Video_Test_stop")
    box.wait_for_event(fresh)
    created = next(event["creationDate"] for event in box.events() if event["key"] == fresh)
    assert seconds(created) > last - 60
