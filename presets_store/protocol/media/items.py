"""Images and audio clips as they are created and listed (events-api.md section 9)."""

from pydantic import Field

from presets_store.protocol.clips import AudioClipRecord, ImageRecord, Tags
from presets_store.protocol.fields import Key, Keys, Name
from presets_store.protocol.filters import EpochAndCountFilter


class CreateImage(ImageRecord):
    """Body of `POST /v1/image`."""

    one_of = (("device_id", "device_name"),)

    device_id: Key = 0
    device_name: Name = ""


class CreateAudioClip(AudioClipRecord):
    """Body of `POST /v1/audioclip`."""

    one_of = (("device_id", "device_name"),)

    device_id: Key = 0
    device_name: Name = ""


class AudioClipWithNames(AudioClipRecord):
    """The list form."""

    device_name: Name = ""
    tag_list: Tags = Field(default_factory=list)


class AudioClipEpochAndCountFilter(EpochAndCountFilter):
    audio_clip_type_id: Key = 0
    tag_list: Keys = Field(default_factory=list)
