"""Device_Clear_flag_queue: drops what waits in a queue of this device. Outcomes of events are no such queue."""

from typing import ClassVar

from agent.context import Context
from agent.errors import UnknownQueue
from agent.running import ActionTraits, Parameters, Result


class ClearQueue:
    """Parameters: `{"flagQueueName": ...}`; the names are those of `Box.queues`."""

    traits: ClassVar = ActionTraits(immediate=True, resumable=True)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: `{"queue", "cleared": how many}`. Raises UnknownQueue."""
        name = parameters.get("flagQueueName", "").strip().casefold()
        clear = context.box.queues.get(name)
        if clear is None:
            raise UnknownQueue(name=name, right=" or ".join(sorted(context.box.queues)))
        return {"queue": name, "cleared": await clear()}
