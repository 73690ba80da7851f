"""Transfer_Transfer_file: sends a file of this device, or fetches one."""

import asyncio
import contextlib
from typing import ClassVar

from agent.context import Context
from agent.errors import BadParameter
from agent.running import ActionTraits, Parameters, Result, Stopped, StopReason
from agent.upstream.uploads.errors import TransferTooLong, UnknownFile
from agent.upstream.uploads.transfers import Named

UPLOAD = "upload"
DOWNLOAD = "download"
LONGEST_ADDRESS = 4096


class TransferFile:
    """Parameters: `action` (`upload`, `download`) and what `docs/uploads.md` says of each.

    It waits for the one worker that sends files, so it takes no place of what films.
    """

    traits: ClassVar = ActionTraits(resumable=True, immediate=True)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: `{"action", "file", "size"}`, and `sha256` where it is known. Raises Stopped, what is in the way."""
        action = parameters.get("action", "").strip().casefold()
        if action not in (UPLOAD, DOWNLOAD):
            raise BadParameter(field="action", wrong=parameters.get("action", ""), right=f"{UPLOAD} or {DOWNLOAD}")
        working = asyncio.ensure_future(_transfer(context, action, parameters))
        stopping = asyncio.ensure_future(context.stop.wait())
        seconds = parameters.get("maxTimeToTryInSeconds", 0.0)
        limit = asyncio.ensure_future(context.clock.sleep(seconds) if seconds else asyncio.Event().wait())
        try:
            await asyncio.wait({working, stopping, limit}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return {"action": action, **working.result()}
        finally:
            for task in (working, stopping, limit):
                task.cancel()
            await asyncio.wait({working})
            if not working.cancelled():
                working.exception()  # told by now, or of no more interest
        return await _broken_off(context, action, parameters, stopping, seconds)


async def _broken_off(
    context: Context, action: str, parameters: Parameters, stopping: "asyncio.Future[StopReason]", seconds: float
) -> Result:
    """Raises Stopped, TransferTooLong. A stop of the agent leaves what was asked for to be sent after it."""
    reason = stopping.result() if stopping.done() and not stopping.cancelled() else None
    if action == UPLOAD and not parameters.get("url") and reason is not StopReason.SHUTDOWN:
        with contextlib.suppress(UnknownFile):  # then it waits for nothing
            await context.transfers.withdraw(_named(context, parameters))
    if reason is not None:
        raise Stopped(reason, {"action": action})
    raise TransferTooLong(seconds=seconds)


async def _transfer(context: Context, action: str, parameters: Parameters) -> Result:
    address = parameters.get("url", "")
    if len(address) > LONGEST_ADDRESS:
        raise BadParameter(field="url", wrong=f"{address[:40]}...", right=f"at most {LONGEST_ADDRESS} characters")
    if action == UPLOAD:
        named = _named(context, parameters)
        if address:
            return await context.transfers.send_to(address, named, context.progress)
        return await context.transfers.upload(named, context.progress)
    name = parameters.get("localFilePath", "") or parameters.get("remoteFilename", "")
    if address:
        return await context.transfers.fetch(address, name, context.progress)
    key = parameters.get("fileID", 0)
    if key <= 0:
        raise BadParameter(field="fileID", wrong=key, right="the key of a file of the upstream, or a url")
    return await context.transfers.fetch_file(key, name, context.progress)


def _named(context: Context, parameters: Parameters) -> Named:
    return Named(
        upstream=context.event.upstream,
        item_type=parameters.get("itemTypeID", 0),
        key=parameters.get("objectID", 0),
        file=parameters.get("localFilePath", ""),
    )
