"""Cameras that any program can open: nodes in a folder, served by a library that is loaded before the C library.

The library stands for the kernel: ioctl, mmap and poll work in any process whose environment has `environment` in it
(our hosts, ffmpeg, motion). Faults are switched through memory that all of them share.
"""

import ctypes
import errno
import mmap
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from fakes.emulator import layout
from fakes.emulator.controls import USUAL_CONTROLS, EmulatedControl
from fakes.emulator.library import environment
from fakes.emulator.pictures import Mode, frames_file
from fakes.emulator.witness import Journal, read_journal

SIZES = ((640, 480), (1280, 720), (1920, 1080))
USUAL_MODES = (
    Mode("YUYV", 640, 480, (30, 15)),
    Mode("YUYV", 1280, 720, (10, 5)),
    Mode("MJPG", 640, 480, (30, 60, 15)),
    Mode("MJPG", 1280, 720, (30, 60, 15)),
    Mode("MJPG", 1920, 1080, (30, 15)),
)
H264_MODES = tuple(Mode("H264", width, height) for width, height in SIZES)

_COUNTED = {"io_error", "truncate", "flag"}


@dataclass
class _Box:
    """The folder and its shared state."""

    folder: Path
    state: layout.State
    used: int = 0

    @classmethod
    def make(cls, folder: Path) -> Self:
        (folder / "dev/v4l/by-id").mkdir(parents=True)
        (folder / "frames").mkdir()
        path = folder / "state"
        path.write_bytes(bytes(ctypes.sizeof(layout.State)))
        with path.open("r+b") as file:
            state = layout.State.from_buffer(mmap.mmap(file.fileno(), 0))
        state.journal = 1
        return cls(folder, state)


class EmulatedCamera:
    """A USB camera with a capture node and, as such cameras have, a metadata node behind it.

    `folder` is made anew; `beside` puts this camera into the box of another one instead.
    """

    def __init__(
        self,
        folder: Path,
        *,
        modes: Sequence[Mode] = USUAL_MODES,
        controls: Sequence[EmulatedControl] = USUAL_CONTROLS,
        planar: bool = False,
        name: str = "Emulated Camera",
        beside: "EmulatedCamera | None" = None,
    ) -> None:
        self._box: _Box = beside._box if beside else _Box.make(folder.resolve())
        self.folder = self._box.folder
        self.name = name
        self._first, self._box.used = self._box.used, self._box.used + 2
        self._number = self._first
        serial = name.replace(" ", "_")
        self.by_id = self.folder / "dev/v4l/by-id" / f"usb-{serial}_{self._first}-video-index0"
        self._describe(self._slot, layout.PLANAR if planar else layout.CAPTURE)
        self._describe(self._box.state.slots[self._first + 1], layout.METADATA)
        self._offer(modes)
        self._slot.controls_used = len(controls)
        for state, control in zip(self._slot.controls, controls, strict=False):
            control.write(state)
        self.replug()

    @property
    def _slot(self) -> layout.Slot:
        slot: layout.Slot = self._box.state.slots[self._first]
        return slot

    def _describe(self, slot: layout.Slot, kind: int) -> None:
        slot.driver, slot.card = b"uvcvideo", self.name.encode()
        slot.bus = f"usb-0000:00:14.0-{self._first // 2 + 1}".encode()
        slot.kind = kind

    def _offer(self, modes: Sequence[Mode]) -> None:
        slot = self._slot
        slot.modes_used = len(modes)
        for state, mode in zip(slot.modes, modes, strict=False):
            source = frames_file(mode.pixel_format, mode.width, mode.height)
            link = self.folder / "frames" / source.name
            if not link.exists():
                link.symlink_to(source)
            state.pixel_format = int.from_bytes(mode.pixel_format.encode(), "little")
            state.width, state.height = mode.width, mode.height
            state.rates = (ctypes.c_uint32 * layout.MAX_RATES)(*mode.rates)
            state.frames = source.name.encode()
        slot.rate = modes[0].rates[0]

    @property
    def node(self) -> Path:
        """The capture node as it is numbered now."""
        return self.folder / f"dev/video{self._number}"

    @property
    def metadata_node(self) -> Path:
        """The node behind it, which is no camera."""
        return self.folder / f"dev/video{self._number + 1}"

    @property
    def environment(self) -> dict[str, str]:
        """To be put into the environment of a child process."""
        return environment(self.folder)

    def fault(self, name: str, **arguments: int) -> None:
        """Switches a fault on.

        `unplug`; `replug` (number=, of the node); `stall`; `hang` (open does not return); for `frames` frames (default:
        until cleared) `io_error`, `truncate` (half a JPEG), `flag` (the driver's error flag); `gap` (numbers=) leaves
        sequence numbers out once; `busy` and `open_error` (number=, an errno); `granted_size` and `frame_size` (width=,
        height=): what S_FMT grants from now on, and what is delivered after the next start of the stream.
        """
        faults = self._slot.faults
        if name in ("unplug", "replug"):
            getattr(self, name)(**arguments)
        elif name in _COUNTED:
            setattr(faults, name, arguments.get("frames", -1))
        elif name == "gap":
            faults.gap = arguments["numbers"]
        elif name in ("stall", "hang"):
            setattr(faults, name, 1)
        elif name in ("busy", "open_error"):
            setattr(faults, name, arguments.get("number", errno.EBUSY))
        elif name in ("granted_size", "frame_size"):
            prefix = name.removesuffix("_size")
            setattr(faults, f"{prefix}_width", arguments["width"])
            setattr(faults, f"{prefix}_height", arguments["height"])
        else:
            raise ValueError(name)

    def clear(self) -> None:
        """All faults are off, and the camera is plugged in."""
        self._slot.faults = layout.Faults()
        if not self._slot.present:
            self.replug()

    def unplug(self) -> None:
        """Nodes and link are gone, and open descriptors have lost their device."""
        for slot in self._slots():
            slot.present = 0
        for path in (self.node, self.metadata_node, self.by_id):
            path.unlink(missing_ok=True)

    def replug(self, number: int | None = None) -> None:
        """It is there, as video<number> (as before when not said), behind the same link."""
        self.unplug()
        self._number = self._number if number is None else number
        for offset, slot in enumerate(self._slots()):
            slot.generation += 1
            slot.present = 1
            (self.folder / f"dev/video{self._number + offset}").write_text(str(self._first + offset))
        self.by_id.symlink_to(f"../../{self.node.name}")

    def _slots(self) -> tuple[layout.Slot, layout.Slot]:
        return self._slot, self._box.state.slots[self._first + 1]

    def control(self, control_id: int) -> int:
        """The driver's value of a control; of a button how often it was pressed."""
        for state in self._slot.controls:
            if state.id == control_id:
                return int(state.value)
        raise KeyError(hex(control_id))

    def journal(self) -> Journal:
        """What happened at this camera's capture node so far."""
        return read_journal(self.folder / "journal", f"slot{self._first}")

    def keep_journal(self, on: bool) -> None:
        """Whether frames are journalled: a measurement may do without."""
        self._box.state.journal = int(on)

    def close(self) -> None:
        """Unplugs it and removes its folder."""
        self.unplug()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
