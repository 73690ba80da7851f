"""Device_Set_input_volume and Device_Set_output_volume."""

from typing import ClassVar

from agent.context import Context
from agent.errors import BadParameter
from agent.running import ActionTraits, Parameters, Result
from hardware.box.mixer import Direction, set_volume

_NAMES = ("percent", "value", "volume")


class SetVolume:
    """Sets the volume of the loudspeaker, or of the microphone: the camera's own, else that of sound recordings."""

    traits: ClassVar = ActionTraits(immediate=True, resumable=True)

    def __init__(self, direction: Direction) -> None:
        self._direction = direction

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: `{"asked", "percent": read back, "control", "by"}`. Raises BadParameter, MixerAbsent, MixerFailed."""
        given = [parameters[name] for name in _NAMES if parameters.get(name) is not None]
        if len(given) != 1:
            raise BadParameter(field="percent", wrong=given, right="one number from 0 to 100")
        device = ""
        if self._direction == "input":
            device = context.cameras.pick(parameters).settings.microphone or context.box.microphone
        volume = await set_volume(self._direction, given[0], device)
        return {"asked": given[0], **volume.model_dump()}
