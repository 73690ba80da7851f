"""The responses of an upstream, before anybody reads records in them."""

import json
import re
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from presets_store.errors import PROBLEM_TYPE

LONGEST_WAIT = 3600.0
"""Seconds; an upstream that asks for more is asked again after so many all the same."""

_OFF = re.compile(r"is ([0-9]{1,12}) s (ahead of|behind)")


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body of a response; `json()` of an empty body is None.

    `date`: epoch seconds of its Date header, None without one. `wait`: seconds that its Retry-After asks for, else 0.
    `version`: its ETag, "" without one.
    """

    status: int
    body: bytes
    date: float | None = None
    wait: float = 0.0
    version: str = ""

    def json(self) -> Any:
        """The parsed body. Raises ValueError, RecursionError."""
        return json.loads(self.body) if self.body.strip() else None

    @property
    def text(self) -> str:
        """What the body says, for people: the sentence of a problem document, else its beginning."""
        detail = problem(self.body).get("detail")
        return detail[:300] if isinstance(detail, str) else self.body[:300].decode("utf-8", "replace")


def problem(body: bytes) -> dict[str, Any]:
    """The problem document in a body; empty for any other body."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def problem_code(body: bytes) -> str:
    """The code of a problem document as our own stores write it; empty for any other body."""
    kind = problem(body).get("type")
    return kind.removeprefix(PROBLEM_TYPE) if isinstance(kind, str) and kind.startswith(PROBLEM_TYPE) else ""


def date_of(header: str) -> float | None:
    """Epoch seconds of an HTTP date; None for what is none."""
    try:
        found = parsedate_to_datetime(header)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


def wait_of(header: str, date: float | None, now: float) -> float:
    """Seconds that a Retry-After asks for, at most LONGEST_WAIT: a number, or an HTTP date, which counts from the
    answer's own `date`, else from `now` (epoch s). 0 for what is neither.
    """
    if re.fullmatch(r"[0-9]{1,9}", seconds := header.strip()):
        return min(float(seconds), LONGEST_WAIT)
    until = date_of(header)
    return 0.0 if until is None else min(max(0.0, until - (now if date is None else date)), LONGEST_WAIT)


def time_there(answer: Answer, signed: float) -> float | None:
    """The time (epoch s) by which a refused request, signed at `signed`, was judged: by the Date, else by the text."""
    if answer.date is not None:
        return answer.date
    found = _OFF.search(answer.text)
    if found is None:
        return None
    return signed + int(found[1]) * (1 if found[2] == "behind" else -1)


def strange(status: int, media_type: str, location: str) -> str:
    """Why an answer is not the upstream's but that of somebody on the way, as a hotel's sign-in page is; "" if not."""
    if 300 <= status < 400:
        host = re.match(r"[a-z+]{1,10}://(?:[^/\s]*@)?([^/?#\s]{1,255})", location, re.IGNORECASE)
        return f"it redirects to {host[1] if host else 'another path'}, as sign-in pages of networks do"
    if status == HTTPStatus.NETWORK_AUTHENTICATION_REQUIRED:
        return "the network wants somebody to sign in"
    if status == HTTPStatus.OK and media_type == "text/html":
        return "a web page came instead of its answer, as sign-in pages of networks do"
    return ""
