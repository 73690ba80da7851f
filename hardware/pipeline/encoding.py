"""From decoded pictures to the packets of one recipe. Loads av and cv2."""

from collections.abc import Sequence

import av
import cv2

from hardware.models import Codec, Packet
from hardware.pipeline.encoders import Candidate, Coded, Encoding
from hardware.pipeline.recipe import Recipe
from hardware.pipeline.shaping import Shaper
from hardware.pipeline.taker import EncoderFailed, Picture
from hardware.sources.annexb import ParameterSets

MOST_UNDER_WAY = 30
"""Pictures that an encoder may hold back; one that holds more does not work."""


class FrameEncoder:
    """Shapes and encodes pictures by one recipe with one encoder. Use a new one after any change of the stream.

    What comes out has the time and the sequence number of the picture it shows; the places of a thinned stream are its
    sequence numbers. H.264 is Annex B with the parameter sets before each key frame. `proven`: it gave a packet.
    """

    def __init__(self, recipe: Recipe, name: str, candidate: Candidate) -> None:
        """`name`: the camera's."""
        self._recipe = recipe
        self._candidate = candidate
        self._shaper = Shaper(recipe, name)
        self._encoding: Encoding | None = None
        self._sets = ParameterSets(Codec.H264)
        self._under_way: dict[int, Picture] = {}
        self.proven = False

    @property
    def under_way(self) -> Sequence[Picture]:
        """The pictures whose packets have not come yet."""
        return tuple(self._under_way.values())

    def encode(self, picture: Picture) -> Sequence[Packet]:
        """The packets that `picture` completes. Raises EncoderFailed; it is under way then."""
        if picture.frame is None:
            raise EncoderFailed("no picture to encode")
        pts = self._pts(picture)
        self._under_way[pts] = picture
        try:
            self._encoding = self._encoding or self._candidate.create(self._recipe)
            coded = self._encoding.encode(self._shaper.shape(picture.frame, picture.packet.mono_ns), pts)
            packets = [self._finish(one) for one in coded]
        except (av.FFmpegError, cv2.error, ValueError) as error:
            raise EncoderFailed(f"{self._candidate.name}: {error}") from error
        if len(self._under_way) > MOST_UNDER_WAY:
            raise EncoderFailed(f"{self._candidate.name}: it gives nothing")
        self.proven = self.proven or bool(packets)
        return packets

    def _pts(self, picture: Picture) -> int:
        """Microseconds. A time-lapse is encoded as it is shown, else its bit rate would mean nothing."""
        thinning = self._recipe.thinning
        if thinning is not None and thinning.lapses:
            return round(picture.place * 1_000_000 / thinning.rate)
        return picture.packet.mono_ns // 1000

    def _finish(self, coded: Coded) -> Packet:
        source = self._under_way.pop(coded.pts, None)
        if source is None:
            raise ValueError(f"it gives a picture of a time that none had: {coded.pts}")
        result = self._recipe.result
        return Packet(
            data=self._sets.in_front_of(coded.data) if coded.key and result.codec is Codec.H264 else coded.data,
            codec=result.codec,
            width=result.width,
            height=result.height,
            mono_ns=source.packet.mono_ns,
            sequence=source.place if self._recipe.thinning else source.packet.sequence,
            key=coded.key,
        )
