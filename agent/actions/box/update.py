"""Device_Update_software: fetches a signed package and hands it to root's helper, which installs it.

The update ends this very agent. What became of it the next one tells: see `agent.update.following`.
"""

import asyncio
import logging
import re
from base64 import b64decode
from collections.abc import Coroutine
from typing import Any, ClassVar, TypeVar

from agent.actions.files.transfer import LONGEST_ADDRESS
from agent.context import Context
from agent.errors import BadParameter
from agent.outcomes import Outcome
from agent.running import (
    MICROPHONE,
    ActionTraits,
    Failed,
    LeftOpen,
    Parameters,
    Result,
    SinkKind,
    Stopped,
    StopReason,
)
from agent.update.errors import UpdateUnderWay, WhileRecording
from agent.update.following import outcome_of
from agent.update.staging import FETCHED
from agent.update.updates import Wanted
from presets_store.protocol.statuses import EventStatus

logger = logging.getLogger(__name__)

T = TypeVar("T")

_VERSION = re.compile(r"[0-9][0-9A-Za-z.+:~-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SIGNATURE_BYTES = 64


class UpdateSoftware:
    """What can be known before the package is fetched is looked at first. After a kill meanwhile it is fetched anew."""

    traits: ClassVar = ActionTraits(immediate=True, resumable=True)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: `{"version", "previous"}`. Raises LeftOpen, Stopped, Failed, BadParameter, what is in the way."""
        wanted, updates = wanted_package(parameters), context.box.updates
        if updates.turn.locked():
            raise UpdateUnderWay
        async with updates.turn:
            now = await updates.judge(wanted)
            if now.version == wanted.version:
                return {"version": now.version, "previous": now.version, "note": "it was installed already"}
            _check_recordings(context, parameters)
            await asyncio.to_thread(updates.staging.clear)
            await _unless_stopped(context, _fetch(context, parameters, wanted))
            _check_recordings(context, parameters)
            logger.warning("version %s is installed because %s asks for it", wanted.version, context.name)
            await updates.ask(context.event.uuid, wanted)
        return _result(await _told(context))


def wanted_package(parameters: Parameters) -> Wanted:
    """Raises BadParameter."""
    version = parameters.get("version", "")
    sha256 = parameters.get("sHA256Hash", "").casefold()
    signature = parameters.get("signature", "")
    if _VERSION.fullmatch(version) is None:
        raise BadParameter(field="version", wrong=version, right="the version of a Debian package")
    if _SHA256.fullmatch(sha256) is None:
        raise BadParameter(field="sHA256Hash", wrong=sha256, right="the SHA-256 of the package, 64 hexadecimal digits")
    try:
        size = len(b64decode(signature, validate=True))
    except ValueError:
        size = 0
    if size != _SIGNATURE_BYTES:
        right = "what `cuelight package sign` tells, 64 bytes in Base64"
        raise BadParameter(field="signature", wrong=signature, right=right)
    if bool(parameters.get("sourceURL")) == bool(parameters.get("fileID")):
        raise BadParameter(field="fileID", wrong=parameters.get("fileID", 0), right="either a file or a sourceURL")
    return Wanted(version, sha256, signature)


def _check_recordings(context: Context, parameters: Parameters) -> None:
    """Raises WhileRecording."""
    if parameters.get("whileRecording", False):
        return
    sinks = [(camera.camera_id, SinkKind.RECORDING) for camera in context.cameras]
    for camera, kind in (*sinks, (MICROPHONE, SinkKind.SOUND)):
        running = context.running.on(camera, kind)
        if running is not None:
            raise WhileRecording(event=running.event_key)


async def _fetch(context: Context, parameters: Parameters, wanted: Wanted) -> None:
    address = parameters.get("sourceURL", "")
    if len(address) > LONGEST_ADDRESS:
        raise BadParameter(field="sourceURL", wrong=f"{address[:40]}...", right=f"at most {LONGEST_ADDRESS} characters")
    key = parameters.get("fileID", 0)
    await context.transfers.fetch_package(address, key, FETCHED, wanted.sha256, context.progress)


async def _unless_stopped(context: Context, work: Coroutine[Any, Any, T]) -> T:
    """Raises Stopped, and what the work does."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(context.stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise Stopped(stopping.result(), {"note": "nothing was installed"})
    finally:
        working.cancel()
        stopping.cancel()
        await asyncio.wait({working})
        if not working.cancelled():
            working.exception()  # told by now, or of no more interest


async def _told(context: Context) -> Outcome:
    """What the helper tells, which may stop this agent first. Raises LeftOpen, Stopped, UpdateNotTaken, UpdateLost."""
    staging = context.box.updates.staging
    try:
        return await _unless_stopped(context, outcome_of(staging, context.event.uuid, context.clock))
    except Stopped as stop:
        if stop.reason is StopReason.SHUTDOWN:
            raise LeftOpen from None
        if await asyncio.to_thread(staging.withdraw):
            raise
        note = {"note": "it was under way and cannot be called back", "endedBy": context.stop.by}
        raise Stopped(stop.reason, note) from None


def _result(outcome: Outcome) -> Result:
    """Raises Failed."""
    if outcome.status is EventStatus.COMPLETE:
        return outcome.result
    told = {name: value for name, value in outcome.result.items() if name not in ("code", "message")}
    raise Failed(outcome.result["code"], outcome.result["message"], told)
