"""A token that was given while the upstream could not be asked: kept for the agent, which exchanges it when it can.

It lies in a file for the agent's user alone, until it is spent or refused.
"""

import asyncio
import json
import logging
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import NoReturn, Protocol

from pydantic import SecretStr

from agent.enrolment.enrolling import Enrolled
from agent.enrolment.errors import EnrolmentOverruled
from agent.errors import UpstreamRefused
from agent.setup.report import TOKEN
from agent.startup.link import MAY_CHANGE
from agent.upstream.backoff import wait_after
from presets_store.clock import Clock
from presets_store.durable import sync_folder, write_durably
from presets_store.errors import CuelightError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AwaitedToken:
    """`url`: the upstream's, without a final slash."""

    url: str
    token: SecretStr


class Enrols(Protocol):
    """Exchanges a token (`agent.enrolment.enrolling.Enrolling`)."""

    async def enroll(self, url: str, token: SecretStr) -> Enrolled: ...


def keep_token(folder: Path, awaited: AwaitedToken) -> None:
    """Keeps it in place of any before; it is on the disk when this returns. Raises OSError."""
    document = {"url": awaited.url, "token": awaited.token.get_secret_value()}
    write_durably(folder / TOKEN, json.dumps(document).encode())


def awaited_token(folder: Path) -> AwaitedToken | None:
    """None when none waits, or when the file cannot be read, which is logged."""
    try:
        document = json.loads((folder / TOKEN).read_text(encoding="utf-8"))
        return AwaitedToken(str(document["url"]), SecretStr(str(document["token"])))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        logger.error("the token that waits for the upstream cannot be read: %s", type(error).__name__)
        return None


def forget_token(folder: Path) -> None:
    """Harmless when there is none. What cannot be removed is logged: the next start tries it in vain."""
    try:
        (folder / TOKEN).unlink(missing_ok=True)
        sync_folder(folder)
    except OSError as error:
        logger.error("the token of the set-up cannot be removed: %s", error)


class AwaitedEnrolment:
    """A system task: spends the token that waited when the agent started."""

    def __init__(self, folder: Path, enrolling: Enrols, clock: Clock) -> None:
        self._folder = folder
        self._enrolling = enrolling
        self._clock = clock

    async def run(self) -> NoReturn:
        """Until cancelled."""
        awaited = await asyncio.to_thread(awaited_token, self._folder)
        if awaited is not None:
            await self._spend(awaited)
            await asyncio.to_thread(forget_token, self._folder)
        while True:
            await asyncio.Event().wait()  # a system task must not end by itself

    async def _spend(self, awaited: AwaitedToken) -> None:
        """Returns when the token is spent, or refused for good."""
        failures = 0
        while True:
            try:
                await self._enrolling.enroll(awaited.url, awaited.token)
            except CuelightError as error:
                if _is_final(error):
                    logger.error("the token of the set-up is of no use, get another for cuelight enroll: %s", error)
                    return
                failures += 1
                level = logging.DEBUG if failures > 1 else logging.WARNING
                logger.log(level, "the token of the set-up waits: %s", error)
                await self._clock.sleep(wait_after(error, failures))
            else:
                return


def _is_final(error: CuelightError) -> bool:
    """Whether another try could meet nothing else."""
    if isinstance(error, UpstreamRefused):
        status = int(str(error.fields["status"]))
        return status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in MAY_CHANGE
    return isinstance(error, EnrolmentOverruled)
