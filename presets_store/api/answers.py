"""Services' answers as HTTP responses. The status of a success is 200: clients of /v1/ take nothing else for one."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus

from aiohttp import web

from presets_store.protocol.base import WireModel
from presets_store.services.answers import Answer, encode

LONG_LIST = 200
"""Records from which on writing them out takes too long for the event loop: 25 us each."""


def reply(answer: Answer) -> web.Response:
    """One record or a list as JSON, None as an empty body."""
    return reply_text(encode(answer))


async def reply_list(records: Sequence[WireModel]) -> web.Response:
    """A list that may be long as JSON, without keeping the event loop."""
    if len(records) < LONG_LIST:
        return reply(records)
    return reply_text(await asyncio.to_thread(encode, records))


async def reply_large(record: WireModel) -> web.Response:
    """One record that holds lists that may be long, without keeping the event loop."""
    return reply_text(await asyncio.to_thread(encode, record))


def reply_nothing() -> web.Response:
    """204, as the scripts contract has it."""
    return web.Response(status=HTTPStatus.NO_CONTENT)


def reply_text(body: str) -> web.Response:
    """A body that is JSON already, or empty."""
    return web.Response(text=body, content_type="application/json")
