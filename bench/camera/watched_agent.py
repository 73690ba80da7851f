"""`python -P -m bench.camera.watched_agent run`: the agent with a motion watch on its camera, as scripts want one."""

import asyncio
import sys

from agent.__main__ import main
from hardware import client
from hardware.models import WatchOrder

LOOKS_A_SECOND = 5.0


class WatchedCamera(client.CameraClient):
    """Watches as soon as its host is there."""

    _looking: "asyncio.Task[None] | None" = None

    async def start(self) -> None:
        """See `CameraClient`; it may be started twice."""
        await super().start()
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="watch")

    async def stop(self) -> None:
        """See `CameraClient`."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait((self._looking,))
        await super().stop()

    async def _look(self) -> None:
        await self.ready(30.0)
        async for _ in await self.watch(WatchOrder(sink_id="watch", analyser="motion", rate=LOOKS_A_SECOND)):
            pass


if __name__ == "__main__":
    client.CameraClient = WatchedCamera  # type: ignore[misc]
    sys.exit(main())
