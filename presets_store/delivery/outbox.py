"""What is to be told outside, entered in the transaction of its cause."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from presets_store.storage.scripts.channels import channels_of
from presets_store.storage.scripts.deliveries import add_delivery, is_known, stands_for_one_more, waiting_at
from presets_store.storage.scripts.records import Channel, Delivery, DeliveryStatus, Script, Trigger

if TYPE_CHECKING:
    from presets_store.services.unit import Unit  # whose package imports this module

LONGEST_TITLE: Final = 250
LONGEST_TEXT: Final = 4_000
_MOST_NOTICES: Final = 20
"""Of a script, open at a channel: a digest of more would not be read."""
_MOST_OTHERS: Final = 200


class Kind(StrEnum):
    """What is told: a user's channels, a webhook, a chat, or whoever tries a channel out."""

    NOTIFY = "notify"
    WEBHOOK = "webhook"
    TELEGRAM = "telegram"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be told. `body` is text, which is cut off where it is too long, or the JSON that a webhook gets."""

    kind: Kind
    title: str
    body: str


def enqueue(
    unit: "Unit",
    script: Script,
    trigger: Trigger,
    message: Message,
    users: Sequence[int] = (),
    sent: Collection[tuple[int, str]] = (),
) -> int:
    """Enters what a script tells because of a trigger; how many deliveries that makes, 0 for a repeat.

    A notification goes to each active channel of `users`, who are users of the script's upstream, else of this store;
    a webhook or chat is the script's own. `sent`: (user, channel's UUID) of those that have been told elsewhere: they
    are noted as sent. Cooldown, quiet hours and digests are looked after when it is sent.
    """
    wanted = Delivery(
        uuid="",
        kind=message.kind.value,
        script_uuid=script.uuid,
        trigger_uuid=trigger.uuid,
        title=message.title[:LONGEST_TITLE],
        body=message.body if message.kind is Kind.WEBHOOK else message.body[:LONGEST_TEXT],
        next_try=unit.now,
        created=unit.now,
    )
    if message.kind is not Kind.NOTIFY:
        return int(_enter(unit, wanted, _MOST_OTHERS))
    entered = 0
    for channel in channels_of(unit.connection, users, script.upstream):
        place = replace(wanted, user_key=channel.user_key, channel_uuid=channel.uuid)
        if (channel.user_key, channel.uuid) in sent:
            place = replace(place, status=DeliveryStatus.SENT, sent=trigger.occurred)
        entered += _enter(unit, place, _MOST_NOTICES)
    return entered


def enqueue_test(unit: "Unit", channel: Channel) -> str | None:
    """Enters a text that tries the channel out; its UUID, or None while another one waits there."""
    wanted = Delivery(
        uuid=str(uuid4()),
        kind=Kind.TEST.value,
        user_key=channel.user_key,
        channel_uuid=channel.uuid,
        title="cuelight",
        body=f"A test of the channel {channel.name or channel.shown}: it works.",
        next_try=unit.now,
        created=unit.now,
    )
    if waiting_at(unit.connection, wanted)[0]:
        return None
    add_delivery(unit.connection, wanted)
    unit.delivers = True
    return wanted.uuid


def _enter(unit: "Unit", wanted: Delivery, most: int) -> bool:
    """False when it is there already. Beyond `most`, the youngest that waits stands for it too."""
    unit.delivers = True
    waiting, youngest = waiting_at(unit.connection, wanted)
    if waiting < most or wanted.status is DeliveryStatus.SENT:
        return add_delivery(unit.connection, replace(wanted, uuid=str(uuid4())))
    if is_known(unit.connection, wanted):
        return False
    stands_for_one_more(unit.connection, youngest)
    return True
