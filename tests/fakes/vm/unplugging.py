"""A camera of a machine that goes while it is filmed, and comes back: its driver is unbound, and bound again."""

from pathlib import Path

from fakes.vm.filming import check_clips, films, sidecars, until
from fakes.vm.machine import Machine
from fakes.vm.timing import tell, told

DRIVER = "/sys/bus/platform/drivers/vivid"


class Unplugged:
    """`path`: the clip that was cut off, `before`: what of it was on the disk before."""

    def __init__(self, machine: Machine) -> None:
        """Unplugs the camera that films, and plugs it in again; returns when it films again."""
        self.path, _ = films(machine)
        self.before = machine.read(self.path)
        machine.out(f"echo vivid.0 >{DRIVER}/unbind")
        with told("unplugged until the clip is closed"):
            until(machine, "the clip is closed", lambda: sidecars(machine)[self.path]["closed"])
        assert not machine.out("ls /sys/class/video4linux")
        machine.out(f"echo vivid.0 >{DRIVER}/bind")
        with told("plugged in until it films again"):
            films(machine)

    def check(self, machine: Machine, folder: Path) -> None:
        """The recording has ended: it is two whole clips of one event. Nothing else was filmed yet."""
        first, second = check_clips(machine, folder).values()
        assert first["context"]["event_uuid"] == second["context"]["event_uuid"]
        assert machine.read(self.path).startswith(self.before), "what was on the disk before stays as it is"
        tell("without pictures", (second["first_mono_ns"] - first["first_mono_ns"]) / 1e9 - first["seconds"])
