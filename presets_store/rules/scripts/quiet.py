"""Quiet hours of a channel: what is told waits until they end. Pure."""

import json
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from typing import Any, Final

from presets_store.rules.scripts.members import Members
from presets_store.rules.scripts.parts import DayRange, offset_at
from presets_store.rules.scripts.reading import EVERY_DAY, read_days, read_range
from presets_store.rules.scripts.times import DAY, EPOCH
from presets_store.rules.scripts.working_time import MICRO, WorkingTime, windows

_RIGHT: Final = 'an object such as {"from": "22:00:00", "to": "06:59:59", "days": ["weekdays"]}'


@dataclass(frozen=True, slots=True)
class QuietHours:
    """None of them when `hours` is None. `zone` names the zone they are of, "" for the device's; who asks looks it up.

    `kept`: the JSON of what was given.
    """

    kept: str = ""
    hours: DayRange | None = None
    zone: str = ""

    @classmethod
    def read(cls, value: Any, path: str = "quiet") -> "QuietHours":
        """From `{"from", "to", "days"?: [day types], "zone"?: name}`; None and {} are no quiet hours. Raises BadScript.

        Times are as in a working time: `to` belongs to it, a `from` later than `to` crosses midnight.
        """
        members = Members()
        item = members.object(value, path)
        members.refuse()
        if not item:
            return cls()
        days = read_days(members, item.get("days"), f"{path}.days")
        hours = read_range(members, item, path, days)
        zone = item.get("zone") or ""
        if not isinstance(zone, str):
            members.wrong(f"{path}.zone", "is no name", "the name of a time zone, such as Europe/Berlin")
        if hours and days == EVERY_DAY and (hours.end + 1 - hours.start) % DAY == 0:
            members.wrong(path, "would never end", _RIGHT)
        members.refuse()
        given = {name: item[name] for name in ("from", "to", "days", "zone") if item.get(name)}
        return cls(json.dumps(given, ensure_ascii=False), hours, zone)

    @classmethod
    def from_json(cls, text: str) -> "QuietHours":
        """What `to_json` gave."""
        return cls.read(json.loads(text)) if text else cls()

    def to_json(self) -> str:
        """As it is stored."""
        return self.kept


def quiet_until(quiet: QuietHours, moment_us: int, zone: tzinfo) -> int:
    """When the quiet hours around a moment end (Unix epoch microseconds); 0: it is not quiet."""
    if quiet.hours is None:
        return 0
    second = moment_us // MICRO
    today = (EPOCH + timedelta(seconds=second + offset_at(second, zone))).date()
    # From yesterday on: a clock that is set back over midnight shows the end of that day again, after today has begun.
    for window in windows(WorkingTime(days=(quiet.hours,)), zone, today - timedelta(days=1), 10):
        if window.start_us <= moment_us < window.end_us:
            return window.end_us
    return 0
