"""What of the deliveries that wait at a channel is told now, what together, and what not yet. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Final

from presets_store.rules.scripts.telling import plan as plan_of_script
from presets_store.storage.scripts.records import Delivery

SECOND: Final = 1_000_000
GIVEN_UP: Final = 24 * 3600 * SECOND
"""After which nobody wants to hear of it any more."""

_FIRST_PAUSE: Final = 5 * SECOND
_LONGEST_PAUSE: Final = 900 * SECOND
_LONGEST_DIGEST: Final = 3_500
_MOST_LINES: Final = 20


@dataclass(frozen=True, slots=True)
class Around:
    """What counts at a channel: when its quiet hours end, 0 for not quiet; of each script its cooldown, and when it
    was last told here. All in microseconds.
    """

    now: int
    quiet_until: int = 0
    cooldowns: Mapping[str, int] = field(default_factory=dict)
    told: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """`messages`: each a list of what it tells, oldest first. `held`: until when (us) which wait."""

    messages: list[list[Delivery]]
    held: list[tuple[int, list[Delivery]]]


def plan(waiting: Sequence[Delivery], around: Around) -> Plan:
    """`waiting`: all that is open at one channel, oldest first. While the channel fails, what is new waits with it."""
    failing = max((each.next_try for each in waiting if each.attempts), default=0)
    later = max(around.quiet_until, failing if failing > around.now else 0)
    by_script: dict[str, list[Delivery]] = {}
    for each in waiting:
        by_script.setdefault(each.script_uuid, []).append(each)
    planned = Plan([], [])
    for uuid, theirs in by_script.items():
        count = sum(1 + each.more for each in theirs)
        cooldown, told = around.cooldowns.get(uuid, 0), around.told.get(uuid, 0)
        tell = plan_of_script(around.now, cooldown, told, later, count)
        if not tell.now:
            planned.held.append((tell.not_before_us, theirs))
        else:
            planned.messages.extend([theirs] if tell.digest else ([each] for each in theirs))
    return planned


def pause(attempts: int) -> int:
    """Microseconds from a failed attempt, the how manyth, to the next."""
    return int(min(_FIRST_PAUSE * 2 ** min(attempts - 1, 20), _LONGEST_PAUSE))


def text_of(message: Sequence[Delivery], zone: tzinfo) -> tuple[str, str]:
    """Title and body of one delivery, or of a digest: a line each, with the local time."""
    count = sum(1 + each.more for each in message)
    if count == 1:
        return message[0].title, message[0].body
    lines = [f"{_local(each.created, zone)}  {each.title or each.body}" for each in message[-_MOST_LINES:]]
    while len("\n".join(lines)) > _LONGEST_DIGEST:
        lines.pop(0)
    if count > len(lines):
        lines.append(f"and {count - len(lines)} more")
    return f"{count} notifications", "\n".join(lines)


def _local(moment: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(moment // SECOND, zone).strftime("%Y-%m-%d %H:%M:%S")
