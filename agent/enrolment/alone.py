"""Enrolment without a running agent: the command line opens the sealed cache itself, as the only one."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import SecretStr

from agent.api.upstream_keys import EnrolledRecord, ForgottenRecord
from agent.enrolment.building import build_enrolling
from agent.enrolment.enrolling import Enrolling
from agent.enrolment.errors import AddressRefused
from agent.enrolment.exchanging import Device
from agent.identity import serial_number
from agent.lifecycle import only_agent
from agent.settings import Settings, upstream_root
from agent.setup.owner import as_owner
from agent.startup.memory import open_memory
from presets_store.clock import RELEASE_EPOCH, SystemClock
from presets_store.process.lifecycle import usable_places

Result = TypeVar("Result")


def enroll(settings: Settings, url: str, token: str) -> dict[str, object]:
    """The answer of the route.

    Raises AlreadyRunning, StateOfAnother, AddressRefused and what `Enrolling.enroll` does.
    """
    try:
        root = upstream_root(url)
    except ValueError as error:
        raise AddressRefused(problem=str(error)) from None
    found = _with_cache(settings, lambda enrolling: enrolling.enroll(root, SecretStr(token)))
    return EnrolledRecord(
        device_id=found.device_key, url=found.url, access_key=found.access_key, connected=found.connected
    ).dump()


def forget(settings: Settings) -> dict[str, object]:
    """The answer of the route. Raises AlreadyRunning, StateOfAnother, and what the cache raises."""
    return ForgottenRecord(forgotten=_with_cache(settings, Enrolling.forget)).dump()


def _with_cache(settings: Settings, work: Callable[[Enrolling], Awaitable[Result]]) -> Result:
    with usable_places(), as_owner(settings.state_folder), only_agent(settings.run_folder):
        return asyncio.run(_work(settings, work))


async def _work(settings: Settings, work: Callable[[Enrolling], Awaitable[Result]]) -> Result:
    memory = await open_memory(settings)
    if memory.report.damage:
        sys.stderr.write(f"cuelight: the sealed cache was damaged and begins anew ({memory.report.damage})\n")
    try:
        floor = memory.sealed.clock_floor()
        trusted = settings.clock.trust == "system"
        clock = SystemClock(floor=max(floor, RELEASE_EPOCH), known=floor > 0, trusted=trusted)
        serial = await asyncio.to_thread(serial_number, settings.device.serial, settings.state_folder)
        device = Device(serial=serial, name=settings.device.name)
        return await work(build_enrolling(settings.upstream, device, memory.sealed, clock, None))
    finally:
        await memory.sealed.close()
