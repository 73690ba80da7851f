"""Results of events within what a report has room for."""

import json
from typing import Any

from presets_store.protocol.fields import MAX_LONG_TEXT

_LONGEST_MEMBER = 2000


def reportable(result: str) -> str:
    """`result`, or when it is too long to be reported: its short members, and a note that names those left out."""
    if len(result) <= MAX_LONG_TEXT:
        return result
    try:
        members = json.loads(result)
    except (ValueError, RecursionError):
        return result[:MAX_LONG_TEXT]
    return _shortened(members, len(result)) if isinstance(members, dict) else result[:MAX_LONG_TEXT]


def _shortened(members: dict[str, Any], length: int) -> str:
    kept = {name: value for name, value in members.items() if len(json.dumps(value)) <= _LONGEST_MEMBER}
    left_out = ", ".join(name for name in members if name not in kept)
    kept["note"] = f"The result had {length} characters, too many for a report: without {left_out}."
    return json.dumps(kept)[:MAX_LONG_TEXT]
