"""Log messages as an upstream takes them (events-api.md section 8)."""

import os
from datetime import UTC, datetime
from typing import Any

from presets_store import __version__
from presets_store.protocol.agent_types import AgentType
from presets_store.protocol.event_types import EVENT_TYPES
from presets_store.protocol.events import EventRecordUpload
from presets_store.redaction import redact_text

LOG_PATH = "/v1/logmessage"
MAX_MESSAGE = 4000
"""Characters of a message."""


def log_message(serial: str, text: str, moment: float, kind: AgentType = AgentType.DEVICE) -> dict[str, Any]:
    """The body that says `text`, which was written at `moment` (epoch s), for the device with this serial number."""
    return {
        "deviceName": serial,
        "deviceSerial": serial,
        "agentType": kind.wire_name,
        "agentVersion": __version__,
        "agentIndex": 0,
        "processID": os.getpid(),
        "message": text[:MAX_MESSAGE],
        "logDate": str(datetime.fromtimestamp(moment, UTC)),  # as the third-party client writes it: a space, no T
    }


def outcome_message(report: EventRecordUpload, serial: str) -> dict[str, Any]:
    """What became of an event that the upstream did not hand out, in words."""
    kind = EVENT_TYPES.get(report.event_type_id)
    name, agent = (kind.wire_name, AgentType(kind.agent_type_id)) if kind else ("of another release", AgentType.DEVICE)
    result = redact_text(report.result) or "none"
    text = (
        f"event {report.event_uuid} ({name}, cause: {report.cause or 'unknown'}) ended as"
        f" {report.event_status.wire_name} in attempt {report.attempt_number}; its result: {result}"
    )
    return log_message(serial, text, report.end_date / 1e6, agent)
