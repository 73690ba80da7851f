"""The helper's command line. Only root runs it, and nothing of its arguments comes from anywhere else."""

import argparse
import fcntl
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cuelight_helper.errors import Busy, HelperError
from cuelight_helper.health import tell_ready
from cuelight_helper.places import Places
from cuelight_helper.steps import Steps

LOCKED_WITHIN = 2 * 3600.0
"""Seconds that `install` waits for an update that is under way."""

logger = logging.getLogger(__name__)


def main(arguments: list[str]) -> int:
    """0: done, or nothing to do. 1: in the way is what the log says."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    given = _parsed(arguments)
    places = Places(given.root)
    os.umask(0o022)
    try:
        places.make()
        {"keep-previous": keep_previous, "install": install, "confirm": confirm}[given.command](places)
    except (HelperError, OSError) as error:
        logger.error("%s", error)
        return 1
    return 0


def keep_previous(places: Places) -> None:
    """What a new package's preinst calls at an upgrade. Raises Busy while an update is watched."""
    if not places.systemd.exists():
        return  # nobody starts a service in an image that is being made
    try:
        with _lock(places, 0.0):
            Steps(places).keep()
    except Busy:
        raise Busy(
            "an update of cuelight is being watched, and goes back by itself if it does not work; "
            "try again in 10 minutes (systemctl status cuelight-confirm cuelight-update)"
        ) from None


def install(places: Places) -> None:
    """What cuelight-update.service runs: the agent's request, after what is under way."""
    with _lock(places, LOCKED_WITHIN):
        steps = Steps(places)
        steps.go_on(steps.journal.read())
        steps.go_on(steps.begin())


def confirm(places: Places) -> None:
    """What cuelight-confirm.service runs: goes on with what is under way."""
    try:
        with _lock(places, 0.0):
            steps = Steps(places)
            steps.go_on(steps.journal.read())
    except Busy:
        logger.info("another run of the helper is at work")
    tell_ready()


@contextmanager
def _lock(places: Places, seconds: float) -> Iterator[None]:
    deadline = time.monotonic() + seconds
    with places.lock.open("ab") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise Busy("another run of the helper is at work") from None
            time.sleep(1)
        yield


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="helper", description="Updates of cuelight, as root.")
    parser.add_argument("--root", type=Path, default=Path("/"), help="what stands for /")
    parser.add_argument("command", choices=("keep-previous", "install", "confirm"))
    return parser.parse_args(arguments)
