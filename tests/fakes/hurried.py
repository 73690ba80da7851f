"""`hurried.py run` is the agent, `hurried.py hub` the hub, as they are but for their periods, which are a tenth.

Time-outs, leases, renewals and pauses of both sides keep their relations to each other; a test that meets hundreds of
them ends ten times sooner.
"""

import functools
import importlib
import sys
from typing import Any

import aiohttp

AGENT = (
    "agent.startup.link.LONGEST_PAUSE",
    "agent.upstream.backoff.BASE_SECONDS",
    "agent.upstream.backoff.CAP_SECONDS",
    "agent.upstream.custody.ANSWERED_WITHIN",
    "agent.upstream.custody.HELD_FOR",
    "agent.upstream.pump.LOOK_EVERY",
    "agent.upstream.reports.LOOK_EVERY",
    "agent.upstream.reports.PROCESSING_RENEWED_EVERY",
    "agent.upstream.reports.PROGRESS_EVERY",
    "agent.upstream.reports.WAITING_RENEWED_EVERY",
    "agent.upstream.session.SURE_FOR",
    "agent.upstream.session.FULL_PAUSE",
    "agent.upstream.session.HELD_AT_LEAST",
    "agent.upstream.telemetry.LOOK_EVERY",
    "agent.upstream.uploads.policy.ASKED_EVERY",
    "agent.upstream.uploads.sending.SILENT_SECONDS",
    "agent.upstream.uploads.worker.LOOK_EVERY",
)
HUB = (
    "presets_store.hub.app.SWEEP_EVERY",
    "presets_store.rules.lifecycle.LEASE",
    "presets_store.services.fleet.fetching.LEASE",
)
TIMES = 10


def hurry(name: str) -> None:
    """The constant of that full name becomes a tenth of itself."""
    module, _, constant = name.rpartition(".")
    found = importlib.import_module(module)
    before = getattr(found, constant)
    setattr(found, constant, type(before)(before / TIMES))


def hurry_requests() -> None:
    """So do all time-outs of the agent's requests."""
    whole: Any = aiohttp.ClientTimeout

    def made(**seconds: float | None) -> Any:
        return whole(**{name: given and given / TIMES for name, given in seconds.items()})

    aiohttp.ClientTimeout = made  # type: ignore[misc, assignment]


def hurry_polls() -> None:
    """So does the time for which the hub holds a poll."""
    app: Any = importlib.import_module("presets_store.hub.app")
    hold = app.ApiSettings(version="").long_poll_hold / TIMES
    app.ApiSettings = functools.partial(app.ApiSettings, long_poll_hold=hold)


def main() -> int:
    hub = sys.argv[1:2] == ["hub"]
    for name in HUB if hub else AGENT:
        hurry(name)
    if not hub:
        hurry_requests()
        return int(importlib.import_module("agent.__main__").main())
    hurry_polls()
    return int(importlib.import_module("presets_store.hub.__main__").main(sys.argv[2:]))


if __name__ == "__main__":
    sys.exit(main())
