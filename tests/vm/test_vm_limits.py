"""At the limits of a device: no clock, no room, no disk to write to, little memory. It films, as the documents say."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes.vm import state_disk
from fakes.vm.filming import STATE, check_clips, films, set_up, sidecars, stop_recording, until
from fakes.vm.image import Image
from fakes.vm.machine import Machine
from fakes.vm.timing import tell, told

from presets_store.protocol.statuses import EventStatus

pytestmark = [pytest.mark.vm, pytest.mark.timeout(3600)]

NS = 10**9
EPOCH_ENDS = 2**31
"""The second of 2038 at which a clock of 32 bits overflows."""


def started(clip: dict[str, int]) -> datetime:
    return datetime.fromtimestamp(clip["start_wall_ns"] / NS, UTC)


def on(machine: Machine) -> tuple[str, dict[str, int]]:
    """Waits until it films after power on."""
    tell("power on to READY", machine.wait_ready())
    machine.wait_up()
    return films(machine)


@pytest.mark.parametrize("clock", ["1970-01-01T00:10:00", "2001-09-09T01:46:40"])
def test_a_clock_that_is_long_past_stands_for_no_date(clock: str, filming_image: Image, tmp_path: Path) -> None:
    """systemd sets such a clock to the day it was built, so the kernel's command line sets it back; never to less than
    the machine's uptime, which Linux refuses.
    """
    at = datetime.fromisoformat(clock).replace(tzinfo=UTC)
    back = f"systemd.clock_usec={round(at.timestamp() * 10**6)}"
    with Machine.boot(filming_image, tmp_path / "machine", clock=clock, kernel=(back,)) as machine:
        on(machine)
        assert int(machine.out("date +%s")) - at.timestamp() < 5000
        status = machine.cuelight("status")["clock"]
        event = stop_recording(machine)
        (clip,) = check_clips(machine, tmp_path).values()
    assert status["quality"] == clip["clock_quality"] == "floor", "the time of the set-up is known"
    assert started(clip).year >= 2026
    assert event["clips"]


def test_the_clock_may_pass_the_end_of_32_bits_while_it_films(filming_image: Image, tmp_path: Path) -> None:
    with Machine.boot(filming_image, tmp_path / "machine", clock="2038-01-19T02:00:00") as machine:
        path, clip = on(machine)
        assert "2038-01-19T02:00" < started(clip).isoformat() < "2038-01-19T03:14"
        machine.out(f"date -s @{EPOCH_ENDS - 5}")
        until(machine, "the clock is past it", lambda: int(machine.out("date +%s")) > EPOCH_ENDS)
        films(machine, size=2 * int(machine.out(f"stat -c %s {path}")))
        stop_recording(machine)
        machine.out("cuelight preset run Film")
        films(machine)
        machine.out("cuelight preset run Stop --watch")
        first, second = check_clips(machine, tmp_path).values()
        event = machine.cuelight(f"event show {second['context']['event_key']}")
    assert first["seconds"] < 2000, "the step of the clock is no part of it"
    assert second["start_wall_ns"] > EPOCH_ENDS * NS
    assert event["eventStatus"] == EventStatus.COMPLETE


def test_a_full_disk_makes_a_recording_wait_and_go_on(filming_device: Machine, tmp_path: Path) -> None:
    machine = filming_device
    path, _ = films(machine)
    machine.out("fallocate -l $(df --output=avail -B1 / | tail -n 1) /var/filled || test -e /var/filled")
    with told("full until the recording waits"):
        until(machine, "it waits for room", lambda: machine.cuelight("status")["media"]["fullSince"])
    assert machine.run("cuelight doctor").code == 5
    machine.out("rm /var/filled")
    with told("room until it films again"):
        # The first may say that it is open: there was no room for more.
        until(machine, "a clip is begun", lambda: len(sidecars(machine)) >= 2)
        films(machine)
    event = stop_recording(machine)
    assert event["attemptNumber"] == 1
    clips = check_clips(machine, tmp_path)
    assert len(clips) >= 2
    assert path in clips, "what was filmed before is kept"
    assert any(item["code"] == "storage_full" for item in machine.cuelight("status")["incidents"])


def test_it_films_on_a_read_only_root_with_its_state_on_another_disk(filming_image: Image, tmp_path: Path) -> None:
    disk = state_disk.make(tmp_path / "state.img", "400M")
    with Machine.boot(filming_image, tmp_path / "machine", state_disk=disk, writable_root=False) as machine:
        machine.wait_ready()
        machine.wait_up()
        assert machine.run("touch /etc/written /opt/cuelight/written").code
        assert machine.out(f"stat -c %U {STATE}").strip() == "cuelight"
        set_up(machine)
        machine.kill()
        machine.start()
        on(machine)
        assert machine.cuelight("status")["startup"]["source"] == "sealed cache"
        stop_recording(machine)
        assert check_clips(machine, tmp_path)


def test_256_mib_of_memory_are_enough_to_film(filming_image: Image, tmp_path: Path) -> None:
    with Machine.boot(filming_image, tmp_path / "machine", memory=256) as machine:
        on(machine)
        assert "zram0" in machine.out("cat /proc/swaps")
        stop_recording(machine)
        assert sum(clip["frames"] for clip in check_clips(machine, tmp_path).values()) >= 10
        print(machine.out("free -m; systemctl show cuelight -p MemoryPeak -p MemoryCurrent -p NRestarts"))
        assert machine.out("systemctl show cuelight -p NRestarts --value").strip() == "0"
        assert "Out of memory" not in machine.out("dmesg")
