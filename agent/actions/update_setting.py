"""Device_Update_setting: changes a setting of this device that events may change."""

from typing import ClassVar

from agent.context import Context
from agent.running import ActionTraits, Parameters, Result
from presets_store.services.bindings import SEALING


class UpdateSetting:
    """Parameters: `{"name": ..., "value": ...}`; `agent/adjustable.py` has the names."""

    traits: ClassVar = ActionTraits(immediate=True, resumable=True)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: the setting and what it is now, which outlasts a power cut. Raises UnknownSetting."""
        event = context.event
        return await context.settings.change(
            parameters["name"],
            parameters.get("value", ""),
            foreign=bool(event.upstream),
            bound=event.cause == SEALING,
        )
