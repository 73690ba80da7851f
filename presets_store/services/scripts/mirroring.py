"""What a device gets of the scripts of its hub: those that may fire there, and all that they need there."""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection

from presets_store.errors import CuelightError
from presets_store.protocol.fields import MAX_LIST
from presets_store.protocol.scripts.mirroring import (
    DeviceScripts,
    MirroredCase,
    MirroredChannel,
    MirroredEvent,
    MirroredScript,
)
from presets_store.protocol.startup import StandalonePreset
from presets_store.rules.bindings import NotBindable
from presets_store.rules.permissions import Permission
from presets_store.rules.scripts.catalogue import RUN_PRESET, TELEGRAM, WEBHOOK
from presets_store.services.bindings import expanded
from presets_store.services.caller import Caller
from presets_store.services.reach import reached_device
from presets_store.services.unit import Units
from presets_store.storage.cameras import list_cameras
from presets_store.storage.fleet.groups import is_member
from presets_store.storage.presets import get_preset
from presets_store.storage.records import Camera
from presets_store.storage.scripts.channels import channels_of
from presets_store.storage.scripts.mirror import added_events, own_cases, own_scripts
from presets_store.storage.scripts.records import Channel, Script

logger = logging.getLogger(__name__)

LEFT_TO_HUB = frozenset({WEBHOOK, TELEGRAM})
"""Reactions whose secrets never leave the hub, which carries them out when it hears of the trigger."""

PRESET = "preset_id"
"""The member of a script's `extra` that names the preset of run-preset."""


class OpensUrls(Protocol):
    """What knows the addresses of channels."""

    def url_of(self, channel: Channel) -> str:
        """The address in plain text. Raises SealBroken."""
        ...


class MirroringService:
    """The hub's side of mirrored scripts."""

    def __init__(self, units: Units, urls: OpensUrls) -> None:
        self._units = units
        self._urls = urls

    async def for_device(self, caller: Caller, device_key: int) -> DeviceScripts:
        """What the device is to know, for itself alone: with the secrets of channels by which it may send.

        Raises NotFound, Forbidden.
        """

        def gather(connection: Connection) -> DeviceScripts:
            reached_device(connection, caller, Permission.REPORT, device_key)
            return self._gather(connection, device_key)

        return await self._units.read(gather)

    def _gather(self, connection: Connection, device_key: int) -> DeviceScripts:
        cameras = {camera.key: camera.camera_id for camera in list_cameras(connection, device_key)}
        found = [(script, _cameras_of(script, cameras)) for script in own_scripts(connection)]
        concerned = [(script, named) for script, named in found if named is None or named]
        if len(concerned) > MAX_LIST:
            logger.warning("device %d gets the first %d of its %d scripts", device_key, MAX_LIST, len(concerned))
        concerned = concerned[:MAX_LIST]
        users = sorted({user for script, _ in concerned for user in json.loads(script.users)})
        names = {script.event_name for script, _ in concerned}
        return DeviceScripts(
            scripts=[_script(connection, script, named, device_key) for script, named in concerned],
            events=[
                MirroredEvent(
                    name=event.name,
                    description=event.description,
                    color=event.color,
                    analytic_type=event.analytic_type,
                )
                for event in added_events(connection, names)
            ],
            cases=_cases(connection, device_key, cameras),
            channels=self._channels(connection, users),
        )

    def _channels(self, connection: Connection, users: Sequence[int]) -> list[MirroredChannel]:
        """Those by which a device may send. One that this key cannot open stays here."""
        found = []
        for channel in channels_of(connection, users, ""):
            if not channel.device_may_send:
                continue
            try:
                url = self._urls.url_of(channel)
            except CuelightError as error:
                logger.error("a channel is not handed out: %s", error, extra={"channel": channel.key})
                continue
            found.append(
                MirroredChannel(
                    key=channel.key,
                    channel_uuid=channel.uuid,
                    user_id=channel.user_key,
                    user_name=channel.user_name,
                    name=channel.name,
                    url=url,
                    quiet=channel.quiet,
                )
            )
        return found[:MAX_LIST]


def concerns(script: Script, cameras: Iterable[Camera]) -> bool:
    """Whether the script looks at any of these cameras."""
    named = _cameras_of(script, {camera.key: camera.camera_id for camera in cameras})
    return named is None or bool(named)


def _cameras_of(script: Script, cameras: Mapping[int, str]) -> list[str] | None:
    """The device's cameras that the script looks at; None for every one."""
    if not script.cameras:
        return None
    return [cameras[key] for key in json.loads(script.cameras) if key in cameras]


def _script(connection: Connection, script: Script, named: list[str] | None, device_key: int) -> MirroredScript:
    extra = {} if script.reaction in LEFT_TO_HUB else json.loads(script.extra or "{}")
    preset = preset_for(connection, extra.get(PRESET), device_key) if script.reaction == RUN_PRESET else None
    return MirroredScript(
        key=script.key,
        script_uuid=script.uuid,
        title=script.title,
        status=script.status.value,
        event_name=script.event_name,
        reaction=script.reaction,
        users=json.loads(script.users),
        camera_ids=named,
        working_time=script.working_time,
        extra=json.dumps(extra, ensure_ascii=False),
        preset=preset,
        cooldown_seconds=script.cooldown_seconds,
    )


def preset_for(connection: Connection, key: Any, device_key: int) -> StandalonePreset | None:
    """The preset, whole, if it is the device's own or that of a group with it in; None when the hub must run it."""
    preset = get_preset(connection, key) if isinstance(key, int) else None
    if preset is None:
        return None
    group = preset.device_group_id
    if preset.device_key != device_key and not (group and is_member(connection, group, device_key)):
        return None
    try:
        return expanded(connection, preset)
    except NotBindable as error:
        logger.info("preset %d stays on the hub: %s", preset.key, error)
        return None


def _cases(connection: Connection, device_key: int, cameras: Mapping[int, str]) -> list[MirroredCase]:
    return [
        MirroredCase(
            key=case.key,
            case_uuid=case.uuid,
            camera_id=cameras[case.camera_key],
            analytic_type=case.analytic_type,
            name=case.name,
            zones=case.zones,
            options=case.options,
            status=case.status.value,
        )
        for case in own_cases(connection, device_key)
        if case.camera_key in cameras
    ][:MAX_LIST]
