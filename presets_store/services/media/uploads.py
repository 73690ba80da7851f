"""What the agent knows of recordings that it sends to an upstream."""

from dataclasses import replace

from presets_store.protocol.item_types import ItemType
from presets_store.protocol.live import LiveKind
from presets_store.protocol.statuses import MediaStatus
from presets_store.services.caller import INSIDE
from presets_store.services.unit import Unit, Units
from presets_store.services.wire import clip_record
from presets_store.storage.clips import get_clip, update_clip
from presets_store.storage.media.records import Upload
from presets_store.storage.media.uploads import clips_to_send, get_upload, put_upload
from presets_store.storage.records import Clip


class UploadsService:
    """For the agent alone. What it notes is durable when a method returns."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def waiting(self, device_key: int, upstream: str, *, all_clips: bool, limit: int) -> list[Clip]:
        """The oldest clips to send: of the upstream's own events, or of all."""
        return await self._units.read(
            lambda connection: clips_to_send(connection, device_key, upstream, all_clips=all_clips, limit=limit)
        )

    async def known(self, clip_key: int, upstream: str) -> Upload:
        """How far the clip is on its way there."""
        found = await self._units.read(
            lambda connection: get_upload(connection, ItemType.VIDEO_CLIP, clip_key, upstream)
        )
        return found or Upload(item_type_id=ItemType.VIDEO_CLIP, item_key=clip_key, upstream=upstream)

    async def note(self, upload: Upload) -> None:
        """It has come so far. Nothing is noted of a clip that is gone by now."""

        def store(unit: Unit) -> None:
            if get_clip(unit.connection, upload.item_key) is not None:
                put_upload(unit.connection, upload)

        await self._units.write(INSIDE, store)

    async def sent(self, clip_key: int) -> None:
        """The upstream has the clip, and its file: it is among those that retention may remove first."""

        def mark(unit: Unit) -> None:
            clip = get_clip(unit.connection, clip_key)
            if clip is None or clip.video_clip_status is MediaStatus.FILE_AVAILABLE:
                return
            after = replace(clip, video_clip_status=MediaStatus.FILE_AVAILABLE)
            update_clip(unit.connection, clip, after)
            unit.told.append((LiveKind.CLIP, after.device_key, clip_record(after)))

        await self._units.write(INSIDE, mark)
