"""What a camera's controls were before somebody adjusted them, for whoever opens it after a kill."""

import logging
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from hardware.models import ControlValue

log = logging.getLogger(__name__)

_Notes = dict[str, dict[str, ControlValue]]
_NOTES: TypeAdapter[_Notes] = TypeAdapter(_Notes)


class Undo:
    """The values of one `camera`, in a file that is there only while there are any; without a file nothing is kept.

    It is not fsynced: it outlives a killed process, a power cut ends what was set in a camera as well, and most are
    gone before they reach the flash. What cannot be kept is logged: the adjustment matters more.
    """

    def __init__(self, file: Path | None, camera: str) -> None:
        self._file = file
        self._camera = camera
        self._kept = self._notes().get(camera, {})

    @property
    def kept(self) -> Mapping[str, ControlValue]:
        """The values to be set back, by control."""
        return self._kept

    def keep(self, values: Mapping[str, ControlValue]) -> None:
        """Keeps `values` in place of those before; none: there is nothing to be set back."""
        if self._file is None or values == self._kept:
            return
        self._kept = dict(values)
        notes = {camera: others for camera, others in self._notes().items() if camera != self._camera}
        if values:
            notes[self._camera] = self._kept
        try:
            _write(self._file, notes)
        except OSError as error:
            log.warning("camera %s: its controls' values are not kept: %s", self._camera, error)

    def _notes(self) -> _Notes:
        try:
            return _NOTES.validate_json(self._file.read_bytes()) if self._file else {}
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError) as error:
            log.warning("the controls' values in %s cannot be read: %s", self._file, error)
            return {}


def _write(file: Path, notes: _Notes) -> None:
    """As a whole or not at all. Raises OSError."""
    if not notes:
        file.unlink(missing_ok=True)
        return
    new = file.with_name(f".{file.name}.new")
    new.write_bytes(_NOTES.dump_json(notes))
    new.replace(file)
