"""How large a coded picture is, by the picture itself."""

from typing import TYPE_CHECKING, cast

import av

from hardware.models import Codec
from hardware.sources.annexb import MOST_PIXELS
from hardware.v4l2.pictures import BrokenPicture, measure_jpeg

if TYPE_CHECKING:
    from av import VideoCodecContext


def picture_size(codec: Codec, key_picture: bytes) -> tuple[int, int] | None:
    """Width and height in pixels; None when it cannot be decoded alone. H.264 and HEVC are decoded for it."""
    if codec is Codec.MJPEG:
        try:
            extent = measure_jpeg(key_picture)
        except BrokenPicture:
            return None
        return extent.width, extent.height
    decoder = cast("VideoCodecContext", av.CodecContext.create(codec.value, "r"))
    decoder.thread_count = 1
    decoder.options = {"max_pixels": str(MOST_PIXELS)}
    try:
        frames = [*decoder.decode(av.Packet(key_picture)), *decoder.decode(None)]
    except av.FFmpegError:
        return None
    return (frames[0].width, frames[0].height) if frames else None
