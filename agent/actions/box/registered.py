"""Setup_Device_registered: somebody has registered this device where it belongs."""

import logging
from typing import ClassVar

from agent.context import Context
from agent.running import ActionTraits, Parameters, Result

logger = logging.getLogger(__name__)


class DeviceRegistered:
    """Nothing is to be done: the log remembers it."""

    traits: ClassVar = ActionTraits(immediate=True, resumable=True)

    async def run(self, context: Context, parameters: Parameters) -> Result:  # noqa: ARG002 - it takes none
        """Result: a note."""
        logger.info("the device is registered, says %s", context.name, extra={"event": context.event.key})
        return {"note": "noted in the log"}
