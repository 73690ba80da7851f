"""How the scripts API refuses (scripts-api.md section 7)."""

from pydantic import Field

from presets_store.protocol.scripts.base import SnakeModel


class Refusal(SnakeModel):
    """Why not, for people. Of too many sessions `session_id` is the one that may be ended for a new one."""

    message: str = ""


class InvalidData(SnakeModel):
    """What is wrong with which member, each by its path: `schedule.0.ranges.0.to`. `body` is the whole."""

    message: str = ""
    errors: dict[str, list[str]] = Field(default_factory=dict)
