"""The hours of the day in which files are sent: pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

RIGHT = 'give two different times of the day, such as "22:00-06:00"'

_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True, slots=True)
class Hours:
    """From the minute `begin` of the day to before the minute `end`, which may be one of the next day."""

    begin: int
    end: int

    def include(self, moment: float, zone: tzinfo | None = None) -> bool:
        """Whether the clock on the wall shows one of them at `moment` (epoch s), in `zone`; None: where the device is.

        An hour that is skipped does not occur, one that is shown twice counts twice.
        """
        shown = datetime.fromtimestamp(moment, UTC).astimezone(zone)
        minute = 60 * shown.hour + shown.minute
        if self.begin < self.end:
            return self.begin <= minute < self.end
        return minute >= self.begin or minute < self.end


def read_hours(text: str) -> Hours | None:
    """`22:00-06:00`; None for "", which is always. Raises ValueError."""
    if not text:
        return None
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise ValueError(RIGHT)
    begin_hour, begin_minute, end_hour, end_minute = map(int, found.groups())
    hours = Hours(60 * begin_hour + begin_minute, 60 * end_hour + end_minute)
    if hours.begin == hours.end:
        raise ValueError(RIGHT)
    return hours
