"""Events that integration modules tell of."""

import asyncio
import base64
import binascii
from typing import Final

from aiohttp import web

from presets_store.api.answers import reply
from presets_store.api.documentation import Operation
from presets_store.api.keys import INBOUND, SERVICES, caller_of
from presets_store.api.scripts.limits import TooManyInboundEvents
from presets_store.protocol.errors import FieldProblem
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.scripts.inbound import REQUEST_BYTES, InboundEvent, TriggerAnswer
from presets_store.protocol.scripts.jpeg import jpeg_problem
from presets_store.services.scripts.triggers import BadTrigger, sender_of

_LONG: Final = 65_536
"""Bytes from which on reading a body takes too long for the event loop."""


@Operation(
    "Tell of an event at a camera",
    body=InboundEvent,
    answer=TriggerAnswer,
    writes=True,
    status=202,
    body_limit=REQUEST_BYTES,
    errors=(BadTrigger, TooManyInboundEvents),
)
async def tell(request: web.Request) -> web.Response:
    """For who may run events on the camera's device. Answers what each script made of it; those of other cameras are
    left out. A repeat with the same `external_id` changes nothing. A request may have 8 MiB.
    """
    caller, raw = caller_of(request), await request.read()
    request.app[INBOUND].take(sender_of(caller), len(raw))
    body, image = await asyncio.to_thread(_read, raw) if len(raw) > _LONG else _read(raw)
    answer = reply(await request.app[SERVICES].scripts.triggers.tell(caller, body, image))
    answer.set_status(202)
    return answer


def _read(raw: bytes) -> tuple[InboundEvent, bytes | None]:
    """The event, and its picture by itself. Raises BadJson, BadRequestBody, BadTrigger."""
    body = parse_body(InboundEvent, raw)
    if not body.image:
        return body, None
    try:
        image = base64.b64decode(body.image, validate=True)
    except (binascii.Error, ValueError):
        raise _bad_image("is not in base64") from None
    if problem := jpeg_problem(image):
        raise _bad_image(problem)
    return body.model_copy(update={"image": ""}), image


def _bad_image(problem: str) -> BadTrigger:
    return BadTrigger([FieldProblem("image", problem, "a JPEG of at most 50 megapixels, in base64")])


ROUTES = (web.route("POST", "/api/integration/v1/events{slash:/?}", tell),)
