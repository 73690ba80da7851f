"""Rows of scripts. Times are integer microseconds since the Unix epoch (UTC); 0 means never."""

from dataclasses import dataclass
from enum import StrEnum


class ScriptStatus(StrEnum):
    """Whether a script, a case or a channel is looked at."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class DeliveryStatus(StrEnum):
    """What became of something to be told. `held`: until a cooldown or quiet hours end; `dropped`: told in a digest, or
    by somebody else.
    """

    WAITING = "waiting"
    HELD = "held"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """An event, a reaction, recipients and a working time.

    `event_name` and `reaction` are names of the catalogues; reaction "" only notifies. `users` is a JSON list of user
    keys; `cameras` a JSON list of camera keys, "" for every camera. `working_time` is the JSON of
    `rules.scripts.working_time.WorkingTime`, "" for always. `extra` is JSON without secrets (chat_id, preset_id,
    parameters, url), `sealed_extra` the sealed JSON of those (bot_token, secret). `upstream` names where a mirrored
    script comes from, "" for one of this store; `remote_id` is its number there. Decisions and deliveries name a script
    by `uuid`.
    """

    key: int = 0
    uuid: str
    title: str = ""
    status: ScriptStatus = ScriptStatus.ACTIVE
    event_name: str
    reaction: str = ""
    users: str = "[]"
    cameras: str = ""
    working_time: str = ""
    extra: str = "{}"
    sealed_extra: str = ""
    cooldown_seconds: int = 0
    upstream: str = ""
    remote_id: int = 0
    created: int = 0
    modified: int = 0
    created_by: str = ""
    modified_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptEvent:
    """An event that somebody added to the catalogue; those of the product are in `rules.scripts.catalogue`."""

    key: int = 0
    name: str
    description: str = ""
    color: str = ""
    analytic_type: str = ""
    created: int = 0
    created_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyticCase:
    """What is looked for in a camera's picture: an analyser with its zones and options (JSON)."""

    key: int = 0
    uuid: str
    device_key: int
    camera_key: int
    analytic_type: str
    name: str = ""
    zones: str = "[]"
    options: str = "{}"
    status: ScriptStatus = ScriptStatus.ACTIVE
    upstream: str = ""
    remote_id: int = 0
    created: int = 0
    modified: int = 0
    created_by: str = ""
    modified_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """An observation or an inbound event that scripts looked at. `attributes` is JSON.

    `source`: `vision`, or the access key that sent it; `external_id`: its own name for it, "" for none. `image`:
    whether there is a picture. `fired`: how many scripts did. `told`: when the upstream heard of those of its own.
    """

    key: int = 0
    uuid: str
    event_name: str
    device_key: int = 0
    camera_key: int = 0
    source: str = ""
    external_id: str = ""
    occurred: int = 0
    received: int = 0
    clock_quality: str = ""
    attributes: str = "{}"
    image: bool = False
    fired: int = 0
    told: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether a script fired at a trigger, and why not. `event_key`: the event that it made, 0 for none."""

    key: int = 0
    script_uuid: str
    trigger_uuid: str
    camera_key: int = 0
    decided: int = 0
    outcome: str
    reason: str = ""
    event_key: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Where a user is told: an Apprise URL, sealed; `shown` is its redacted form. `quiet` is JSON, "" for no quiet
    hours. `upstream`, `remote_id`, `user_name`: as for a mirrored script.
    """

    key: int = 0
    uuid: str
    user_key: int
    user_name: str = ""
    name: str = ""
    sealed_url: str
    shown: str = ""
    device_may_send: bool = False
    quiet: str = ""
    status: ScriptStatus = ScriptStatus.ACTIVE
    upstream: str = ""
    remote_id: int = 0
    created: int = 0
    modified: int = 0
    created_by: str = ""
    modified_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Something to be told outside: to a user by a channel, to a webhook, to a chat.

    `kind`: `notify`, `webhook`, `telegram`, `test`. Of a (script, trigger, user, channel) there is one. `channel_uuid`
    is "" for what the script itself addresses. `more`: how many others it stands for, which found too many waiting.
    `lease`: until when whoever sends it has it, 0 for nobody. `result`: why it failed last, for people.
    """

    key: int = 0
    uuid: str
    kind: str
    script_uuid: str = ""
    trigger_uuid: str = ""
    user_key: int = 0
    channel_uuid: str = ""
    status: DeliveryStatus = DeliveryStatus.WAITING
    title: str = ""
    body: str = ""
    more: int = 0
    attempts: int = 0
    next_try: int = 0
    lease: int = 0
    created: int = 0
    sent: int = 0
    result: str = ""
