"""What an upstream answered, read as the contract says. Anything else is as good as no answer."""

from typing import TypeVar

from agent.errors import UpstreamUnreachable
from agent.upstream.client import Answer, SignedClient
from presets_store.protocol.base import WireModel
from presets_store.protocol.errors import BadJson, BadRequestBody
from presets_store.protocol.parsing import parse_body, parse_body_list

M = TypeVar("M", bound=WireModel)


def read(client: SignedClient, model: type[M], answer: Answer) -> M:
    """The record in an answer of `client`'s upstream. Raises UpstreamUnreachable."""
    try:
        return parse_body(model, answer.body)
    except (BadJson, BadRequestBody) as error:
        raise _unusable(client, error) from error


def read_list(client: SignedClient, model: type[M], answer: Answer) -> list[M]:
    """The records in an answer. Raises UpstreamUnreachable."""
    try:
        return parse_body_list(model, answer.body)
    except (BadJson, BadRequestBody) as error:
        raise _unusable(client, error) from error


def _unusable(client: SignedClient, error: BadJson | BadRequestBody) -> UpstreamUnreachable:
    return UpstreamUnreachable(url=client.shown_url, reason=f"its answer cannot be used: {error.message}")
