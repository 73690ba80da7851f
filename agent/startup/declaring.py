"""The cameras of the settings, declared in the store, with their states and what they can do kept up to date there."""

import json
import logging
from collections.abc import Awaitable, Callable

from agent.cameras import AgentCamera, Cameras
from agent.settings import Settings
from agent.startup.hosts import CameraHosts
from agent.tasks import TaskBag
from hardware.models import CameraReport
from hardware.models.address import shown_address
from presets_store.errors import CuelightError
from presets_store.protocol.cameras import CameraRecord
from presets_store.services import Services
from presets_store.services.caller import INSIDE
from presets_store.storage.records import Camera

logger = logging.getLogger(__name__)

PASSING = ("opening", "closed")
"""Camera states that come and go with every recording: not for a log that people read."""

DRAINED_WITHIN = 5.0


async def declared(
    settings: Settings, services: Services, hosts: CameraHosts, device_key: int
) -> tuple[Cameras, Callable[[], Awaitable[None]]]:
    """The cameras, ready to be used, and what to await before the store closes: reports that are still written."""
    known = {record.camera_id: record for record in await services.cameras.of_device(INSIDE, device_key)}
    records = await services.cameras.declare(
        device_key,
        [
            Camera(
                device_key=device_key,
                camera_index=index,
                camera_id=camera.id,
                name=known[camera.id].name if camera.id in known else camera.name or camera.id,
                address=shown_address(camera.address),
                backend=camera.backend,
                capabilities=_kept_capabilities(known.get(camera.id), camera.backend, shown_address(camera.address)),
                state="closed",
            )
            for index, camera in enumerate(settings.cameras)
        ],
    )
    by_id = {record.camera_id: record for record in records}
    cameras = [AgentCamera(item, by_id[item.id], hosts.clients[item.id]) for item in settings.cameras]
    names = {camera.camera_id: camera for camera in cameras}
    reports = TaskBag("camera report")

    def told(camera_id: str, report: CameraReport) -> None:
        _log(names[camera_id].name, report)
        names[camera_id].changed.set()
        if report.state != "opening":  # a few milliseconds, not worth a write
            reports.start(_store_state(services, device_key, camera_id, report))

    hosts.tell(told)

    async def drain() -> None:
        await reports.drain(DRAINED_WITHIN)

    return Cameras(cameras, services.cameras, device_key), drain


def capabilities_of(report: CameraReport) -> str:
    """What an open camera can do, as JSON text; "" when the report does not say."""
    if report.info is None:
        return ""
    formats = [form.model_dump(mode="json") for form in report.info.formats]
    return json.dumps({"live": report.info.live, "formats": formats}, separators=(",", ":"))


def _kept_capabilities(known: CameraRecord | None, backend: str, address: str) -> str:
    """What the same camera said when it was last open."""
    same = known is not None and (known.backend, known.address) == (backend, address)
    return json.dumps(known.capabilities, separators=(",", ":")) if known is not None and same else "{}"


def _log(name: str, report: CameraReport) -> None:
    why = report.reason or (report.info.note if report.info else "")
    level = logging.DEBUG if report.state in PASSING else logging.INFO
    logger.log(level, "camera %r is %s%s", name, report.state, f": {why}" if why else "")


async def _store_state(services: Services, device_key: int, camera_id: str, report: CameraReport) -> None:
    try:
        await services.cameras.set_state(device_key, camera_id, report.state, capabilities_of(report))
    except CuelightError as error:
        logger.error("a camera's state was not stored: %s", error, extra={"code": error.code})
