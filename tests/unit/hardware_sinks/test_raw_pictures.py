"""Raw pictures of a camera become photos and frames, whatever their layout."""

import av
import numpy as np
import pytest

from hardware.models import Codec, Format, Packet
from hardware.pipeline.decoding import Decoder
from hardware.sinks.darkroom import decode_raw

WIDTH, HEIGHT = 64, 48
RED_BGR = (40, 40, 200)


def raw_packet(codec: Codec) -> Packet:
    """The left half red, the right one grey."""
    pixels = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    pixels[:, : WIDTH // 2] = RED_BGR
    frame = av.VideoFrame.from_ndarray(pixels, format="bgr24")
    data = frame.reformat(format="yuyv422" if codec is Codec.YUYV else "nv12").to_ndarray().tobytes()
    return Packet(data, codec, WIDTH, HEIGHT, mono_ns=1_000_000, sequence=0, key=True)


@pytest.mark.parametrize("codec", [Codec.YUYV, Codec.NV12])
def test_a_photo_of_a_raw_picture_has_its_colours(codec: Codec) -> None:
    picture = decode_raw(raw_packet(codec))
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(picture[10, 10].astype(int) - RED_BGR).max() < 12
    assert np.abs(picture[40, 60].astype(int) - 128).max() < 12


@pytest.mark.parametrize("codec", [Codec.YUYV, Codec.NV12])
def test_the_pipeline_decodes_raw_pictures(codec: Codec) -> None:
    decoder = Decoder(Format(codec=codec, width=WIDTH, height=HEIGHT, rate=30))
    ((source, frame),) = decoder.decode(raw_packet(codec))
    assert source.mono_ns == 1_000_000
    assert np.abs(frame.to_ndarray(format="bgr24")[10, 10].astype(int) - RED_BGR).max() < 12
