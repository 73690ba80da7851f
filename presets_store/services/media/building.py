"""The services of media, built together."""

from dataclasses import dataclass

from presets_store.clock import Clock
from presets_store.protocol.clips import AudioClipRecord, ImageRecord
from presets_store.sealing import Seals
from presets_store.services.changes import Changes
from presets_store.services.media.addresses import Addresses
from presets_store.services.media.files import FilesService
from presets_store.services.media.items import ItemsService
from presets_store.services.media.kinds import AUDIO_CLIP, IMAGE
from presets_store.services.media.recorded import RecordedService
from presets_store.services.media.requests import RequestsService
from presets_store.services.media.stores import FilePlaces
from presets_store.services.media.tags import TagsService
from presets_store.services.media.tokens import MediaTokensService
from presets_store.services.media.uploads import UploadsService
from presets_store.services.media.video_clips import VideoClipsService
from presets_store.services.unit import Units
from presets_store.storage.media.records import AudioClip, Image
from presets_store.storage.media.tables import audio_clips, images


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaServices:
    """What the API offers for media."""

    files: FilesService
    video_clips: VideoClipsService
    images: ItemsService[Image, ImageRecord]
    audio_clips: ItemsService[AudioClip, AudioClipRecord]
    tags: TagsService
    requests: RequestsService
    tokens: MediaTokensService
    uploads: UploadsService
    own_images: RecordedService[Image]
    own_sounds: RecordedService[AudioClip]


def build_media(units: Units, changes: Changes, seals: Seals, clock: Clock, places: FilePlaces) -> MediaServices:
    files = FilesService(units, places, Addresses(seals, clock, places.public_url), clock)
    return MediaServices(
        files=files,
        video_clips=VideoClipsService(units, files),
        images=ItemsService(units, files, IMAGE),
        audio_clips=ItemsService(units, files, AUDIO_CLIP),
        tags=TagsService(units),
        requests=RequestsService(units, changes),
        tokens=MediaTokensService(units, seals, clock),
        uploads=UploadsService(units, clock),
        own_images=RecordedService(units, images),
        own_sounds=RecordedService(units, audio_clips),
    )
