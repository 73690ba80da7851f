"""Sets the controls of an open camera for somebody, and back."""

from collections.abc import Mapping

from hardware.models import Adjusted, Adjustment, ControlValue
from hardware.v4l2.controls import Board
from hardware.v4l2.mapping import plan_moves
from hardware.v4l2.undo import Undo


class Adjuster:
    """Keeps what the controls were set to before the first adjustment that touched them; in `undo` against a kill."""

    def __init__(self, board: Board, undo: Undo) -> None:
        self._board = board
        self._undo = undo
        self._before = dict(undo.kept)

    def adjust(self, wanted: Adjustment) -> Adjusted:
        """See `Source.adjust`. Raises CameraUnavailable when the device is gone."""
        moves = plan_moves(wanted, self._board.by_number)
        values = {name: value for writes in moves.writes.values() for name, value in writes.items()}
        self._restore([name for name in self._before if name not in values])
        self._remember(values)
        self._undo.keep(self._before)
        failures = self._board.set(values)
        unmet = dict(moves.unmet)
        for asked, writes in moves.writes.items():
            failed = [name for name in writes if name in failures]
            lost = [name for name, value in writes.items() if not self._board.same(name, value, values[name])]
            if failed:
                told = failures[failed[0]]
                unmet[asked] = told if failed[0] == asked else f"{failed[0]}: {told}"
            elif lost:
                unmet[asked] = f"another wish has the say about {lost[0]}"
        return Adjusted(met=frozenset(moves.writes) - frozenset(unmet), unmet=unmet)

    def restore(self) -> None:
        """Sets everything back. Raises CameraUnavailable when the device is gone."""
        self._restore(list(self._before))
        self._undo.keep(self._before)

    def _remember(self, values: Mapping[str, ControlValue]) -> None:
        known = {control.name for control in self._board.by_number.values()}
        for name in values:
            if name in known and name not in self._before:
                before = self._board.value(name)
                if before is not None:
                    self._before[name] = before

    def _restore(self, names: list[str]) -> None:
        values = {name: self._before[name] for name in names}
        governed = {name: value for name, value in values.items() if not self._board.is_automatic(name)}
        self._board.set(governed, as_read=True)
        if len(governed) < len(values):
            # An automatic that comes back makes those that it governs inactive; one that goes may have changed them.
            self._board.set(values, as_read=True)
        for name in names:
            del self._before[name]
