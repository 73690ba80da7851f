"""Live events: what `GET /v1/live` sends as server-sent events (ours, events-api.md section 12.4)."""

import json
from enum import StrEnum
from typing import Any

from pydantic import Field

from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import Int, Key, Moment


class LiveKind(StrEnum):
    """What changed; the `event:` field of the stream."""

    EVENT = "event"
    PROGRESS = "progress"
    CAMERA = "camera"
    CLIP = "clip"
    TRIGGER = "trigger"
    NOTIFICATION = "notification"
    REACTION = "reaction"


class LiveMessage(WireModel):
    """One change. `sequence` rises by one per message of a process; `data` is the record in its wire form."""

    sequence: Key
    kind: LiveKind
    device_id: Int = 0
    date: Moment = 0
    data: dict[str, Any] = Field(default_factory=dict)

    def is_for(self, user_key: int) -> bool:
        """Whether the user is among those to whom a reaction is shown; 0, the device itself, is shown all."""
        users = self.data.get("users") if self.kind is LiveKind.REACTION else None
        return not users or not user_key or user_key in users

    def server_sent(self) -> bytes:
        """The message as one block of `text/event-stream`."""
        data = json.dumps(self.dump(), separators=(",", ":"))
        return f"id: {self.sequence}\nevent: {self.kind.value}\ndata: {data}\n\n".encode()
