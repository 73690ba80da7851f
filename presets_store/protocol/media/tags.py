"""Tags of clips, images and sounds: given to them, and lists by them."""

from typing import Annotated

from pydantic import Field

from presets_store.protocol.base import WireModel
from presets_store.protocol.clips import AudioClipRecord, ImageRecord, TagRecord, VideoClipRecord
from presets_store.protocol.fields import Count, Key, Name

MAX_TAGS = 32
"""Of one clip, image or sound."""

TagName = Annotated[Name, Field(pattern=r"\S")]
TagNames = Annotated[list[TagName], Field(max_length=MAX_TAGS)]


class TagVideoClip(WireModel):
    """Body of `POST /v1/tag/videoclip`. `tag_names` is ours."""

    video_clip_id: Key
    tag_names: TagNames = Field(default_factory=list)


class TagImage(WireModel):
    """Body of `POST /v1/tag/image` (ours)."""

    image_id: Key
    tag_names: TagNames = Field(default_factory=list)


class TagAudioClip(WireModel):
    """Body of `POST /v1/tag/audioclip` (ours)."""

    audio_clip_id: Key
    tag_names: TagNames = Field(default_factory=list)


class MinutesQuery(WireModel):
    """`minutes`: only what began in the last so many; 0 is open."""

    minutes: Count = 0


class VideoClipTag(WireModel):
    video_clip_id: Key
    tag_id: Key


class ImageTag(WireModel):
    image_id: Key
    tag_id: Key


class AudioClipTag(WireModel):
    audio_clip_id: Key
    tag_id: Key


class TaggedVideoClips(WireModel):
    """Clips, which tags they have, and these tags."""

    video_clip_list: list[VideoClipRecord]
    video_clip_tag_list: list[VideoClipTag]
    tag_list: list[TagRecord]


class TaggedImages(WireModel):
    image_list: list[ImageRecord]
    image_tag_list: list[ImageTag]
    tag_list: list[TagRecord]


class TaggedAudioClips(WireModel):
    audio_clip_list: list[AudioClipRecord]
    audio_clip_tag_list: list[AudioClipTag]
    tag_list: list[TagRecord]
