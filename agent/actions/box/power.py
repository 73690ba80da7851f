"""Device_Reboot_device and Device_Restart_agents: both end this agent, and the next one tells the outcome.

The event's row names the boot and the process since it became Processing, which is durable before anything is done; see
`agent.box.aftermath`.
"""

import asyncio
import logging
from typing import ClassVar

from agent.box.aftermath import REBOOT_WITHIN, not_rebooted
from agent.context import Context
from agent.errors import NoSupervisor
from agent.running import ActionTraits, LeftOpen, Parameters, Result, Stopped, StopReason
from hardware.box.errors import RebootFailed

logger = logging.getLogger(__name__)


class RebootDevice:
    """Reboots the box. The system stops the agent first, which closes every recording."""

    traits: ClassVar = ActionTraits(immediate=True)

    async def run(self, context: Context, parameters: Parameters) -> Result:  # noqa: ARG002 - it takes none
        """Never returns. Raises LeftOpen, RebootsUsedUp, and RebootFailed when the system does not reboot."""
        box = context.box
        await box.reboots.spend()
        logger.warning("the device reboots because %s asks for it", context.name, extra={"event": context.event.key})
        try:
            await box.reboot()
        except RebootFailed:
            if context.stop.reason is StopReason.SHUTDOWN:  # what asked for the reboot is stopped by it, as we are
                raise LeftOpen from None
            await box.reboots.give_back()
            raise
        stopped = asyncio.ensure_future(_stopped(context))
        patience = asyncio.ensure_future(context.clock.sleep(REBOOT_WITHIN))
        try:
            await asyncio.wait((stopped, patience), return_when=asyncio.FIRST_COMPLETED)
            raise stopped.result() if stopped.done() else not_rebooted()
        finally:
            stopped.cancel()
            patience.cancel()


class RestartAgents:
    """Ends the agent for its supervisor to start it again."""

    traits: ClassVar = ActionTraits(immediate=True)

    async def run(self, context: Context, parameters: Parameters) -> Result:  # noqa: ARG002 - it takes none
        """Never returns. Raises LeftOpen, NoSupervisor."""
        if not context.box.supervised:
            raise NoSupervisor
        logger.warning("the agent restarts because %s asks for it", context.name, extra={"event": context.event.key})
        context.box.restart()
        raise await _stopped(context)


async def _stopped(context: Context) -> Exception:
    """What the event ends with when the agent is stopped, or somebody ends the event."""
    reason = await context.stop.wait()
    if reason is StopReason.SHUTDOWN:
        return LeftOpen()
    return Stopped(reason, {"note": "it was under way and cannot be called back", "endedBy": context.stop.by})
