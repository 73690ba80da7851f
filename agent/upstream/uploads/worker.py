"""Sends files to the upstream, one at a time: the item is announced, its file announced and sent, both joined."""

import logging
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import NoReturn

from agent.errors import UpstreamRefused, UpstreamUnreachable
from agent.upstream.answers import read, read_list
from agent.upstream.backoff import wait_after
from agent.upstream.client import SignedClient
from agent.upstream.linkstate import LinkWatch
from agent.upstream.own_record import own_record
from agent.upstream.uploads.errors import FileUnsendable, GivenUp
from agent.upstream.uploads.kinds import TOLD, announced_at, announcement, joining
from agent.upstream.uploads.policy import Held, UploadPolicy
from agent.upstream.uploads.reading import Source
from agent.upstream.uploads.sending import OVER, Sender
from agent.upstream.uploads.tickets import Audience, Ticket, Tickets
from presets_store.clock import Clock
from presets_store.errors import CuelightError
from presets_store.protocol.clips import FileRecord
from presets_store.protocol.item_types import ItemType
from presets_store.rules.startup import LinkState
from presets_store.services.media.uploads import Cleared, UploadsService
from presets_store.services.wakeups import Signal, signalled
from presets_store.storage.errors import DatabaseDamaged
from presets_store.storage.media.records import Upload
from presets_store.storage.media.uploads import ITEM_TABLES, ItemTable, Outgoing, Wanted

logger = logging.getLogger(__name__)

LOOK_EVERY = 60.0
ASKED_AGAIN_AFTER = 600.0
"""Seconds for which the device's record at the upstream is known."""
PUT_OFF_SECONDS = 3600.0
"""Until a file that the upstream would not have is tried again by itself; others go on."""
MOST_PUT_OFF = 200
"""With more refusals than these only what somebody asks for is tried."""
ABOUT_THE_FILE = frozenset({400, 403, 404, 409, 413, 422, 501})
NOT_THESE_BYTES = frozenset({400, 409, 413, 422})
"""Refusals of the bytes, or of what was announced of them: both are done anew the next time."""
NOT_IN_STEP = frozenset({"upload_offset_differs", "upload_superseded"})
"""Another try, of which only a late word may have come, left the file there further on, or ended this one."""
TOLD_AT_ONCE = 100
NONE_IS_TAKEN = 3
"""Refusals in a row, from the first on, that are not about one of the files."""


class Uploads:
    """One upstream. `folder` is the media folder. `held`: why nothing is sent that nobody asked for."""

    def __init__(
        self,
        uploads: UploadsService,
        client: SignedClient,
        sender: Sender,
        policy: UploadPolicy,
        link: LinkWatch,
        clock: Clock,
        device_key: int,
        serial: str,
        folder: Path,
    ) -> None:
        self._uploads = uploads
        self._client = client
        self._sender = sender
        self._policy = policy
        self._link = link
        self._clock = clock
        self._device_key = device_key
        self._serial = serial
        self._folder = folder
        self._wake = Signal()
        self._put_off: dict[tuple[int, int], float] = {}
        self._told_to: dict[ItemType, int] = {}
        self._all = False
        self._asked = float("-inf")
        self._failures = 0
        self.tickets = Tickets()
        self.held = Held.NOT

    def wake(self) -> None:
        """There is something new to send."""
        self._wake.set()

    async def close(self) -> None:
        """Ends what is being sent."""
        await self._sender.close()

    async def run(self) -> NoReturn:
        """Until cancelled. What was sent, or half sent, is known after a restart."""
        while True:
            self._wake.clear()
            known = self._link.resumptions
            try:
                again = await self._round()
                self._failures = 0
            except DatabaseDamaged:
                raise
            except CuelightError as error:
                await self._failed(error, known)
                continue
            if not again:
                await signalled(self._wake, self._clock, LOOK_EVERY)

    async def ask_for(self, outgoing: Outgoing, ticket: Ticket) -> None:
        """Has it sent before all that nobody asked for; `ticket` hears of it."""
        self.tickets.add(_place(outgoing), ticket)
        await self._uploads.request(outgoing, self._client.url)
        self._put_off.pop(_place(outgoing), None)
        self.wake()

    def forget(self, outgoing: Outgoing, ticket: Ticket) -> None:
        """`ticket` waits no more; what was asked for is sent all the same."""
        self.tickets.remove(_place(outgoing), ticket)

    async def withdraw(self, outgoing: Outgoing, ticket: Ticket | None = None) -> None:
        """It is not asked for any more, unless somebody else waits for it. `ticket`: of who waited."""
        if self.tickets.remove(_place(outgoing), ticket):
            await self._uploads.request(outgoing, self._client.url, wanted=False)

    async def has(self, outgoing: Outgoing) -> bool:
        """Whether its file is still here."""
        return await self._uploads.is_here(outgoing)

    async def clear(self) -> Cleared:
        """Gives up all that waits. What is recorded from now on is sent again, and so is what somebody asks for."""
        mine = Wanted(
            device_key=self._device_key,
            upstream=self._client.url,
            own=not self._policy.on_request,
            all=self._all,
            since=await self._uploads.cleared(),
        )
        cleared = await self._uploads.clear(mine)
        for ticket in self.tickets.all():
            ticket.fail(GivenUp(file=ticket.file))
        return cleared

    async def _round(self) -> bool:
        """One step; whether another may follow at once. Raises UpstreamUnreachable and the like."""
        if self._link.now.state is not LinkState.REACHED:
            await self._link.pause(LOOK_EVERY, self._link.resumptions)
            return True
        if not self._policy.on_request and not await self._anything():
            return False  # so nobody need ask what the network costs
        self._note_held(await self._policy.held())
        told = await self._tell() if self._policy.on_request else False
        outgoing = await self._next()
        if outgoing is None:
            return told
        await self._send_or_put_off(outgoing)
        return True

    async def _anything(self) -> bool:
        """Whether something was not sent, whatever holds it up."""
        wanted = replace(await self._wanted(all_items=True), own=True, all=True)
        return bool(await self._uploads.waiting(wanted, limit=1))

    def _note_held(self, held: Held) -> None:
        if held is not self.held and Held.POLICY not in (held, self.held):
            logger.info("uploads wait: %s", held) if held else logger.info("uploads go on")
        self.held = held

    async def _send_or_put_off(self, outgoing: Outgoing) -> None:
        audience = self.tickets.of(_place(outgoing))
        try:
            await self._send(outgoing, audience)
        except (UpstreamRefused, FileUnsendable) as error:
            if isinstance(error, UpstreamRefused) and (error.pause or error.fields["status"] not in ABOUT_THE_FILE):
                raise
            logger.error("a file is sent later: %s", error, extra={"file": outgoing.file, "code": error.code})
            self._put_off[_place(outgoing)] = self._clock.monotonic() + PUT_OFF_SECONDS
            audience.fail(error)
        else:
            logger.info("the upstream has %s", outgoing.file, extra={"file": outgoing.file})
            audience.done()

    async def _next(self) -> Outgoing | None:
        """The first that the upstream is to have now; what is no event of its own only if it wants all."""
        fresh = self._clock.monotonic() - self._asked < ASKED_AGAIN_AFTER
        first = await self._first(all_items=self._all and fresh)
        if first is None and not self.held:
            first = await self._first(all_items=True)
            return first if first is not None and await self._all_wanted() else None
        return first

    async def _first(self, *, all_items: bool) -> Outgoing | None:
        now = self._clock.monotonic()
        self._put_off = {place: until for place, until in self._put_off.items() if now < until}
        waiting = await self._uploads.waiting(await self._wanted(all_items), limit=1, but=self._put_off)
        return waiting[0] if waiting else None

    async def _wanted(self, all_items: bool) -> Wanted:
        free = not self.held and len(self._put_off) < MOST_PUT_OFF
        return Wanted(
            device_key=self._device_key,
            upstream=self._client.url,
            own=free,
            all=all_items and free,
            since=await self._uploads.cleared(),
        )

    async def _all_wanted(self) -> bool:
        """Whether the device's record there has `autoSendFiles`. An upstream that does not say, wants no more."""
        if self._clock.monotonic() - self._asked >= ASKED_AGAIN_AFTER:
            try:
                self._all = bool((await own_record(self._client, self._serial)).auto_send_files)
            except UpstreamRefused as refused:
                if refused.pause:
                    raise
                logger.warning("the upstream does not say whether it wants all files: %s", refused)
                self._all = False
            self._asked = self._clock.monotonic()
        return self._all

    async def _tell(self) -> bool:
        """Tells of items that the upstream does not know yet, so that it can ask for them; whether there were any."""
        for kind in ITEM_TABLES:
            after = self._told_to.get(kind.item_type, 0)
            wanted = await self._wanted(all_items=True)
            untold = await self._uploads.untold(kind, wanted, after=after, limit=TOLD_AT_ONCE)
            if untold:
                await self._tell_all(kind, untold)
                self._told_to[kind.item_type] = untold[-1].item.key
                return True
        return False

    async def _tell_all(self, kind: ItemTable, untold: list[Outgoing]) -> None:
        path = announced_at(kind.item_type, self._serial, many=True)
        try:
            answer = await self._client.request("POST", path, [announcement(each) for each in untold])
        except UpstreamRefused as refused:
            if refused.pause or refused.fields["status"] not in ABOUT_THE_FILE:
                raise
            await self._tell_each(untold)
            return
        records = read_list(self._client, TOLD[kind.item_type].record, answer)
        if len(records) != len(untold):
            raise UpstreamUnreachable(url=self._client.shown_url, reason="it answers not what it was told")
        known = [await self._uploads.known(each, self._client.url) for each in untold]
        pairs = zip(known, records, strict=True)
        await self._uploads.note(*(replace(upload, remote_item_id=self._key(record.key)) for upload, record in pairs))

    async def _tell_each(self, untold: list[Outgoing]) -> None:
        """One by one, where not all are taken together. Raises UpstreamRefused when none of the first is taken."""
        refusals = 0
        for number, each in enumerate(untold, 1):
            upload = await self._uploads.known(each, self._client.url)
            try:
                await self._note(replace(upload, remote_item_id=await self._announce(each)))
            except UpstreamRefused as refused:
                refusals += 1
                if refused.pause or refusals == number == NONE_IS_TAKEN:
                    raise
                logger.error("the upstream is not told of a file: %s", refused, extra={"file": each.file})

    async def _send(self, outgoing: Outgoing, audience: Audience) -> None:
        """What was not done before, step by step, each noted when it is done."""
        upload = await self._uploads.known(outgoing, self._client.url)
        if not upload.remote_item_id:
            upload = await self._note(replace(upload, remote_item_id=await self._announce(outgoing)))
        begun = bool(upload.file_location)
        if begun:
            upload = await self._send_bytes(outgoing, upload, audience, begun=True)
        if not upload.remote_file_id:
            upload = await self._note(await self._announce_file(outgoing, upload))
            upload = await self._send_bytes(outgoing, upload, audience, begun=False)
        await self._join(outgoing, upload)
        await self._uploads.sent(outgoing)

    async def _join(self, outgoing: Outgoing, upload: Upload) -> None:
        """The item there gets its file, and can be fetched. One that is there no more is announced anew next time."""
        path = f"{TOLD[outgoing.kind.item_type].path}/{upload.remote_item_id}"
        try:
            await self._client.request("PATCH", path, joining(outgoing, upload.remote_file_id))
        except UpstreamRefused as refused:
            if refused.fields["status"] == HTTPStatus.NOT_FOUND:
                await self._note(replace(upload, remote_item_id=0, remote_file_id=0))
            raise

    async def _announce(self, outgoing: Outgoing) -> int:
        """The item's key there. A repeat is answered with the same one."""
        kind = outgoing.kind.item_type
        answer = await self._client.request("POST", announced_at(kind, self._serial), announcement(outgoing))
        return self._key(read(self._client, TOLD[kind].record, answer).key)

    async def _announce_file(self, outgoing: Outgoing, upload: Upload) -> Upload:
        source = self._source(outgoing)
        named = {"deviceName": self._serial, "deviceSerial": self._serial}
        body = {**named, "filename": source.path.name, "fileSize": source.size, "sHA256Hash": source.sha256}
        file = read(self._client, FileRecord, await self._client.request("POST", "/v1/file", body))
        if not file.file_location:
            raise UpstreamUnreachable(url=self._client.shown_url, reason="it does not say where a file is to be sent")
        return replace(upload, remote_file_id=self._key(file.key), file_location=file.file_location)

    async def _send_bytes(self, outgoing: Outgoing, upload: Upload, audience: Audience, *, begun: bool) -> Upload:
        """The upload with its file there; without one when the address of an earlier try is over."""
        anew = replace(upload, remote_file_id=0, file_location="")
        try:
            await self._sender.send(upload.file_location, self._source(outgoing), audience.progress, begun=begun)
            path, body = f"/v1/file/success/{upload.remote_file_id}", {"deviceSerial": self._serial}
            await self._client.request("POST", path, body)
        except UpstreamRefused as refused:
            status, problem = int(str(refused.fields["status"])), refused.fields.get("problem")
            if problem in NOT_IN_STEP:
                raise UpstreamUnreachable(url=self._client.shown_url, reason=refused.message) from refused
            if begun and status in OVER:
                return await self._note(anew)
            if status in NOT_THESE_BYTES | OVER:
                await self._note(anew)
            raise
        return await self._note(replace(upload, file_location=""))

    async def _note(self, upload: Upload) -> Upload:
        await self._uploads.note(upload)
        return upload

    def _source(self, outgoing: Outgoing) -> Source:
        item = outgoing.item
        return Source(self._folder / outgoing.file, outgoing.file, item.size, item.sha256)

    def _key(self, key: int) -> int:
        if key <= 0:
            raise UpstreamUnreachable(url=self._client.shown_url, reason="its answer has no key")
        return key

    async def _failed(self, error: CuelightError, known: int) -> None:
        self._failures += 1
        level = logging.WARNING if self._failures == 1 else logging.DEBUG
        logger.log(level, "files wait to be sent: %s", error, extra={"code": error.code})
        await self._link.pause(wait_after(error, self._failures), known)


def _place(outgoing: Outgoing) -> tuple[int, int]:
    return outgoing.kind.item_type, outgoing.item.key
