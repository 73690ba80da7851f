"""The scripts of the upstream, kept here: fetched when they are others, and sealed for the day the database is lost."""

import asyncio
import hashlib
import json
import logging
import zlib
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, NoReturn

from agent.errors import UpstreamRefused, UpstreamUnreachable
from agent.startup.sealed import SealedState
from agent.upstream.answers import read
from agent.upstream.backoff import wait_after
from agent.upstream.client import Answer, SignedClient
from agent.upstream.linkstate import LinkWatch
from agent.upstream.own_record import own_record
from agent.upstream.peer import NO_SUCH_ROUTE, Peer
from presets_store.errors import CuelightError
from presets_store.protocol.cameras import CameraRecord
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.scripts.mirroring import MOST_CAMERAS, DeclaredCamera, DeviceScripts
from presets_store.rules.startup import LinkState
from presets_store.services import Services
from presets_store.services.caller import INSIDE
from presets_store.services.scripts.mirrored import Kept
from presets_store.storage import DatabaseDamaged

logger = logging.getLogger(__name__)

UNWANTED_FOR = 3600.0
"""Seconds until an upstream that has no such routes is asked again."""
NOT_FOR_US = NO_SUCH_ROUTE | {HTTPStatus.FORBIDDEN}

SEALED = "scripts.mirror"
"""The sealed entry with the newest answer."""
_LONGEST_COPY = 8 * 1024 * 1024


class Mirror:
    """`run` is a system task of an agent with an upstream. `ask_every` in seconds."""

    def __init__(
        self,
        services: Services,
        client: SignedClient,
        peer: Peer,
        link: LinkWatch,
        sealed: SealedState,
        ask_every: float,
    ) -> None:
        self._mirrored = services.scripts.mirrored
        self._cameras = services.cameras
        self._own = services.own_device
        self._client = client
        self._peer = peer
        self._link = link
        self._sealed = sealed
        self._ask_every = ask_every
        self._version = ""
        self._known: tuple[float, int] | None = None
        self._told: tuple[float, object] | None = None
        self._failures = 0

    async def run(self) -> NoReturn:
        """Until cancelled."""
        await self._restore()
        while True:
            known = self._link.resumptions
            wait = self._ask_every
            if self._link.now.state is LinkState.REACHED:
                wait = await self._round()
            await self._link.pause(wait, known)

    async def _round(self) -> float:
        """Asks once; seconds until the next time."""
        try:
            if not await self._peer.ours():
                return UNWANTED_FOR
            await self.ask()
        except DatabaseDamaged:
            raise
        except CuelightError as error:
            return self._failed(error)
        self._failures = 0
        return self._ask_every

    async def ask(self) -> None:
        """Tells the upstream of the cameras here, and makes the store hold the scripts that it has for this device.

        Raises what the upstream and the store raise.
        """
        key = await self._key_there()
        cameras = await self._cameras.of_device(INSIDE, self._own.key)
        await self._tell_cameras(key, cameras)
        known = {"If-None-Match": self._version} if self._version else {}
        answer = await self._client.request("GET", f"/v1/device/{key}/scripts", headers=known)
        if answer.status != HTTPStatus.NOT_MODIFIED:
            await self._take(answer, cameras)

    async def _key_there(self) -> int:
        """The device's key at the upstream, asked for once for each link, and after a refusal."""
        since = self._link.now.since
        if self._known is None or self._known[0] != since:
            self._known = (since, (await own_record(self._client, self._own.serial_number)).key)
        return self._known[1]

    async def _take(self, answer: Answer, cameras: Sequence[CameraRecord]) -> None:
        given, packed = await asyncio.to_thread(self._unpacked, answer)
        await self._apply(answer.version, given, cameras)
        logger.info("the upstream's scripts for this device: %d, with %d analytic cases", len(given.scripts),
                    len(given.cases))  # fmt: skip
        try:
            await self._sealed.keep({SEALED: packed})
        except CuelightError as error:
            logger.error("the scripts of the upstream are not kept for a lost database: %s", error)

    def _unpacked(self, answer: Answer) -> tuple[DeviceScripts, bytes]:
        """What was answered, and the copy of it to be sealed. It may be long: not for the event loop."""
        return read(self._client, DeviceScripts, answer), _packed(self._client.url, answer)

    async def _apply(self, version: str, given: DeviceScripts, cameras: Sequence[CameraRecord]) -> None:
        there = f"{version} {_fingerprint(cameras)}"
        await self._mirrored.apply(Kept(self._client.url, there), given, self._own.key)
        self._version = version

    async def _restore(self) -> None:
        """At the start: what was kept before counts until the upstream says otherwise; of another one nothing does."""
        try:
            await self._mirrored.forget_others(self._client.url)
            cameras = await self._cameras.of_device(INSIDE, self._own.key)
            kept = await self._mirrored.kept()
            version, _, here = kept.version.rpartition(" ")
            if kept.upstream == self._client.url and here == _fingerprint(cameras):
                self._version = version
            elif (copy := await asyncio.to_thread(self._copy)) is not None:
                await self._apply(*copy, cameras)
                logger.info("the scripts of the upstream are there again, from the sealed copy")
        except DatabaseDamaged:
            raise
        except CuelightError as error:
            logger.error("the scripts of the upstream wait for it: %s", error, extra={"code": error.code})

    def _copy(self) -> tuple[str, DeviceScripts] | None:
        """The sealed copy and its version; None without one of this upstream."""
        packed = self._sealed.value(SEALED)
        if packed is None:
            return None
        try:
            document = json.loads(zlib.decompressobj().decompress(packed, _LONGEST_COPY))
            if document["upstream"] != self._client.url:
                return None
            return str(document["version"]), parse_body(DeviceScripts, document["body"])
        except (zlib.error, ValueError, KeyError, TypeError, CuelightError) as error:
            logger.error("the sealed copy of the upstream's scripts cannot be read: %s", error)
            return None

    async def _tell_cameras(self, key: int, cameras: Sequence[CameraRecord]) -> None:
        """Once for each link, and when they are others."""
        body = [
            DeclaredCamera(
                camera_index=camera.camera_index, camera_id=camera.camera_id, name=camera.name, backend=camera.backend
            ).dump()
            for camera in cameras[:MOST_CAMERAS]
        ]
        told = (self._link.now.since, body)
        if told != self._told:
            await self._client.request("POST", f"/v1/device/{key}/cameras", body)
            self._told = told

    def _failed(self, error: CuelightError) -> float:
        self._failures += 1
        if isinstance(error, UpstreamRefused):
            self._known = None
        unwanted = isinstance(error, UpstreamRefused) and not error.pause and error.fields["status"] in NOT_FOR_US
        quiet = unwanted or isinstance(error, UpstreamUnreachable) or self._failures > 1
        logger.log(
            logging.DEBUG if quiet else logging.WARNING,
            "the scripts of the upstream are not known now: %s",
            error,
            extra={"code": error.code},
        )
        return UNWANTED_FOR if unwanted else max(self._ask_every, wait_after(error, self._failures))


def _fingerprint(cameras: Sequence[CameraRecord]) -> str:
    """Of the cameras as rows here: what was put here for others is not right any more."""
    rows = sorted((camera.camera_id, camera.key) for camera in cameras)
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]


def _packed(url: str, answer: Answer) -> bytes:
    document: dict[str, Any] = {"upstream": url, "version": answer.version, "body": answer.json()}
    return zlib.compress(json.dumps(document, separators=(",", ":"), sort_keys=True).encode())
