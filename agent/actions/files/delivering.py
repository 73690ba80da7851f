"""Sends a clip that was made to where its event wants it, and tells somebody that it is there."""

from typing import Any

import aiohttp
from yarl import URL

from agent.context import Context
from agent.errors import BadParameter, UpstreamUnreachable
from agent.running import Result
from agent.upstream.transport import CONNECT_TIMEOUT, why
from agent.upstream.uploads.addresses import is_safe, shown
from agent.upstream.uploads.transfers import Named
from presets_store.errors import CuelightError

TOLD_WITHIN = 30.0
"""Seconds."""


def checked_address(field: str, address: str) -> str:
    """An address that something may be sent to, or "". Raises BadParameter, which does not repeat what gives access."""
    if address and not is_safe(address):
        raise BadParameter(field=field, wrong=shown(address), right="https://..., or http:// on loopback")
    return address


async def upload(context: Context, address: str, clip: Result) -> Result:
    """Puts the clip's file there; what the result tells of it. Raises what `Transfers.send_to` does."""
    named = Named(upstream="", item_type=0, key=0, file=clip["file"])
    sent = await context.transfers.send_to(address, named, lambda _percent: None)
    return {"url": shown(address), "size": sent["size"]}


async def post_back(context: Context, address: str, told: Result) -> Result:
    """Posts `told` as JSON, once; what the result tells of it. A failure changes no outcome: it is only told."""
    try:
        status = await _post(context, address, told)
    except CuelightError as error:
        return {"url": shown(address), "failed": error.message}
    if status >= 300:
        return {"url": shown(address), "failed": f"it answered {status}"}
    return {"url": shown(address), "status": status}


async def _post(context: Context, address: str, told: dict[str, Any]) -> int:
    transport = context.workshop.transport
    timeout = aiohttp.ClientTimeout(total=TOLD_WITHIN, connect=CONNECT_TIMEOUT)
    try:
        async with (
            transport.session(timeout) as session,
            session.post(URL(address), json=told, allow_redirects=False, ssl=await transport.tls(address)) as response,
        ):
            return response.status
    except (TimeoutError, aiohttp.ClientError, ValueError, OSError) as error:
        raise UpstreamUnreachable(url=shown(address), reason=why(error)) from error
