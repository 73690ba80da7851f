"""The agent takes a set-up up when it starts anew: it is asked to, by an event like any other."""

import time

from agent.cli.client import AgentClient
from agent.cli.errors import AgentForbidden, AgentUnreachable, Refused
from agent.cli.session import Session
from presets_store.protocol.statuses import EventStatus

RESTART = "Device_Restart_agents"
BY_HAND = "the agent takes this up when it is started anew: systemctl restart cuelight"
WITHIN = 5.0
_EVERY = 0.1


def restart(session: Session) -> str:
    """What becomes of the agent, in words."""
    client = AgentClient(session.settings.socket_path)
    try:
        own = client.get(f"/v1/device/{client.get('/v1/status')['deviceID']}")
        asked = client.post("/v1/event", {"deviceSerial": own["serialNumber"], "eventType": RESTART})
    except AgentUnreachable:
        return "no agent runs here now; the next one that starts takes this up: systemctl start cuelight"
    except (AgentForbidden, Refused):
        return BY_HAND
    return "the agent restarts, and takes this up" if _is_restarting(client, asked["eventID"]) else BY_HAND


def _is_restarting(client: AgentClient, event: int) -> bool:
    """Whether the agent ends, or another one has begun. One that nobody would start again refuses."""
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        try:
            status = client.get(f"/v1/event/{event}")["eventStatus"]
        except (AgentUnreachable, Refused):
            return True
        if status == EventStatus.ERROR:
            return False
        if status == EventStatus.COMPLETE:
            return True
        time.sleep(_EVERY)
    return False
