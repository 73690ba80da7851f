"""The agent's process, from its settings to its exit code. Imports what must be quick; while that films, the rest."""

import asyncio
import logging
import os
from typing import Any

from agent.settings import Settings
from agent.startup.ahead import begin
from agent.startup.importing import imported
from hardware.client import Prespawned
from presets_store.errors import CuelightError
from presets_store.process.lifecycle import SystemTaskDied, stop_signals, unless, usable_places
from presets_store.process.logs import logging_to

logger = logging.getLogger(__name__)

PRIVATE = 0o027
"""Nothing that the agent makes is for others; the group may read clips and use the socket."""

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_RESTART = 75
"""Whoever supervises the agent starts it again after a failure, and this counts as one (EX_TEMPFAIL)."""


def run(settings: Settings, *, first_preset: bool = False, spawned: Prespawned | None = None) -> int:
    """Runs the agent until SIGTERM or SIGINT; answers the exit code.

    `first_preset`: run that once it is up. `spawned`: a camera host that was started ahead of everything else.
    """
    os.umask(PRIVATE)
    with logging_to(level=settings.log.level, style=settings.log.format):
        try:
            restarting = asyncio.run(serve(settings, first_preset=first_preset, spawned=spawned))
        except CuelightError as error:
            logger.critical("cuelight does not start: %s", error, extra={"code": error.code})
            return EXIT_FAILED
        except SystemTaskDied as death:
            logger.critical("a system task died: %s", death, exc_info=death.__cause__)
            return EXIT_FAILED
        return EXIT_RESTART if restarting else EXIT_OK


async def serve(settings: Settings, *, first_preset: bool = False, spawned: Prespawned | None = None) -> bool:
    """Runs the agent until a signal; whether an event wants it started again."""
    with stop_signals() as wanted:
        with usable_places():
            ahead = await unless(wanted, begin(settings, spawned))
        if ahead is None:
            logger.info("stopping before a camera was opened")
            return False
        async with ahead.stack:  # the import may fail, too
            app: Any = await asyncio.to_thread(imported, "agent.app")
            restarting: bool = await app.serve(settings, ahead, wanted, first_preset=first_preset)
            return restarting
