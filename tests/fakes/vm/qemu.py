"""QEMU's command line for a machine without KVM, display or, unless asked for, a network card."""

from dataclasses import dataclass
from pathlib import Path

from fakes.vm.image import Image

CPU = "Nehalem"
"""x86-64-v2, which the wheels of numpy and OpenCV ask for; what is newer is slower to emulate."""

FAST = "-accel tcg,thread=multi -smp 2"
STEADY = "-accel tcg,thread=single -smp 1 -icount shift=1,sleep=on"
"""One core of 500 million instructions a second by the machine's own clock, however busy this one is."""


@dataclass(frozen=True)
class Hardware:
    """What a machine is made of; see `Machine.boot`. disk: a qcow2 file that is this machine's own."""

    disk: Path
    memory: int = 512
    state_disk: Path | None = None
    log: Path | None = None
    witness: Path | None = None
    network: bool = False
    clock: str = "utc"
    kernel: tuple[str, ...] = ()
    writable_root: bool = True
    steady: bool = False


def command_line(image: Image, hardware: Hardware, monitor: int, agent: int) -> list[str]:
    """monitor, agent: file descriptors of connected sockets. The console is standard output."""
    fixed = f"""
        qemu-system-x86_64 -nodefaults -no-user-config -no-reboot -display none
        -machine pc {STEADY if hardware.steady else FAST} -cpu {CPU} -m {hardware.memory}
        -chardev stdio,id=console,signal=off -serial chardev:console
        -chardev socket,id=monitor,fd={monitor} -mon chardev=monitor,mode=control
        -device virtio-serial-pci -chardev socket,id=agent,fd={agent}
        -device virtserialport,chardev=agent,name=org.qemu.guest_agent.0
        -device virtio-rng-pci
    """.split()
    clock = ["-rtc", f"base={hardware.clock},clock=vm" if hardware.clock != "utc" else "base=utc"]
    card = ["-netdev", "user,id=net,restrict=on", "-device", "virtio-net-pci,netdev=net"] if hardware.network else []
    kernel = ["-kernel", str(image.kernel), "-initrd", str(image.initrd), "-append", _append(hardware)]
    return [*fixed, *clock, *card, *_witness(hardware), *_disks(hardware), *kernel]


def _witness(hardware: Hardware) -> list[str]:
    if not hardware.witness:
        return []
    port = "virtserialport,chardev=witness,name=cuelight.witness"
    return ["-chardev", f"file,id=witness,path={hardware.witness}", "-device", port]


def _append(hardware: Hardware) -> str:
    words = ["console=ttyS0", "root=/dev/vda", "rootfstype=ext4", "quiet", "loglevel=4", "panic=-1"]
    # What an emulated processor has no use for, and what one whose time is taken away fails at.
    words += ["mitigations=off", "no_timer_check"]
    words += ["rw"] if hardware.writable_root else ["ro", "systemd.volatile=state"]
    words += ["vm.state"] if hardware.state_disk else []
    return " ".join([*words, *hardware.kernel])


def _disks(hardware: Hardware) -> list[str]:
    # Flushes need not reach this machine's disk: only QEMU is ever killed.
    arguments = _blockdev("root-file", "file", filename=hardware.disk, cache__no_flush="on")
    arguments += _blockdev("root", "qcow2", file="root-file", discard="unmap")
    arguments += ["-device", "virtio-blk-pci,drive=root"]
    if hardware.state_disk:
        arguments += _blockdev("state-file", "file", filename=hardware.state_disk, cache__no_flush="on")
        arguments += _blockdev("state-raw", "raw", file="state-file")
        if hardware.log:
            arguments += _blockdev("log", "file", filename=hardware.log, cache__no_flush="on")
            arguments += _blockdev("state", "blklogwrites", file="state-raw", log="log", log_sector_size=512)
        arguments += ["-device", f"virtio-blk-pci,drive={'state' if hardware.log else 'state-raw'},serial=state"]
    return arguments


def _blockdev(node: str, driver: str, **options: object) -> list[str]:
    told = {"driver": driver, "node-name": node} | {
        name.replace("__", ".").replace("_", "-"): value for name, value in options.items()
    }
    return ["-blockdev", ",".join(f"{name}={value}" for name, value in told.items())]
