"""Sends recordings to the upstream, one at a time: the clip is announced, its file announced and sent, both joined."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote, urlsplit

import aiohttp
from yarl import URL

from agent.errors import ClipUnsendable, UpstreamRefused, UpstreamUnreachable
from agent.upstream.answers import read
from agent.upstream.backoff import spread_delay
from agent.upstream.client import CONNECT_TIMEOUT, SignedClient
from presets_store.clock import Clock
from presets_store.errors import CuelightError
from presets_store.process.settings import LOOPBACK
from presets_store.protocol.clips import FileRecord, VideoClipRecord
from presets_store.protocol.devices import DeviceRecord
from presets_store.protocol.statuses import MediaStatus
from presets_store.services.media.uploads import UploadsService
from presets_store.services.media.wire import video_clip_record
from presets_store.services.wakeups import Wakeups, signalled
from presets_store.storage.media.records import Upload
from presets_store.storage.records import Clip

logger = logging.getLogger(__name__)

LOOK_EVERY = 60.0
ASKED_AGAIN_AFTER = 600.0
"""Seconds for which the device's record at the upstream is known."""
PUT_OFF_SECONDS = 3600.0
"""Until a clip that the upstream would not have is tried again; others go on."""
ABOUT_THE_CLIP = frozenset({400, 403, 404, 409, 413, 422, 501})
AT_ONCE = 8
"""Clips looked at beyond those that are put off."""
PIECE = 256 * 1024
SILENT_SECONDS = 60.0
"""How long the receiver of a file may say nothing."""


class Uploads:
    """One upstream. `folder` is that of the recordings."""

    def __init__(
        self,
        uploads: UploadsService,
        client: SignedClient,
        clock: Clock,
        wakeups: Wakeups,
        device_key: int,
        serial: str,
        folder: Path,
    ) -> None:
        self._uploads = uploads
        self._client = client
        self._clock = clock
        self._wakeups = wakeups
        self._device_key = device_key
        self._serial = serial
        self._folder = folder
        self._put_off: dict[int, float] = {}
        self._all = False
        self._asked = float("-inf")
        self._failures = 0
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT, sock_read=SILENT_SECONDS)
        )

    async def close(self) -> None:
        """Ends what is being sent."""
        await self._session.close()

    async def run(self) -> NoReturn:
        """Until cancelled. What was sent, or half sent, is known after a restart."""
        with self._wakeups.listening(self._device_key) as signal:
            while True:
                signal.clear()
                try:
                    again = await self._send_next()
                    self._failures = 0
                except CuelightError as error:
                    await self._failed(error)
                    continue
                if not again:
                    await signalled(signal, self._clock, LOOK_EVERY)

    async def _send_next(self) -> bool:
        """Sends a clip, or puts it off; whether there was one. Raises UpstreamUnreachable and the like."""
        clip = await self._next()
        if clip is None:
            return False
        try:
            await self._send(clip)
        except (UpstreamRefused, ClipUnsendable) as error:
            if isinstance(error, UpstreamRefused) and error.fields["status"] not in ABOUT_THE_CLIP:
                raise
            logger.error("a clip is sent later: %s", error, extra={"clip": clip.uuid, "code": error.code})
            self._put_off[clip.key] = self._clock.monotonic() + PUT_OFF_SECONDS
        else:
            logger.info("the upstream has clip %s", clip.file, extra={"clip": clip.uuid})
        return True

    async def _next(self) -> Clip | None:
        """The oldest clip that the upstream is to have now: of its own events, then of others if it wants all."""
        mine = await self._due(all_clips=False)
        if mine is not None:
            return mine
        other = await self._due(all_clips=True)
        return other if other is not None and await self._all_wanted() else None

    async def _due(self, *, all_clips: bool) -> Clip | None:
        now = self._clock.monotonic()
        self._put_off = {key: until for key, until in self._put_off.items() if now < until}
        limit = AT_ONCE + len(self._put_off)
        waiting = await self._uploads.waiting(self._device_key, self._client.url, all_clips=all_clips, limit=limit)
        return next((clip for clip in waiting if clip.key not in self._put_off), None)

    async def _all_wanted(self) -> bool:
        """Whether the device's record there has `autoSendFiles`. An upstream that does not say, wants no more."""
        if self._clock.monotonic() - self._asked >= ASKED_AGAIN_AFTER:
            try:
                answer = await self._client.request("POST", "/v1/device/name", {"deviceName": self._serial})
                self._all = bool(read(self._client, DeviceRecord, answer).auto_send_files)
            except UpstreamRefused as refused:
                logger.warning("the upstream does not say whether it wants all clips: %s", refused)
                self._all = False
            self._asked = self._clock.monotonic()
        return self._all

    async def _send(self, clip: Clip) -> None:
        """What was not done before, step by step, each noted when it is done."""
        upload = await self._uploads.known(clip.key, self._client.url)
        if not upload.remote_item_id:
            upload = replace(upload, remote_item_id=await self._announce(clip))
            await self._uploads.note(upload)
        if not upload.remote_file_id:
            upload = replace(upload, remote_file_id=await self._send_file(clip))
            await self._uploads.note(upload)
        await self._join(upload)
        await self._uploads.sent(clip.key)

    async def _announce(self, clip: Clip) -> int:
        """The clip's key there. A repeat is answered with the same one."""
        absent = dict.fromkeys(("key", "device_id", "file_id", "ts_file_id", "tag_list_id", "creation_date"), 0)
        told = video_clip_record(clip).model_copy(update={**absent, "video_clip_status": int(MediaStatus.ANNOUNCED)})
        path = URL(f"/v1/videoclip/{quote(self._serial.replace(' ', ''))}").raw_path
        answer = await self._client.request("POST", path, told.dump())
        return _key(self._client, read(self._client, VideoClipRecord, answer).key)

    async def _send_file(self, clip: Clip) -> int:
        """The file's key there, when all of it is there."""
        path = self._folder / clip.file
        await _require_whole(path, clip)
        named = {"deviceName": self._serial, "deviceSerial": self._serial}
        body = {**named, "filename": path.name, "fileSize": clip.size, "sHA256Hash": clip.sha256}
        file = read(self._client, FileRecord, await self._client.request("POST", "/v1/file", body))
        key = _key(self._client, file.key)
        await self._put(file.file_location, path, clip)
        await self._client.request("POST", f"/v1/file/success/{key}", {"deviceSerial": self._serial})
        return key

    async def _put(self, address: str, path: Path, clip: Clip) -> None:
        """The bytes, to an address that needs no signature of ours. Raises UpstreamUnreachable, UpstreamRefused."""
        shown = _shown(address)
        if not _safe(address):
            reason = f"it wants a file sent to {shown}, without TLS"
            raise UpstreamUnreachable(url=self._client.shown_url, reason=reason)
        try:
            async with self._session.put(
                URL(address, encoded=True),
                data=_pieces(path),
                headers={"Content-Length": str(clip.size)},
                skip_auto_headers=("Content-Type",),
                allow_redirects=False,
            ) as response:
                text = (await response.content.read(300)).decode("utf-8", "replace")
        except (TimeoutError, aiohttp.ClientError, ValueError) as error:
            raise UpstreamUnreachable(url=shown, reason=str(error) or type(error).__name__) from error
        except OSError as error:
            raise ClipUnsendable(file=clip.file, reason=os.strerror(error.errno or 0)) from error
        if response.status != 200:
            raise UpstreamRefused(url=shown, status=response.status, text=text)

    async def _join(self, upload: Upload) -> None:
        """The clip there gets its file, and then says that it can be fetched."""
        changes = {"FileID": upload.remote_file_id, "VideoClipStatus": int(MediaStatus.FILE_AVAILABLE)}
        body = [{"operation": "", "fieldName": name, "value": str(value)} for name, value in changes.items()]
        await self._client.request("PATCH", f"/v1/videoclip/{upload.remote_item_id}", body)

    async def _failed(self, error: CuelightError) -> None:
        self._failures += 1
        level = logging.WARNING if self._failures == 1 else logging.DEBUG
        logger.log(level, "clips wait to be sent: %s", error, extra={"code": error.code})
        await self._clock.sleep(spread_delay(self._failures))


def _key(client: SignedClient, key: int) -> int:
    if key <= 0:
        raise UpstreamUnreachable(url=client.shown_url, reason="its answer has no key")
    return key


async def _require_whole(path: Path, clip: Clip) -> None:
    """Raises ClipUnsendable for a file that is gone, or is not what was recorded."""
    try:
        size = (await asyncio.to_thread(path.stat)).st_size
    except OSError as error:
        raise ClipUnsendable(file=clip.file, reason=os.strerror(error.errno or 0)) from error
    if size != clip.size:
        raise ClipUnsendable(file=clip.file, reason=f"it has {size} bytes; {clip.size} were recorded")


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
    finally:
        await asyncio.to_thread(file.close)


def _safe(address: str) -> bool:
    """Over TLS, or within this machine."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def _shown(address: str) -> str:
    """An address without what gives access."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "an address that is none"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
