"""What becomes of deliveries: claimed, held, sent, tried again, given up. Functions of a connection."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from sqlalchemy import Connection

from presets_store.delivery.children import Outcome
from presets_store.delivery.outbox import Kind
from presets_store.delivery.planning import GIVEN_UP, SECOND, Around, pause, plan
from presets_store.rules.scripts.quiet import QuietHours, quiet_until
from presets_store.storage.scripts.channels import find_channel
from presets_store.storage.scripts.deliveries import claim_due, last_sent, scripts_by_uuid, settle
from presets_store.storage.scripts.records import Channel, Delivery, DeliveryStatus, Script, ScriptStatus
from presets_store.storage.scripts.triggers import image_of

LEASE: Final = 180 * SECOND
MESSAGES_AT_ONCE: Final = 3
"""In one claim: each may take half a minute of its lease."""
_IN_A_DIGEST: Final = "told in a digest"


@dataclass(frozen=True, slots=True)
class Errand:
    """One message to send: a delivery or several in a digest. By the channel, or else as the script says."""

    deliveries: Sequence[Delivery]
    jpeg: bytes
    channel: Channel | None = None
    script: Script | None = None


ZoneOf = Callable[[str], tzinfo]
"""The zone of a name, "" for the device's."""


def take(connection: Connection, now: int, zone_of: ZoneOf, *, mirrored: bool) -> list[Errand]:
    """The next to be sent, which are the caller's for LEASE; [] for none. What must wait is held."""
    claimed = claim_due(connection, now, now + LEASE, mirrored=mirrored)
    if not claimed:
        return []
    first = claimed[0]
    if not first.channel_uuid:
        script = scripts_by_uuid(connection, [first.script_uuid]).get(first.script_uuid)
        if script is not None:
            return [Errand([first], _picture(connection, [first]), script=script)]
        _end(connection, claimed, "the script is gone")
        return []
    channel = find_channel(connection, first.channel_uuid)
    if channel is None:
        _end(connection, claimed, "the channel is gone")
        return []
    return _at_channel(connection, channel, claimed, now, zone_of)


def _at_channel(
    connection: Connection, channel: Channel, claimed: Sequence[Delivery], now: int, zone_of: ZoneOf
) -> list[Errand]:
    messages = [[each] for each in claimed if each.kind == Kind.TEST]
    notices = [each for each in claimed if each.kind != Kind.TEST]
    if channel.status is not ScriptStatus.ACTIVE:
        _end(connection, notices, "the channel is inactive")
    else:
        planned = plan(notices, _around(connection, channel, notices, now, zone_of))
        for until, held in planned.held:
            settle(connection, _keys(held), status=DeliveryStatus.HELD, next_try=until, lease=0)
        messages += planned.messages
    later = [each for message in messages[MESSAGES_AT_ONCE:] for each in message]
    settle(connection, _keys(later), lease=0)
    return [Errand(message, _picture(connection, message), channel=channel) for message in messages[:MESSAGES_AT_ONCE]]


def _around(connection: Connection, channel: Channel, notices: Sequence[Delivery], now: int, zone_of: ZoneOf) -> Around:
    one_of_each = {each.script_uuid: each for each in notices}
    scripts = scripts_by_uuid(connection, list(one_of_each))
    quiet = QuietHours.from_json(channel.quiet)
    return Around(
        now=now,
        quiet_until=quiet_until(quiet, now, zone_of(quiet.zone)),
        cooldowns={uuid: script.cooldown_seconds * SECOND for uuid, script in scripts.items()},
        told={uuid: last_sent(connection, each) for uuid, each in one_of_each.items()},
    )


def _picture(connection: Connection, message: Sequence[Delivery]) -> bytes:
    """The youngest that there is."""
    for each in reversed(message):
        if each.trigger_uuid and (jpeg := image_of(connection, each.trigger_uuid)):
            return jpeg
    return b""


def note(connection: Connection, errand: Errand, outcome: Outcome, now: int) -> None:
    """What became of an attempt."""
    for place, each in enumerate(errand.deliveries):
        attempts = each.attempts + 1
        if outcome.sent:
            status = DeliveryStatus.DROPPED if place else DeliveryStatus.SENT
            said = _IN_A_DIGEST if place else ""
            settle(connection, [each.key], status=status, sent=now, attempts=attempts, lease=0, result=said)
        elif outcome.final or each.kind == Kind.TEST or each.created + GIVEN_UP <= now:
            failed = DeliveryStatus.FAILED
            settle(connection, [each.key], status=failed, attempts=attempts, lease=0, result=outcome.reason)
        else:
            again = now + max(pause(attempts), round(outcome.wait * SECOND))
            waiting = {"status": DeliveryStatus.WAITING, "next_try": again, "lease": 0}
            settle(connection, [each.key], attempts=attempts, result=outcome.reason, **waiting)


def _end(connection: Connection, gone: Sequence[Delivery], why: str) -> None:
    settle(connection, _keys(gone), status=DeliveryStatus.FAILED, lease=0, result=why)


def _keys(found: Sequence[Delivery]) -> list[int]:
    return [each.key for each in found]
