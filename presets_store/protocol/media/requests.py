"""What is asked of a device about its clips, images and sounds: it becomes events."""

from pydantic import Field

from presets_store.protocol.base import WireModel
from presets_store.protocol.events import DeviceReference
from presets_store.protocol.fields import Key, Keys
from presets_store.protocol.parameters.files import ConcatenateClips


class _Upload(DeviceReference):
    one_of = (("device_id", "device_serial", "device_name"),)


class UploadVideoClips(_Upload):
    """Body of `POST /v1/videoclip/upload`."""

    video_clips: Keys = Field(min_length=1)


class UploadImages(_Upload):
    """Body of `POST /v1/image/upload`."""

    image_id_list: Keys = Field(min_length=1)


class UploadAudioClips(_Upload):
    """Body of `POST /v1/audioclip/upload`."""

    audio_clip_id_list: Keys = Field(min_length=1)


class Concatenate(ConcatenateClips):
    """Body of `POST /v1/videoclip/concatenate` and `POST /v1/audioclip/concatenate`."""

    one_of = (("device_id", "device_name"),)

    device_id: Key = 0


class ConcatenateQuery(WireModel):
    """`usevrs` is passed on to the device as it is; its meaning is the device's."""

    usevrs: bool = False
