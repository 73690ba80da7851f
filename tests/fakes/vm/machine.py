"""A booted virtual machine: QEMU without KVM, its monitor, the agent inside, its console, its disks.

with Machine.boot(device_image(), tmp_path) as machine:
    machine.wait_ready()
    assert machine.run("systemctl is-active cuelight").out == "active\n"
"""

import base64
import contextlib
import json
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from fakes.vm.channel import Channel, ChannelError
from fakes.vm.console import Console
from fakes.vm.image import Image
from fakes.vm.qemu import Hardware, command_line

READY_LINE = "vm: cuelight is ready"
"""Written to the console by a unit of the image as soon as systemd holds cuelight.service for started."""

_CHUNK = 1 << 20


class MachineError(Exception):
    """The machine did not do what was asked; the message ends with the last lines of its console."""


@dataclass(frozen=True)
class Completed:
    """What a command in the guest came to."""

    code: int
    out: str
    err: str


class Machine:
    """One machine with its disks in `folder`; leaving its context takes the power away.

    Its disks outlive the power: `start` boots it again from them.
    """

    def __init__(self, image: Image, folder: Path, hardware: Hardware) -> None:
        self.image = image
        self.folder = folder
        self.hardware = hardware
        self.console = Console(folder / "console.log")
        self.powered_at = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._monitor = Channel("monitor")
        self._agent = Channel("guest agent")

    @classmethod
    def boot(
        cls,
        image: Image,
        folder: Path,
        *,
        memory: int = 512,
        state_disk: Path | None = None,
        log: Path | None = None,
        witness: Path | None = None,
        network: bool = False,
        clock: str = "utc",
        kernel: tuple[str, ...] = (),
        writable_root: bool = True,
        steady: bool = False,
    ) -> Self:
        """Switches a new machine on; does not wait.

        memory: MiB. state_disk: a raw ext4 image that is mounted as /var/lib/cuelight (`state_disk.make`).
        log: QEMU writes every write and flush of `state_disk` there (blklogwrites, 512-byte sectors).
        witness: what the guest writes to /dev/virtio-ports/cuelight.witness.
        network: a card behind which nobody is. steady: slower, and its clock counts instructions (`qemu.STEADY`).
        clock: what the real-time clock says at power on, such as 2038-01-19T03:14:00; "utc": what this machine's says.
        kernel: more for its command line. writable_root: False mounts the root read-only, /var in memory.
        """
        folder.mkdir(parents=True, exist_ok=True)
        hardware = Hardware(
            disk=image.overlay(folder / "root.qcow2"),
            memory=memory,
            state_disk=state_disk,
            log=log,
            witness=witness,
            network=network,
            clock=clock,
            kernel=kernel,
            writable_root=writable_root,
            steady=steady,
        )
        machine = cls(image, folder, hardware)
        machine.start(snapshot=image.moment)
        return machine

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    # Power

    def start(self, *, snapshot: str = "", **changes: Any) -> None:
        """Power on, with the same disks. `snapshot`: goes on from that moment. `changes`: fields of Hardware."""
        if self._process:
            raise MachineError("it is on already")
        self.hardware = replace(self.hardware, **changes)
        sockets = self._monitor.open(), self._agent.open()
        command = command_line(self.image, self.hardware, *sockets)
        command += ["-loadvm", snapshot] if snapshot else []
        self.powered_at = time.monotonic()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=sockets,
        )
        self.console.follow(self._process)
        self._monitor.given()
        self._agent.given()
        try:
            self._monitor.ask("qmp_capabilities", timeout=300)
        except ChannelError as error:
            self.kill()
            raise self._failure(str(error)) from error

    @property
    def on(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """Takes the power away, at once; what the disks have accepted stays."""
        if self._process:
            self._process.kill()
            self._gone(60)

    def shutdown(self, timeout: float = 600) -> None:
        """An orderly power off, as `poweroff` does it."""
        # The guest agent does not answer this one.
        with contextlib.suppress(ChannelError):
            self._agent.ask("guest-shutdown", timeout=2, mode="powerdown")
        self._gone(timeout)

    def wait_off(self, timeout: float) -> None:
        """Waits until the guest has switched itself off."""
        self._gone(timeout)

    def _gone(self, timeout: float) -> None:
        if not self._process:
            return
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise self._failure(f"it is still on after {timeout:.0f} s") from error
        self.console.finish()
        self._process = None
        self._monitor.close()
        self._agent.close()

    # The moment kept

    def save(self, name: str) -> None:
        """Keeps memory and disk of this moment in the disk's file; only while it has no state disk of its own."""
        self._tell("savevm", name)

    def load(self, name: str) -> None:
        """Back to a kept moment. The guest's clocks go on from there; the monitor and the guest agent answer."""
        self._tell("loadvm", name)
        self._wake()

    def _tell(self, command: str, name: str) -> None:
        arguments: dict[str, Any] = {"command-line": f"{command} {name}"}  # not a name that Python takes
        answer = self._monitor.ask("human-monitor-command", timeout=300, **arguments)
        if answer:
            raise self._failure(f"{command}: {answer.strip()}")

    def monitor(self, command: str, **arguments: Any) -> Any:
        """A QMP command, such as `device_add`."""
        return self._monitor.ask(command, **arguments)

    # Inside

    def wait_up(self, seconds: float = 600) -> None:
        """Until commands can be run in the guest."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                self._wake(timeout=min(5.0, max(0.1, deadline - time.monotonic())))
            except ChannelError as error:
                if not self.on or time.monotonic() > deadline:
                    raise self._failure(f"no guest agent within {seconds:.0f} s") from error
            else:
                return

    def wait_ready(self, seconds: float = 900) -> float:
        """Until systemd holds cuelight.service for started; returns the seconds since power on."""
        return self.wait_console(READY_LINE, seconds) - self.powered_at

    def wait_console(self, text: str, seconds: float) -> float:
        """Until a line of the console since power on has the text; returns when it came, by `time.monotonic()`."""
        came = self.console.wait(text, self.powered_at, seconds)
        if came is None:
            raise self._failure(f"the console did not say {text!r} within {seconds:.0f} s")
        return came

    def run(self, command: str, timeout: float = 600) -> Completed:
        """A shell command, as root. Raises MachineError when it takes longer."""
        deadline = time.monotonic() + timeout
        arguments = {"path": "/bin/sh", "arg": ["-c", command], "capture-output": True}
        number = self._inside("guest-exec", **arguments)["pid"]
        pause = 0.05
        while not (status := self._inside("guest-exec-status", pid=number))["exited"]:
            if time.monotonic() > deadline:
                raise self._failure(f"after {timeout:.0f} s still at: {command}")
            time.sleep(pause)
            pause = min(1.0, pause * 1.5)
        out, err = (
            base64.b64decode(status.get(name, "")).decode(errors="replace") for name in ("out-data", "err-data")
        )
        return Completed(status.get("exitcode", -status.get("signal", 0)), out, err)

    def out(self, command: str, timeout: float = 600) -> str:
        """What a command prints; raises MachineError when it fails."""
        done = self.run(command, timeout)
        if done.code:
            raise self._failure(f"exit code {done.code} of: {command}\n{done.out}{done.err}")
        return done.out

    def cuelight(self, command: str, timeout: float = 600) -> Any:
        """What `cuelight COMMAND --json` answers, parsed."""
        return json.loads(self.out(f"cuelight {command} --json", timeout))

    def read(self, path: str) -> bytes:
        """A file of the guest, whole."""
        handle = self._inside("guest-file-open", path=path, mode="r")
        content = b""
        try:
            while True:
                part = self._inside("guest-file-read", handle=handle, count=_CHUNK)
                content += base64.b64decode(part["buf-b64"])
                if part["eof"]:
                    return content
        finally:
            self._inside("guest-file-close", handle=handle)

    def write(self, path: str, data: bytes | str) -> None:
        """A file in the guest; its folder exists."""
        content = data.encode() if isinstance(data, str) else data
        handle = self._inside("guest-file-open", path=path, mode="w")
        try:
            for start in range(0, len(content), _CHUNK):
                part = base64.b64encode(content[start : start + _CHUNK]).decode()
                self._inside("guest-file-write", **{"handle": handle, "buf-b64": part})
        finally:
            self._inside("guest-file-close", handle=handle)

    def _inside(self, command: str, **arguments: Any) -> Any:
        try:
            return self._agent.ask(command, **arguments)
        except ChannelError as error:
            raise self._failure(str(error)) from error

    def _wake(self, timeout: float = 30) -> None:
        """What was half said is dropped on both sides: a byte that no JSON begins with, and an answer marked so."""
        token = time.monotonic_ns() % (1 << 31)
        while self._agent.ask("guest-sync-delimited", timeout=timeout, prefix=b"\xff", id=token) != token:
            pass

    def _failure(self, message: str) -> MachineError:
        return MachineError(f"{message}\n--- console\n{self.console.tail()}")
