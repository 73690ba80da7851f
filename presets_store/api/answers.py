"""Services' answers as HTTP responses. The status of a success is always 200: clients take nothing else for one."""

from aiohttp import web

from presets_store.services.answers import Answer, encode


def reply(answer: Answer) -> web.Response:
    """One record or a list as JSON, None as an empty body."""
    return reply_text(encode(answer))


def reply_text(body: str) -> web.Response:
    """A body that is JSON already, or empty."""
    return web.Response(text=body, content_type="application/json")
