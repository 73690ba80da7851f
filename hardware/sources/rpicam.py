"""The cameras on a Raspberry Pi's own connector, through the program `rpicam-vid`."""

import shlex
import shutil
import subprocess
import time
from pathlib import Path

from hardware.camera import Source
from hardware.errors import CameraBusy, CameraUnavailable, FormatUnsupported, HardwareError
from hardware.models import Adjusted, Adjustment, CameraInfo, CameraSpec, Codec, Format, Packet
from hardware.sources.annexb import ParameterSets
from hardware.sources.net.times import ArrivalTimes, StreamTimes
from hardware.sources.rpi.command import adjusting_arguments, command_for
from hardware.sources.rpi.listing import Listed, fastest, formats_of, parse_listing, refusal_of
from hardware.sources.rpi.program import FilmProgram
from hardware.sources.rpi.splitting import AccessUnits, BrokenStream, Jpegs, Piece, Splitter
from hardware.sources.rpi.times import SavedTimes
from hardware.sources.sizes import picture_size

_PROGRAMS = ("rpicam-vid", "libcamera-vid")
_OPTIONS = ("program", "arguments")
_HARDWARE_ENCODER = Path("/dev/video11")
"""Where the kernel shows the encoder of a Raspberry Pi 4 and before."""

_LIST_SECONDS = 10.0
FIRST_PICTURE_SECONDS = 10.0
_MOST_UNTIMED = 60
"""Pictures that may wait for their times."""


class RpicamSource(Source):
    """Implements `hardware.camera.Source`: H.264 or JPEGs out of the program's pipe.

    The address is the camera's number, empty for the first. Time stamps have the spacing that the sensor's had, and are
    never later than a picture's first byte came; where the program cannot tell the sensor's (it encodes H.264 by
    itself, on a Raspberry Pi 5), they are that moment. What `adjust` wants are options of the program, which is started
    anew for them; the camera's own controls are its options of that name (`lens_position`). Options of the settings:
    `program`, and `arguments` to be added to its command line.
    """

    def __init__(self, spec: CameraSpec, hardware_encoder: Path = _HARDWARE_ENCODER) -> None:
        self._spec = spec
        self._hardware_encoder = hardware_encoder
        self._listed: Listed | None = None
        self._program: FilmProgram | None = None
        self._granted: Format | None = None
        self._own, self._settled = adjusting_arguments(Adjustment(controls=spec.controls))
        self._arguments = self._own
        self._splitter: Splitter = AccessUnits()
        self._sets = ParameterSets(Codec.H264)
        self._saved = SavedTimes()
        self._times: StreamTimes = ArrivalTimes()
        self._untimed: list[Piece] = []
        self._sensor_ns: list[int] = []
        self._pieces: list[tuple[Piece, int | None]] = []
        self._is_timed = False
        self._begun = False
        self._sequence = 0
        self._latest_ns = 0

    def probe(self) -> CameraInfo:
        """What the program lists, asked once until the camera is lost. Raises CameraUnavailable."""
        listed = self._look()
        return CameraInfo(
            name=listed.name,
            backend="rpicam",
            address=str(listed.number),
            live=True,
            formats=formats_of(listed),
            note="; ".join(f"control {name} is not set: {reason}" for name, reason in self._settled.unmet.items()),
        )

    def open(self, wanted: Format | None) -> Format:
        """Grants any size up to the sensor's. Waits for the first picture, whose size it answers.

        Raises CameraUnavailable, CameraBusy, FormatUnsupported.
        """
        self.close()
        try:
            self._granted = self._choose(wanted or self._spec.prefer)
            self._arguments = self._own
            self._sequence = 0
            self._start()
            width, height = self._wait_for_size(self._granted.codec)
        except HardwareError:
            self.close()
            self._listed = None
            raise
        self._granted = self._granted.model_copy(update={"width": width, "height": height})
        return self._granted

    def read(self, timeout: float) -> Packet | None:
        """See `Source.read`. H.264 comes one picture late: only the next one shows where it ends."""
        if self._granted is None:
            raise RuntimeError("read before open")
        deadline = time.monotonic() + timeout
        left = timeout
        while not self._pieces:
            self._receive(max(0.0, left))
            left = deadline - time.monotonic()
            if left <= 0 and not self._pieces:
                return None
        return self._packet(*self._pieces.pop(0), self._granted)

    def adjust(self, wanted: Adjustment) -> Adjusted:
        """See `Source.adjust`. The program begins anew when its options change, up to its first picture with them.

        When it ends over them instead, it begins anew without, and none of them is met.
        """
        options, adjusted = adjusting_arguments(wanted)
        arguments = self._own | options
        if self._granted is None or arguments == self._arguments:
            return adjusted
        try:
            self._begin_anew(arguments, self._granted.codec)
        except CameraUnavailable as refusal:
            if arguments == self._own:
                raise
            self._begin_anew(self._own, self._granted.codec)
            told = str(refusal.fields["reason"])
            return Adjusted(unmet={**dict.fromkeys(adjusted.met, told), **adjusted.unmet})
        return adjusted

    def _begin_anew(self, arguments: dict[str, str], codec: Codec) -> None:
        self._arguments = arguments
        self._stop()
        self._start()
        self._wait_for_size(codec)

    def close(self) -> None:
        self._stop()
        self._granted = None

    def note(self, consumer: str, what: str) -> None:
        """A camera keeps no journal."""

    def _look(self) -> Listed:
        if self._listed is None:
            cameras = parse_listing(self._list())
            number = self._number()
            self._listed = next((camera for camera in cameras if camera.number == number), None)
            if self._listed is None:
                there = ", ".join(f"{camera.number} ({camera.name})" for camera in cameras) or "none"
                raise self._unavailable(f"no camera {number} at the board's connectors; there are: {there}")
        return self._listed

    def _number(self) -> int:
        address = self._spec.address
        if address and not (address.isdecimal() and len(address) < 3):
            raise self._unavailable(f"the address {address!r} is none; give the number of a camera, such as 0")
        return int(address or 0)

    def _list(self) -> str:
        command = [self._find_program(), "--list-cameras"]
        try:
            done = subprocess.run(  # noqa: S603 - the settings name it
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LIST_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise self._unavailable(f"{command[0]} does not list the cameras: {error}") from error
        return (done.stdout + done.stderr).decode(errors="replace")  # some versions list them on standard error

    def _find_program(self) -> str:
        unknown = sorted(set(self._spec.options) - set(_OPTIONS))
        if unknown:
            raise self._unavailable(f"option {unknown[0]!r} is unknown; rpicam has {', '.join(_OPTIONS)}")
        named = self._spec.options.get("program", "")
        for name in (named,) if named else _PROGRAMS:
            if found := shutil.which(name):
                return found
        raise self._unavailable(f"no program {named or _PROGRAMS[0]}; install rpicam-apps")

    def _choose(self, wanted: Format | None) -> Format:
        listed = self._look()
        if wanted is None:
            return formats_of(listed)[0]
        if refusal := refusal_of(listed, wanted):
            asked = f"{wanted.codec} {wanted.width}x{wanted.height}"
            raise FormatUnsupported(camera=self._spec.camera_id, asked=asked, reason=refusal)
        width, height = max(64, wanted.width & ~1), max(64, wanted.height & ~1)
        rate = min(wanted.rate, fastest(listed, width, height))
        return Format(codec=wanted.codec, width=width, height=height, rate=rate)

    def _start(self) -> None:
        if self._granted is None:
            raise RuntimeError("start before open")
        software = not self._hardware_encoder.exists()
        command = command_for(self._find_program(), self._number(), self._granted, software_encoder=software)
        more = shlex.split(self._spec.options.get("arguments", ""))
        self._splitter = Jpegs() if self._granted.codec is Codec.MJPEG else AccessUnits()
        self._sets = ParameterSets(Codec.H264)
        self._saved, self._times = SavedTimes(), ArrivalTimes()
        self._untimed, self._sensor_ns, self._pieces, self._begun = [], [], [], False
        self._is_timed = not (software and self._granted.codec is Codec.H264)
        try:
            self._program = FilmProgram([*command, *self._arguments.values(), *more], times=self._is_timed)
        except OSError as error:
            raise self._unavailable(f"{error.filename} cannot be started: {error.strerror}") from error

    def _stop(self) -> None:
        if self._program is not None:
            self._program.stop()
            self._program = None

    def _wait_for_size(self, codec: Codec) -> tuple[int, int]:
        deadline = time.monotonic() + FIRST_PICTURE_SECONDS
        while not self._pieces:
            left = deadline - time.monotonic()
            if left < 0:
                raise self._unavailable(f"no picture within {FIRST_PICTURE_SECONDS:g} s")
            self._receive(left)
        size = picture_size(codec, self._pieces[0][0].data)
        if size is None:
            raise self._unavailable("its first picture cannot be decoded")
        return size

    def _receive(self, timeout: float) -> None:
        """Takes what the program wrote, waiting for it at most `timeout` seconds."""
        if self._program is None:
            raise self._unavailable("its program does not run")
        try:
            data = self._program.read(timeout)
            self._untimed += self._splitter.feed(data or b"", time.monotonic_ns())
            self._sensor_ns += self._saved.feed(self._program.take_times())
            self._join_times()
        except (EOFError, BrokenStream) as error:
            reason = str(error)
            busy = "acquire" in reason or "in use" in reason
            kind = CameraBusy if busy else CameraUnavailable
            raise kind(camera=self._spec.camera_id, reason=reason) from error

    def _join_times(self) -> None:
        """Each picture gets its time: they are written right behind it, one for each."""
        if len(self._untimed) > _MOST_UNTIMED:
            raise BrokenStream("the program tells no times")
        ready = min(len(self._untimed), len(self._sensor_ns)) if self._is_timed else len(self._untimed)
        for piece in self._untimed[:ready]:
            sensor_ns = self._sensor_ns.pop(0) if self._is_timed else None
            self._begun = self._begun or piece.key
            self._pieces += [(piece, sensor_ns)] if self._begun else []
        del self._untimed[:ready]

    def _packet(self, piece: Piece, sensor_ns: int | None, granted: Format) -> Packet:
        data = self._sets.in_front_of(piece.data) if piece.key and granted.codec is Codec.H264 else piece.data
        self._latest_ns = max(self._times.stamp(sensor_ns, piece.arrival_ns), self._latest_ns + 1)
        packet = Packet(data, granted.codec, granted.width, granted.height, self._latest_ns, self._sequence, piece.key)
        self._sequence += 1
        return packet

    def _unavailable(self, reason: str) -> CameraUnavailable:
        return CameraUnavailable(camera=self._spec.camera_id, reason=reason)
