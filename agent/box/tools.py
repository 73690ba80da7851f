"""What actions on the box may use."""

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from agent.box.reboots import Documents, RebootBudget
from agent.settings import Settings
from agent.update.updates import Updates
from hardware.box import power
from hardware.box.network import Networks
from presets_store.clock import Clock
from presets_store.services import Services
from presets_store.storage.records import ReportKind

Clear = Callable[[], Awaitable[int]]
"""Empties a queue; how much was in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """`restart` asks for the end of this process; `supervised`: something starts it again. `queues` by their names.

    `microphone`: the ALSA device of sound recordings, "" for any.
    """

    networks: Networks
    reboots: RebootBudget
    reboot: Callable[[], Awaitable[None]]
    restart: Callable[[], None]
    supervised: bool
    microphone: str
    updates: Updates
    queues: Mapping[str, Clear]


def build_box(
    settings: Settings,
    services: Services,
    kept: Documents,
    clock: Clock,
    boot_id: str,
    restart: Callable[[], None],
    clear_uploads: Clear,
) -> Box:
    """The tools of this box."""

    async def clear_logs() -> int:
        return await services.reports.clear(ReportKind.LOG)

    return Box(
        networks=Networks(),
        reboots=RebootBudget(kept, clock, boot_id),
        reboot=power.reboot,
        restart=restart,
        supervised=settings.device.supervised or by_systemd(os.environ, os.getpid()),
        microphone=settings.sound.microphone,
        updates=Updates(settings.update, settings.state_folder),
        queues={"logs": clear_logs, "uploads": clear_uploads},
    )


def by_systemd(environment: Mapping[str, str], process_id: int) -> bool:
    """Whether systemd started this very process as a service. A shell of a desktop inherits INVOCATION_ID, not this."""
    return "NOTIFY_SOCKET" in environment or environment.get("SYSTEMD_EXEC_PID") == str(process_id)
