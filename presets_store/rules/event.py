"""The event as the rules and the repositories see it."""

from dataclasses import dataclass

from presets_store.protocol.statuses import EventStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One row of `events`. Times are integer microseconds since the Unix epoch (UTC); 0 or None means never.

    `expiration_epoch` alone is in Unix seconds, as on the wire. `holder` names who has, or last had, the event checked
    out or runs it (`device:agent:process`); `checkout_token` is new for each checkout. `started` and `boot_id` are
    those of the present attempt; `started` is 0 until it is counted. `late`: the outcome came after its checkout ended.
    `clock_correction`: microseconds by which its moments were moved when a better time arrived.
    """

    key: int = 0
    uuid: str
    device_key: int
    agent_type_id: int
    event_type_id: int
    event_status: EventStatus = EventStatus.PENDING
    event_parameters: str = "{}"
    server_event: int = 0
    agent_id: int = 0
    process_id: int = 0
    result: str = ""
    percent_complete: float = 0.0
    priority: int = 0
    expiration_epoch: int = 0
    attempt_number: int = 0
    max_attempts: int = 0
    tag_string: str = ""
    tag_number: int = 0
    upstream: str = ""
    remote_id: int | None = None
    preset_key: int | None = None
    group_run_id: int | None = None
    cause: str = "api"
    holder: str = ""
    checkout_token: str = ""
    lease_until: int = 0
    boot_id: str = ""
    late: bool = False
    clock_quality: str = "unset"
    created: int = 0
    modified: int = 0
    started: int = 0
    ended: int = 0
    created_by: str = ""
    modified_by: str = ""
    clock_correction: int = 0

    @property
    def terminal(self) -> bool:
        """Ended for good, or timed out (which a late report may still correct)."""
        return self.event_status.terminal
