"""What somebody asked for does not make a script."""

from presets_store.errors import Kind
from presets_store.protocol.errors import FieldsError


class BadScript(FieldsError):
    """Members of a script, or of what belongs to it, do not fit. Paths are dotted: `timetable.days.0.breaks.1.to`."""

    code = "bad_script"
    kind = Kind.UNPROCESSABLE
