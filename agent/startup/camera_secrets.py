"""The secrets of cameras behind a network: sealed, never in the settings, and told to the camera's host alone."""

from agent.cameras import Cameras
from agent.startup.errors import CameraTakesNoSecret
from agent.startup.hosts import CameraHosts
from agent.startup.sealed import SealedState

NETWORK = "network"


class CameraSecrets:
    """Keeps them, and has the host of the camera begin anew with what it needs now."""

    def __init__(self, sealed: SealedState, hosts: CameraHosts, cameras: Cameras) -> None:
        self._sealed = sealed
        self._hosts = hosts
        self._cameras = cameras

    async def keep(self, named: str, secret: str) -> str:
        """Keeps the secret of the camera (id, name or key), forgets it when it is empty; answers the camera's id.

        Raises CameraUnknown, CameraTakesNoSecret, and what the cache raises.
        """
        await self._cameras.renamed()
        camera = self._cameras.pick({"camera": named})
        if camera.settings.backend != NETWORK:
            raise CameraTakesNoSecret(camera=camera.camera_id, backend=camera.settings.backend)
        await self._sealed.set_camera_secret(camera.camera_id, secret)
        await self._hosts.change_secret(camera.camera_id, secret)
        return camera.camera_id
