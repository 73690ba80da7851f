"""What an event may ask of files: send one of this device to the upstream or to an address, fetch one."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from agent.errors import BadParameter
from agent.running import Result
from agent.upstream.answers import read
from agent.upstream.client import SignedClient
from agent.upstream.uploads.addresses import is_encrypted, is_local, is_safe, shown
from agent.upstream.uploads.errors import NoUpload, Unfetchable, UnknownFile
from agent.upstream.uploads.fetching import Fetcher, Wish, usable_name
from agent.upstream.uploads.reading import Source
from agent.upstream.uploads.sending import Sender
from agent.upstream.uploads.tickets import Ticket
from agent.upstream.uploads.worker import LOOK_EVERY, Uploads
from presets_store.clock import Clock
from presets_store.errors import CuelightError
from presets_store.protocol.clips import FileRecord
from presets_store.services.media.uploads import UploadsService
from presets_store.storage.media.uploads import Outgoing, is_sent

NO_UPSTREAM = "the settings name no upstream"

Report = Callable[[float], None]
"""Hears how far it is, in percent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """How an event names an item: by type and key as its sender knows them, `upstream` "" for this device itself, and
    by the path of its file.
    """

    upstream: str
    item_type: int
    key: int
    file: str


class Transfers:
    """`uploads` and `client`: those of the upstream; None without one, or where nothing may go there (`why_not`)."""

    def __init__(
        self,
        known: UploadsService,
        folder: Path,
        device_key: int,
        clock: Clock,
        sender: Sender,
        fetcher: Fetcher,
        packages: Fetcher,
        *,
        client: SignedClient | None,
        uploads: Uploads | None,
        why_not: str,
    ) -> None:
        self._known = known
        self._folder = folder
        self._device_key = device_key
        self._clock = clock
        self._sender = sender
        self._fetcher = fetcher
        self._packages = packages
        self._client = client
        self._why_not = why_not
        self.uploads = uploads

    async def run(self) -> NoReturn:
        """Until cancelled: sends what the upstream is to have."""
        if self.uploads is not None:
            await self.uploads.run()
        while True:
            await asyncio.Event().wait()

    async def close(self) -> None:
        """Ends what goes on."""
        if self.uploads is not None:
            await self.uploads.close()
        await self._sender.close()
        await self._fetcher.close()
        await self._packages.close()

    async def clear(self) -> int:
        """Gives up all uploads that wait; how many there were."""
        if self.uploads is None:
            return 0
        cleared = await self.uploads.clear()
        return cleared.requested + cleared.unsent

    async def upload(self, named: Named, report: Report) -> Result:
        """Has an item sent to the upstream before others; returns when that has confirmed it.

        Raises NoUpload, UnknownFile, FileUnsendable, GivenUp, UpstreamRefused. When it is cancelled the wish stays.
        """
        if self.uploads is None:
            raise NoUpload(reason=self._why_not)
        found = await self._found(named)
        told = {"file": found.file, "size": found.item.size, "sha256": found.item.sha256}
        if is_sent(found):
            return {**told, "note": "the upstream had it already"}
        ticket = Ticket(found.file, lambda part: report(100 * part))
        await self.uploads.ask_for(found, ticket)
        try:
            await self._until_sent(self.uploads, found, ticket)
        except CuelightError:
            await self.uploads.withdraw(found, ticket)
            raise
        finally:
            self.uploads.forget(found, ticket)
        return told

    async def withdraw(self, named: Named) -> None:
        """Nobody wants it any more. Raises UnknownFile."""
        if self.uploads is not None:
            await self.uploads.withdraw(await self._found(named))

    async def send_to(self, address: str, named: Named, report: Report) -> Result:
        """Sends a file of the media folder to an address that takes it without more ado.

        Raises BadParameter, UnknownFile, FileUnsendable, UpstreamUnreachable, UpstreamRefused.
        """
        if not is_safe(address):
            raise BadParameter(field="url", wrong=shown(address), right="https://..., or http:// on this device")
        source = await self._source(named)
        await self._sender.send(address, source, lambda part: report(100 * part), begun=False)
        return {"file": source.name, "size": source.size}

    async def fetch(self, address: str, name: str, report: Report) -> Result:
        """Fetches what is at an address, under `name` or that of the address. Raises BadParameter, Unfetchable."""
        _check_encrypted("url", address)
        return await self._fetched(Wish(address, name or unquote(Path(urlsplit(address).path).name)), report)

    async def fetch_file(self, key: int, name: str, report: Report) -> Result:
        """Fetches a file of the upstream. Raises NoUpload, BadParameter, Unfetchable, UpstreamUnreachable and such."""
        return await self._fetched(await self._wish_of(key, name), report)

    async def fetch_package(self, address: str, key: int, name: str, sha256: str, report: Report) -> None:
        """Fetches a software package, from an address, or "": a file of the upstream. Raises as the two above."""
        if address:
            _check_encrypted("sourceURL", address)
            wish = Wish(address, name)
        else:
            wish = await self._wish_of(key, name)
        await self._packages.fetch(replace(wish, sha256=sha256), lambda part: report(100 * part))

    async def _wish_of(self, key: int, name: str) -> Wish:
        if self._client is None:
            raise NoUpload(reason=NO_UPSTREAM)
        record = read(self._client, FileRecord, await self._client.request("GET", f"/v1/file/{key}"))
        address = record.file_location
        if not is_encrypted(address) and not (is_local(address) and is_local(self._client.url)):
            raise Unfetchable(url=f"file {key} of the upstream", reason="it says no https:// address for it")
        called = name or Path(record.filename.replace("\\", "/")).name
        return Wish(address, called, record.file_size, record.sha256_hash)

    async def _fetched(self, wish: Wish, report: Report) -> Result:
        if not usable_name(wish.name):
            raise BadParameter(
                field="localFilePath", wrong=wish.name, right="a file name without a path, to fetch it as"
            )
        found = await self._fetcher.fetch(wish, lambda part: report(100 * part))
        return {"file": found.file, "size": found.size, "sha256": found.sha256}

    async def _until_sent(self, uploads: Uploads, found: Outgoing, ticket: Ticket) -> None:
        """Raises what is in the way; UnknownFile when the file is removed meanwhile."""
        waiting = asyncio.ensure_future(ticket.wait())
        try:
            while not waiting.done():
                looking = asyncio.ensure_future(self._clock.sleep(LOOK_EVERY))
                await asyncio.wait({waiting, looking}, return_when=asyncio.FIRST_COMPLETED)
                looking.cancel()
                if not waiting.done() and not await uploads.has(found):
                    raise UnknownFile(what=f"file {found.file} any more")
            waiting.result()
        finally:
            waiting.cancel()

    async def _found(self, named: Named) -> Outgoing:
        found = await self._known.named(self._device_key, named.upstream, named.item_type, named.key, named.file)
        if found is None:
            what = f"file {named.file}" if named.file else f"item {named.key} of the type {named.item_type}"
            raise UnknownFile(what=what)
        return found

    async def _source(self, named: Named) -> Source:
        """An item's file, else another one of the media folder."""
        try:
            found = await self._found(named)
        except UnknownFile:
            path = await asyncio.to_thread(_within, self._folder, named.file)
            if path is None:
                raise
            return Source(path, named.file, (await asyncio.to_thread(path.stat)).st_size, "")
        return Source(self._folder / found.file, found.file, found.item.size, found.item.sha256)


def _check_encrypted(field: str, address: str) -> None:
    """Raises BadParameter."""
    if not is_encrypted(address):
        raise BadParameter(field=field, wrong=shown(address), right="https://...")


def _within(folder: Path, name: str) -> Path | None:
    """The file in the folder; what leads out of it is none of its files."""
    root = folder.resolve()
    path = (root / name).resolve()
    return path if name and path.is_relative_to(root) and path.is_file() else None
