"""By which clock segments and photos are dated: the order's, or what the agent has told since."""

from hardware.models import PhotoOrder, RecordingOrder, SetClock

Dating = RecordingOrder | PhotoOrder | SetClock
"""What has a `wall_offset_ns` and a `clock_quality`."""


class WallClock:
    """Set by the control thread and read by those of the sinks."""

    def __init__(self) -> None:
        self._told: SetClock | None = None

    def set(self, told: SetClock) -> None:
        """What the agent's clock says now."""
        self._told = told

    def newest(self, order: RecordingOrder | PhotoOrder) -> Dating:
        """Whose `wall_offset_ns` and `clock_quality` count for what begins now."""
        told = self._told
        return told if told is not None and told.mono_ns > order.requested_mono_ns else order
