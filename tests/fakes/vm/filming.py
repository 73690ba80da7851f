"""What the device in a machine films, told by its own commands and files."""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
from fakes.vm.machine import READY_LINE, Machine

from presets_store.protocol.statuses import EventStatus

CAMERA = """
[[cameras]]
id = "main"
backend = "v4l2"
prefer = { codec = "yuyv", width = 320, height = 180, rate = 10.0 }
"""
"""Small and slow enough for an encoder that is emulated."""

SETTINGS = "/etc/cuelight/cuelight.toml"
STATE = "/var/lib/cuelight"


def set_up(machine: Machine) -> None:
    """Presets as a person makes them: Film, which is bound to a start without network and has no end, and Stop."""
    machine.out("cuelight preset create Film Video_Start_recording --max-attempts 9")
    machine.out("cuelight preset create Stop Video_Stop_recording")
    machine.out("cuelight preset startup Film --standalone")


def stop_recording(machine: Machine) -> dict[str, Any]:
    """Stops the recording of this start; its event, which is Complete."""
    machine.out("cuelight preset run Stop --watch")
    event: dict[str, Any] = until(machine, "the recording ends", lambda: ended_event(machine))
    assert event["eventStatus"] == EventStatus.COMPLETE, event
    return event


def sidecars(machine: Machine) -> dict[str, dict[str, Any]]:
    """The sidecars of all clips in the media folder, by the file's path, the oldest first."""
    listing = machine.out(f"find {STATE}/media -name '*.mp4.json' | sort")
    found = {path.removesuffix(".json"): json.loads(machine.read(path)) for path in listing.split()}
    return dict(sorted(found.items(), key=lambda item: (item[1]["start_wall_ns"], item[0])))


def startup_event(machine: Machine) -> dict[str, Any]:
    """The event that this start made, with its clips and result, as `cuelight event show` tells it."""
    number = machine.cuelight("status")["startup"]["eventID"]
    event: dict[str, Any] = machine.cuelight(f"event show {number}")
    return event


def ended_event(machine: Machine) -> dict[str, Any] | None:
    """The same when it has ended."""
    event = startup_event(machine)
    return event if EventStatus(event["eventStatus"]).terminal else None


def check_clips(machine: Machine, folder: Path) -> dict[str, dict[str, Any]]:
    """The sidecars of all clips, which are copied out and found to be whole: size, checksum, every picture decoded."""
    clips = sidecars(machine)
    for path, clip in clips.items():
        content = machine.read(path)
        assert clip["closed"], path
        assert (len(content), hashlib.sha256(content).hexdigest()) == (clip["size"], clip["sha256"]), path
        assert decoded(content, folder) == clip["frames"] > 0, path
    return clips


def films(machine: Machine, size: int = 50_000, seconds: float = 900) -> tuple[str, dict[str, Any]]:
    """Waits until the newest clip is open and has so many bytes on the disk; its path and sidecar."""

    def growing() -> tuple[str, dict[str, Any]] | None:
        path, clip = next(reversed(sidecars(machine).items()), ("", {"closed": True}))
        return None if clip["closed"] or int(machine.out(f"stat -c %s {path}")) < size else (path, clip)

    found: tuple[str, dict[str, Any]] = until(machine, "it films", growing, seconds)
    return found


def first_frame_after_power_on(machine: Machine, clip: dict[str, Any]) -> float:
    """Seconds, by this machine's clock, from power on to the first frame of a clip of this boot.

    The line that tells of READY has the guest's uptime, which its frames are stamped with (to 10 ms).
    """
    came = machine.wait_console(READY_LINE, 1)
    up = float(machine.console.said(READY_LINE, machine.powered_at).rpartition("up ")[2].split()[0])
    return came - up + float(clip["first_mono_ns"]) / 1e9 - machine.powered_at


def until(machine: Machine, what: str, holds: Callable[[], Any], seconds: float = 900, pause: float = 2.0) -> Any:
    """The first truth that `holds` answers; AssertionError with the journal's end when it does not come."""
    deadline = time.monotonic() + seconds
    while not (answer := holds()):
        if time.monotonic() > deadline:
            journal = machine.run("journalctl -u cuelight --no-pager -o cat -n 40; cuelight status").out
            raise AssertionError(f"not within {seconds:.0f} s: {what}\n{journal}")
        time.sleep(pause)
    return answer


def decoded(clip: bytes, folder: Path) -> int:
    """Pictures in a clip, all decoded."""
    path = folder / "clip.mp4"
    path.write_bytes(clip)
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))
