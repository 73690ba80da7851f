"""Where users are told: kept sealed, shown redacted, tried out on request."""

import asyncio
import json
from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection

from presets_store.clock import Clock
from presets_store.delivery.children import Children
from presets_store.delivery.guard import AddressRules
from presets_store.delivery.outbox import enqueue_test
from presets_store.delivery.urls import URL_EXAMPLE, UrlUnusable, shown_url
from presets_store.local_zone import zone_named
from presets_store.protocol.errors import FieldProblem
from presets_store.protocol.scripts.channels import (
    ChannelPage,
    ChannelRecord,
    ChannelsQuery,
    ChannelTest,
    CreateChannel,
    UpdateChannel,
)
from presets_store.protocol.scripts.pages import page_frame
from presets_store.rules.permissions import PERMISSIONS, Permission, ScopeKind
from presets_store.rules.scripts.errors import BadScript
from presets_store.rules.scripts.quiet import QuietHours
from presets_store.services.caller import Caller
from presets_store.services.errors import NotFound
from presets_store.services.people.keys import refuse_to_keep
from presets_store.services.scripts.errors import ChannelMirrored, ChannelUnderTest, TooManyChannels
from presets_store.services.sealed.channels import ChannelSecrets
from presets_store.services.unit import Unit, Units
from presets_store.storage.people.users import get_user
from presets_store.storage.scripts.channels import (
    count_channels,
    delete_channel,
    get_channel,
    insert_channel,
    list_channels,
    update_channel,
)
from presets_store.storage.scripts.deliveries import find_delivery
from presets_store.storage.scripts.records import Channel, DeliveryStatus, ScriptStatus

MOST_CHANNELS: Final = 20
"""Of a user."""
TEST_SECONDS: Final = 75.0
"""How long a test may take until its outcome is told: as long as one before it and itself."""
_LOOK_SECONDS: Final = 0.25
_NOT_KEPT: Final = "An address was sent, of which nothing may be kept for a repeat: send no Idempotency-Key with it."


class ChannelsService:
    """A user's own channels, or for administrators of all devices those of everyone. To others they do not exist."""

    def __init__(self, units: Units, secrets: ChannelSecrets, clock: Clock) -> None:
        self._units = units
        self._secrets = secrets
        self._clock = clock
        self._looking = asyncio.Semaphore(1)

    async def create(self, caller: Caller, body: CreateChannel) -> ChannelRecord:
        """A new channel. Raises Forbidden, BadScript, TooManyChannels, InvalidInput for an idempotency key."""
        caller.principal.require(Permission.EDIT)
        refuse_to_keep(caller, _NOT_KEPT)
        user_key = _user_key(caller, body.user_id)
        quiet = await _quiet(body.quiet)
        shown = await self._look_at(body.url)

        def add(unit: Unit) -> ChannelRecord:
            user = get_user(unit.connection, user_key)
            if user is None:
                raise BadScript([FieldProblem("user_id", "is no user", "the id of one of GET /api/v1/scripts/users")])
            if count_channels(unit.connection, user_key) >= MOST_CHANNELS:
                raise TooManyChannels(limit=MOST_CHANNELS)
            new = Channel(
                uuid=str(uuid4()),
                user_key=user_key,
                user_name=user.name,
                name=body.name,
                sealed_url=self._secrets.sealed(body.url),
                shown=shown,
                device_may_send=body.device_may_send,
                quiet=quiet,
                status=ScriptStatus(body.status),
                created=unit.now,
                modified=unit.now,
                created_by=caller.name,
                modified_by=caller.name,
            )
            return channel_record(insert_channel(unit.connection, new))

        return await self._units.write(caller, add)

    async def get(self, caller: Caller, key: int) -> ChannelRecord:
        """Raises Forbidden, NotFound."""
        return await self._units.read(lambda connection: channel_record(_visible(connection, caller, key)))

    async def list(self, caller: Caller, query: ChannelsQuery, path: str) -> ChannelPage:
        """A page of those that the caller may see, oldest first; `path` is the list's address. Raises Forbidden."""
        caller.principal.require(Permission.READ)
        user_key = query.user_id if _sees_all(caller) else caller.principal.user_key
        offset = (query.page - 1) * query.per_page

        def find(connection: Connection) -> ChannelPage:
            found = [each for each in list_channels(connection, user_key) if query.user_id in (0, each.user_key)]
            page = [channel_record(each) for each in found[offset : offset + query.per_page]]
            return ChannelPage(data=page, **page_frame(path, query, len(page), len(found)))

        return await self._units.read(find)

    async def update(self, caller: Caller, key: int, body: UpdateChannel) -> ChannelRecord:
        """Changes what the body gives. Raises Forbidden, NotFound, BadScript, ChannelMirrored, InvalidInput."""
        caller.principal.require(Permission.EDIT)
        refuse_to_keep(caller, _NOT_KEPT)
        before = await self._units.read(lambda connection: _visible(connection, caller, key))
        given = await _changes(body)
        if body.url and body.url != before.shown:
            given |= {"shown": await self._look_at(body.url), "sealed_url": self._secrets.sealed(body.url)}

        def change(unit: Unit) -> ChannelRecord:
            there = _own(_visible(unit.connection, caller, key, locked=True))
            after = replace(there, **given, modified=unit.now, modified_by=caller.name)
            update_channel(unit.connection, there, after)
            return channel_record(after)

        return await self._units.write(caller, change)

    async def delete(self, caller: Caller, key: int) -> None:
        """What still waits there is told nobody. Raises Forbidden, NotFound, ChannelMirrored."""
        caller.principal.require(Permission.EDIT)

        def remove(unit: Unit) -> None:
            delete_channel(unit.connection, _own(_visible(unit.connection, caller, key, locked=True)).key)

        await self._units.write(caller, remove)

    async def test(self, caller: Caller, key: int) -> ChannelTest:
        """Sends a text to the channel, whatever its hours, and waits for what becomes of it.

        Raises Forbidden, NotFound, ChannelUnderTest.
        """
        caller.principal.require(Permission.EDIT)

        def enter(unit: Unit) -> str:
            uuid = enqueue_test(unit, _visible(unit.connection, caller, key, locked=True))
            if uuid is None:
                raise ChannelUnderTest(key=key)
            return uuid

        return await self._outcome(await self._units.write(caller, enter))

    async def _outcome(self, uuid: str) -> ChannelTest:
        until = self._clock.monotonic() + TEST_SECONDS
        while self._clock.monotonic() < until:
            found = await self._units.read(lambda connection: find_delivery(connection, uuid))
            if found is None or found.status is DeliveryStatus.FAILED:
                return ChannelTest(outcome="failed", reason=found.result if found else "the delivery is gone")
            if found.status is DeliveryStatus.SENT:
                return ChannelTest(outcome="sent")
            await self._clock.sleep(_LOOK_SECONDS)
        return ChannelTest(outcome="waiting", reason=f"it was not sent within {TEST_SECONDS:g} s")

    async def _look_at(self, url: str) -> str:
        """How the URL is shown. Raises BadScript for one that no service understands; nobody is asked."""
        try:
            shown = shown_url(url)
        except UrlUnusable as error:
            raise BadScript([FieldProblem("url", str(error.fields["problem"]), URL_EXAMPLE)]) from error
        async with self._looking:
            children = Children(AddressRules(), idle=0)
            try:
                outcome = await children.look(url)
            finally:
                await children.close()
        if not outcome.sent:
            raise BadScript([FieldProblem("url", outcome.reason, URL_EXAMPLE)])
        return shown


def channel_record(channel: Channel) -> ChannelRecord:
    """Without its address."""
    return ChannelRecord(
        id=channel.key,
        user_id=channel.user_key,
        user_name=channel.user_name,
        name=channel.name,
        url=channel.shown,
        device_may_send=channel.device_may_send,
        quiet=json.loads(channel.quiet) if channel.quiet else None,
        status=channel.status.value,
        created_at=channel.created,
        updated_at=channel.modified,
    )


async def _changes(body: UpdateChannel) -> dict[str, Any]:
    """What the body gives, but its URL. Raises BadScript."""
    given: dict[str, Any] = {"name": body.name, "device_may_send": body.device_may_send}
    if body.status is not None:
        given["status"] = ScriptStatus(body.status)
    if body.quiet is not None:
        given["quiet"] = await _quiet(body.quiet)
    return {name: value for name, value in given.items() if value is not None}


def _sees_all(caller: Caller) -> bool:
    who = caller.principal
    return who.scope is ScopeKind.ALL and Permission.ADMINISTER in PERMISSIONS[who.role]


def _user_key(caller: Caller, wanted: int) -> int:
    """Whose the new channel is. Raises Forbidden, BadScript."""
    own = caller.principal.user_key
    if wanted not in (0, own):
        caller.principal.require_everywhere(Permission.ADMINISTER)
    if not (wanted or own):
        raise BadScript([FieldProblem("user_id", "is missing", "the id of the user whom the channel tells")])
    return wanted or own


def _visible(connection: Connection, caller: Caller, key: int, *, locked: bool = False) -> Channel:
    caller.principal.require(Permission.READ)
    found = get_channel(connection, key, locked=locked)
    if found is None or not (_sees_all(caller) or (not found.upstream and found.user_key == caller.principal.user_key)):
        raise NotFound(what="channel", name=key)
    return found


def _own(channel: Channel) -> Channel:
    if channel.upstream:
        raise ChannelMirrored(key=channel.key)
    return channel


async def _quiet(value: Any) -> str:
    """As it is stored. Raises BadScript."""
    quiet = QuietHours.read(value)
    if quiet.zone and await asyncio.to_thread(zone_named, quiet.zone) is None:
        raise BadScript([FieldProblem("quiet.zone", "is not known here", "the name of a time zone: Europe/Berlin")])
    return quiet.to_json()
