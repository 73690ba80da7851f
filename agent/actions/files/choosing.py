"""Which clips of this device a request means."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.actions.files.errors import NoFootage, UnknownClip
from agent.context import Context
from agent.errors import BadParameter
from agent.running import Parameters
from presets_store.protocol.fields import format_moment
from presets_store.storage.media.footage import clip_called, recordings_between, whole_clip
from presets_store.storage.records import Clip

MOST_PARTS = 1000
"""Clips of which one is made; a day of them, of a minute and a half each."""

_SECOND = 1_000_000


async def of_time(context: Context, parameters: Parameters) -> list[Clip]:
    """What the camera recorded between `startEpoch` and `endEpoch`. Raises BadParameter, NoFootage, CameraUnknown."""
    start, end = (round(parameters.get(name, 0) * _SECOND) for name in ("startEpoch", "endEpoch"))
    if not start < end:
        raise BadParameter(field="endEpoch", wrong=end // _SECOND, right="Unix seconds that are later than startEpoch")
    camera = context.cameras.pick({"camera": parameters.get("camera", "")})  # a deviceID is that of the device
    shop = context.workshop
    found = await shop.database.read(
        lambda connection: recordings_between(connection, shop.device_key, camera.camera_id, start, end)
    )
    if not found:
        raise NoFootage(camera=camera.name, start=format_moment(start), end=format_moment(end))
    if len(found) > MOST_PARTS:
        raise BadParameter(field="endEpoch", wrong=f"so late that {len(found)} clips lie between", right=_FEWER)
    return found


_FEWER = f"a time with at most {MOST_PARTS}"


async def of_list(context: Context, records: Sequence[Mapping[str, Any]]) -> list[Clip]:
    """The clips of `videoClips`, each by `localFilePath`, else by its `key` where the event comes from.

    Raises UnknownClip.
    """
    found = []
    for number, record in enumerate(records):
        file, key = record.get("localFilePath", ""), record.get("key", 0)
        clip = await _in_file(context, file) if file else await _called(context, item=key)
        if clip is None:
            raise UnknownClip(field=f"videoClips[{number}]", clip=repr(file or key))
        found.append(clip)
    return found


async def named(context: Context, parameters: Parameters) -> Clip:
    """The clip of a Transcoding: `fileID`, else `source` and `sourceFile`. Raises BadParameter, UnknownClip."""
    key = parameters.get("fileID", 0)
    if key:
        clip = await _called(context, file_key=key)
        if clip is None:
            raise UnknownClip(field="fileID", clip=f"with the file {key}")
        return clip
    parts = (parameters.get("source", "").rstrip("/"), parameters.get("sourceFile", ""))
    file = "/".join(part for part in parts if part)
    if not file:
        raise BadParameter(field="sourceFile", wrong="", right="the localFilePath of a clip, or its fileID")
    clip = await _in_file(context, file)
    if clip is None:
        raise UnknownClip(field="sourceFile", clip=repr(file))
    return clip


async def _in_file(context: Context, file: str) -> Clip | None:
    """By its path in the media folder. The index knows no others, so that no path leads out of it."""
    shop = context.workshop
    inside = file.removeprefix(f"{context.media.folder}/")
    return await shop.database.read(lambda connection: whole_clip(connection, shop.device_key, file=inside))


async def _called(context: Context, *, item: int = 0, file_key: int = 0) -> Clip | None:
    """By a key of whoever sent the event."""
    shop, upstream = context.workshop, context.event.upstream
    if not item and not file_key:
        return None
    if upstream:
        return await shop.database.read(
            lambda connection: clip_called(connection, shop.device_key, upstream, item=item, file_key=file_key)
        )
    return await shop.database.read(
        lambda connection: whole_clip(connection, shop.device_key, key=item, file_key=file_key)
    )
