"""Agent types and which of them serves the events of which group (event-types.md section 1, events-api.md 12.2)."""

import difflib
from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from presets_store.protocol.errors import UnknownAgentType

MAX_ECHO: Final = 64
"""How much of an unknown name an error text repeats."""


class AgentType(IntEnum):
    """`agentTypeID` on the wire."""

    VIDEO = 1
    VIEW = 2
    PLAYER = 3
    TRANSCODE = 4
    TRANSFER = 5
    FOLLOWER = 6
    ANNOUNCER = 7
    ANNOUNCE_CLIP = 8
    UPLOAD_FILE_LIST = 9
    TEST_AGENT = 10
    DEVICE = 11
    HEALTH = 12
    SETUP = 13
    THUMBNAIL = 14

    @property
    def wire_name(self) -> str:
        """`agentType` on the wire, for example `AnnounceClip`."""
        return "".join(word.capitalize() for word in self.name.split("_"))


_SERVED_GROUPS: Final[Mapping[str, AgentType]] = MappingProxyType(
    {
        "Image": AgentType.VIDEO,
        "Audio": AgentType.VIDEO,
        "Workflow": AgentType.DEVICE,
        "Transcoding": AgentType.TRANSCODE,
    }
)
"""Groups of event types that are not the name of an agent type."""

_BY_NAME: Final[Mapping[str, AgentType]] = MappingProxyType(
    {member.wire_name.casefold(): member for member in AgentType}
    | {group.casefold(): member for group, member in _SERVED_GROUPS.items()}
)

_BY_NUMBER: Final = {str(int(member)): member for member in AgentType}

_DISPLAY_NAMES = [*(member.wire_name for member in AgentType), *_SERVED_GROUPS]


def served_by(group: str) -> AgentType:
    """The agent type that serves the events of `group` (`Image` -> Video). Raises UnknownAgentType."""
    return find_agent_type(group)


def group_is_agent_type(group: str) -> bool:
    """Whether the contract has an agent type of the group's own name, so that naming another one is a mistake."""
    return group not in _SERVED_GROUPS


def find_agent_type(name_or_id: str | int) -> AgentType:
    """The agent type of that name (any case; a group's name stands for the type that serves it) or number.

    Raises UnknownAgentType with the nearest names.
    """
    text = str(name_or_id).strip()
    found = _BY_NAME.get(text.casefold())
    if found is not None:
        return found
    if text in _BY_NUMBER:
        return _BY_NUMBER[text]
    raise UnknownAgentType(name=text[:MAX_ECHO], hint=nearest(text, _DISPLAY_NAMES))


def nearest(name: str, known: list[str]) -> str:
    """`; did you mean A or B?` for error texts, or "" when nothing is near."""
    folded = {candidate.casefold(): candidate for candidate in known}
    near = difflib.get_close_matches(name[:MAX_ECHO].casefold(), folded, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(folded[match] for match in near)}?" if near else ""
