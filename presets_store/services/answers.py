"""Answers in the form in which they are sent, and kept for a repeated request."""

import json
from collections.abc import Sequence

from presets_store.protocol.base import WireModel

Answer = WireModel | Sequence[WireModel] | None
"""What a service answers to a peer: one record, a list, or nothing (an empty body)."""


def encode(answer: Answer) -> str:
    """The body: JSON with the wire's names; "" for None."""
    if answer is None:
        return ""
    if isinstance(answer, WireModel):
        return json.dumps(answer.dump(), ensure_ascii=False)
    # One by one: within a single call other threads, the event loop's among them, would wait for the whole list.
    return "[" + ", ".join([json.dumps(record.dump(), ensure_ascii=False) for record in answer]) + "]"
