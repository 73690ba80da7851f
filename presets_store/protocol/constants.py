"""The lists of constants that clients may fetch (events-api.md section 5)."""

from presets_store.protocol.agent_types import AgentType
from presets_store.protocol.event_types import EVENT_TYPES
from presets_store.protocol.statuses import EventStatus
from presets_store.protocol.system import AgentTypeRecord, EventStatusEntry, EventTypeRecord

STATUS_DESCRIPTIONS = {
    EventStatus.PENDING: "waits for its device",
    EventStatus.CHECKED_OUT: "fetched by its device, not yet begun",
    EventStatus.PROCESSING: "being carried out",
    EventStatus.COMPLETE: "carried out",
    EventStatus.ERROR: "failed; the result says why",
    EventStatus.TIMED_OUT: "not carried out, or not reported, in time",
    EventStatus.CANCELLED: "ended on request",
}

_AGENT_DESCRIPTIONS = {
    AgentType.VIDEO: "cameras and the microphone: recordings, photos, streams",
    AgentType.TRANSCODE: "media files: code anew, join, cut",
    AgentType.TRANSFER: "uploads and downloads",
    AgentType.DEVICE: "the box itself, its settings, and workflows",
    AgentType.SETUP: "registration of devices",
}


def agent_type_records() -> list[AgentTypeRecord]:
    """Answer to `GET /v1/agenttype/list`."""
    return [
        AgentTypeRecord(
            key=int(kind), agent_type_name=kind.wire_name, detailed_description=_AGENT_DESCRIPTIONS.get(kind, "")
        )
        for kind in AgentType
    ]


def event_type_records(agent_type: AgentType | None = None) -> list[EventTypeRecord]:
    """Answer to `POST /v1/eventtype/list`: the types that `agent_type` serves, None for all."""
    return [
        EventTypeRecord(
            key=kind.id,
            legacy_event_type_id=kind.id,
            agent_type_id=kind.agent_type_id,
            event_type_name=kind.wire_name,
            description=kind.description + (f" (not supported: {kind.unsupported})" if kind.unsupported else ""),
        )
        for kind in EVENT_TYPES.values()
        if agent_type in (None, kind.agent_type)
    ]


def event_status_records() -> list[EventStatusEntry]:
    """Answer to `GET /v1/eventstatus/list`."""
    return [
        EventStatusEntry(key=int(status), event_status_name=status.wire_name, description=STATUS_DESCRIPTIONS[status])
        for status in EventStatus
    ]
