"""Who looks at a camera: any number of viewers for the price of one, as far as its host is concerned."""

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from agent.cameras import Cameras
from agent.viewing.errors import CameraSilent, TooManyViewers
from hardware.client import CameraClient, Picture, PictureHandle
from hardware.errors import CameraUnavailable, HardwareError, HostLost
from hardware.models import PreviewOrder

logger = logging.getLogger(__name__)

MOST_VIEWERS = 16
MOST_LOOKS = 4
"""Different sizes and rates at one time: each may cost the host an encoder."""

LOOK_EVERY = 0.5
"""Seconds within which a viewer who waits for the camera's host notices that the agent ends."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a viewer wants to see. `width` in pixels, `rate` in pictures a second; 0: as the camera gives it."""

    width: int = 0
    rate: float = 0.0


@dataclass(slots=True)
class _Show:
    """A preview of the host, and how many look at it."""

    handle: PictureHandle
    viewers: int = 0


class Viewers:
    """The viewers of one camera. Those with the same look share one preview, from the first of them to the last."""

    def __init__(self, client: CameraClient) -> None:
        self._client = client
        self._shows: dict[Look, _Show] = {}
        self._starting = asyncio.Lock()
        self._looks: list[Look] = []
        self._closed = False

    @property
    def camera_id(self) -> str:
        """The id of the camera."""
        return self._client.spec.camera_id

    async def watch(self, look: Look, show: Callable[[Picture], None]) -> None:
        """Calls `show` with the newest picture and each new one, also over new starts of the host, until `close`.

        Raises TooManyViewers, and CameraSilent when the host refuses.
        """
        with self._place(look):
            while not self._closed:
                try:
                    if await self._client.ready(LOOK_EVERY):
                        async with self._joined(look) as handle:
                            with handle.shown_to(show):
                                await handle.ended()
                except (HostLost, CameraUnavailable) as error:
                    logger.debug("a viewer of camera %s waits: %s", self.camera_id, error)
                except HardwareError as error:
                    raise CameraSilent(camera=self.camera_id, reason=error) from error

    async def snapshot(self, width: int, seconds: float) -> Picture:
        """A picture that is captured from now on. Raises TooManyViewers, CameraSilent when there was none in time."""
        taken: list[Picture] = []
        with self._place(Look(width)):
            try:
                async with asyncio.timeout(seconds):
                    handle = await self._client.preview(_order(Look(width), once=True))
                    try:
                        with handle.shown_to(taken.append):
                            await handle.ended()
                    finally:
                        await handle.stop("nobody waits for it any more")
            except TimeoutError:
                raise self.silence(seconds) from None
            except HardwareError as error:
                raise CameraSilent(camera=self.camera_id, reason=error) from error
        if not taken:
            raise CameraSilent(camera=self.camera_id, reason="its host ends")
        return taken[0]

    def silence(self, seconds: float) -> CameraSilent:
        """Why there was nothing to see for so long, as far as the camera's host knows."""
        state = self._client.state
        why = f": {state.reason}" if state.reason else ""
        return CameraSilent(camera=self.camera_id, reason=f"no picture in {seconds:g} s; it is {state.state}{why}")

    async def close(self) -> None:
        """Sends everybody away."""
        self._closed = True
        for show in self._shows.values():
            await show.handle.stop("the agent ends")

    @contextmanager
    def _place(self, look: Look) -> Iterator[None]:
        if len(self._looks) >= MOST_VIEWERS:
            raise TooManyViewers(camera=self.camera_id, most=f"{MOST_VIEWERS} at a time")
        if len({*self._looks, look}) > MOST_LOOKS:
            raise TooManyViewers(camera=self.camera_id, most=f"{MOST_LOOKS} different widths and rates at a time")
        self._looks.append(look)
        try:
            yield
        finally:
            self._looks.remove(look)

    @asynccontextmanager
    async def _joined(self, look: Look) -> AsyncIterator[PictureHandle]:
        async with self._starting:
            show = self._shows.get(look)
            if show is None or show.handle.over:
                show = self._shows[look] = _Show(await self._client.preview(_order(look)))
            show.viewers += 1
        try:
            yield show.handle
        finally:
            show.viewers -= 1
            if show.viewers == 0:
                await show.handle.stop("nobody looks")
                if self._shows.get(look) is show:
                    del self._shows[look]


class Viewing:
    """The viewers of every camera of this device."""

    def __init__(self, cameras: Cameras) -> None:
        self._cameras = cameras
        self._viewers = {camera.camera_id: Viewers(camera.client) for camera in cameras}

    async def of(self, named: str) -> Viewers:
        """The viewers of the camera with this id, name or key. Raises CameraUnknown."""
        await self._cameras.renamed()
        return self._viewers[self._cameras.pick({"camera": named}).camera_id]

    async def close(self) -> None:
        """Sends everybody away."""
        for viewers in self._viewers.values():
            await viewers.close()


def _order(look: Look, *, once: bool = False) -> PreviewOrder:
    return PreviewOrder(
        sink_id=f"view-{uuid.uuid4()}",
        requested_mono_ns=time.monotonic_ns(),
        once=once,
        width=look.width,
        rate=look.rate,
    )
