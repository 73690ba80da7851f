"""Requests made up from the OpenAPI document alone, and signed: no fault, no answer that it does not tell of."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
import schemathesis
from fakes.api_document import succeeds
from fakes.served_store import SERIAL, ServedStore, served_store
from fakes.soak import count, told
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from presets_store.api import ROUTES
from presets_store.api.openapi import document
from presets_store.clock import RELEASE_EPOCH, SystemClock

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
LEFT_OUT = {
    ("GET", "/v1/live"),  # its answer has no end
    ("POST", "/v1/event/dequeue/longpoll"),  # held for a minute when nothing waits
    ("DELETE", "/v1/apikey/{key}"),  # might be the one that signs
    ("POST", "/v1/apikey/{key}/rotate"),
    ("DELETE", "/v1/user/{key}"),
    ("PUT", "/v1/user/{key}"),
}
CLOCK = SystemClock(floor=RELEASE_EPOCH, trusted=True)
FAULT = 500
NOT_OFFERED = 501


class Stranger:
    """Sends what was made up, as whoever has the key and the document may."""

    def __init__(self, store: ServedStore) -> None:
        self._store = store
        self._session = requests.Session()
        self.sent = 0

    def try_out(self, case: Case[Any]) -> None:
        made = case.as_transport_kwargs(base_url=self._store.root)
        wanted = {name: made[name] for name in ("method", "url", "headers", "params", "data", "json") if name in made}
        request = self._session.prepare_request(requests.Request(**wanted))
        parts = urlsplit(request.url or "")
        body = request.body or b""
        assert isinstance(body, str | bytes)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        text = body if isinstance(body, str) else body.decode()
        request.headers.update(self._store.client.sign(request.method or "", parts.path, text, query))
        answer = self._session.send(request, timeout=10, allow_redirects=False)
        self.sent += 1
        assert answer.status_code < FAULT or answer.status_code == NOT_OFFERED, answer.text
        case.validate_response(answer, checks=CHECKS)

    def close(self) -> None:
        self._session.close()


def operations() -> Iterator[Any]:
    for found in schemathesis.openapi.from_dict(document(ROUTES)).get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # raises for a document that is wrong
        offered = succeeds(operation.definition.raw)
        if offered and (operation.method.upper(), operation.path) not in LEFT_OUT:
            yield operation


def try_all(store: ServedStore) -> int:
    """How many requests were answered."""
    stranger = Stranger(store)
    for operation in operations():
        _try(stranger, operation.as_strategy())
    stranger.close()
    return stranger.sent


def _try(stranger: Stranger, strategy: Any) -> None:
    @settings(
        max_examples=count(2, 100),
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def once(case: Case[Any]) -> None:
        stranger.try_out(case)

    once()


@pytest.mark.soak
@pytest.mark.timeout(count(120, 3600))
async def test_whatever_is_made_up_is_answered_as_the_document_says(tmp_path: Path) -> None:
    async with served_store(tmp_path, CLOCK, long_poll_hold=0.01) as store:
        await store.client.json("POST", "/v1/event", {"deviceSerial": SERIAL, "eventType": "Video_Start_recording"})
        sent = await asyncio.to_thread(try_all, store)
        assert sent > 100
        told("generated requests", sent=sent)
        await store.client.json("POST", "/v1/event/list", {})  # whoever signed may still do so
