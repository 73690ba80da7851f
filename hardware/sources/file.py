"""A recorded file that behaves as a camera: in real time, for ever. For machines without a camera, and for tests."""

from pathlib import Path

from hardware.camera import Source
from hardware.models import CameraInfo, CameraSpec, Format, Packet
from hardware.sources.elementary import CodedPicture, LoopedFile
from hardware.sources.journal import WitnessJournal
from hardware.sources.pacing import Pacer

FOOTAGE = Path(__file__).resolve().parents[1] / "footage" / "street.mp4"
"""20 s of a street with pedestrians, H.264, 768x576, 10 fps: what an empty address stands for."""


class FileSource(Source):
    """Plays `spec.address` (a path; empty: the bundled footage) in a loop with rising time stamps.

    A packet's time stamp is the moment at which it is due, `open + sequence / rate`; `read` waits for it, so no packet
    comes early, and a late reader still gets each one, with its own time. A file has one format: `open` grants it
    whatever was wanted. Option `journal` (a path): a WitnessJournal of every `open`, `note` and `close`.
    """

    def __init__(self, spec: CameraSpec, pacer: Pacer | None = None) -> None:
        self._spec = spec
        self._path = Path(spec.address) if spec.address else FOOTAGE
        self._pacer = pacer or Pacer()
        journal = spec.options.get("journal", "")
        self._journal = WitnessJournal(Path(journal), spec.camera_id) if journal else None
        self._file: LoopedFile | None = None
        self._ahead: CodedPicture | None = None
        self._sequence = 0

    def probe(self) -> CameraInfo:
        """The file's one format. Raises CameraUnavailable, FormatUnsupported."""
        file = LoopedFile(self._path, self._spec.camera_id)
        file.close()
        return CameraInfo(
            name=self._spec.name,
            backend="file",
            address=str(self._path),
            live=False,
            formats=(file.format,),
            note="" if self._spec.address else "bundled footage of a street, in a loop",
        )

    def open(self, wanted: Format | None) -> Format:  # noqa: ARG002 - there is no choice
        """Starts to play from the beginning. Raises CameraUnavailable, FormatUnsupported, StorageFailed (journal)."""
        self.close()
        file = LoopedFile(self._path, self._spec.camera_id)
        self._file = file
        self._sequence = 0
        self._witness("open")
        self._pacer.start(file.rate)
        return file.format

    def read(self, timeout: float) -> Packet | None:
        """The next packet when it is due, None when that is later than `timeout` seconds. Raises CameraUnavailable."""
        if self._file is None:
            raise RuntimeError("read before open")
        if self._ahead is None:
            self._ahead = self._file.next()
        if not self._pacer.wait_for(self._sequence, timeout):
            return None
        picture, self._ahead = self._ahead, None
        granted, due_ns = self._file.format, self._pacer.due_ns(self._sequence)
        packet = Packet(picture.data, granted.codec, granted.width, granted.height, due_ns, self._sequence, picture.key)
        self._sequence += 1
        return packet

    def close(self) -> None:
        """Releases the file; harmless when it is not open."""
        if self._file is None:
            return
        self._file.close()
        self._file = None
        self._ahead = None
        self._witness("close")

    def note(self, consumer: str, what: str) -> None:
        """Journals that a sink of `consumer` begins (`start`) or is done (`end`). Raises StorageFailed."""
        self._witness(what, consumer)

    def _witness(self, what: str, consumer: str = "") -> None:
        if self._journal is not None:
            self._journal.append(what, consumer)
