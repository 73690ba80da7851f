"""How packets are encoded anew, and how a stream is thinned. Pure."""

from dataclasses import dataclass

from hardware.models import Codec, Format
from hardware.pipeline.sizes import fit_even

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Thinning:
    """One picture in `interval_ns` is kept; `rate`: how many a second the result has, or is shown at (a time-lapse)."""

    interval_ns: int
    rate: float

    @property
    def lapses(self) -> bool:
        """Whether the result is shown faster than it was filmed."""
        return self.interval_ns * self.rate > 1.5 * _NS

    def applied(self, source: Format) -> Format:
        """The format of what is left of `source`."""
        return source.model_copy(update={"rate": self.rate})


@dataclass(frozen=True, slots=True)
class Recipe:
    """How packets are encoded anew: equal recipes share one encoder.

    `bitrate` in bit/s, 0 by quality; `gop` in frames. `codec` of the result is H.264 or MJPEG. The result fits into
    `width` x `height` (0 does not limit). `overlay` is drawn into the picture, its `{time}` with `clock_ns` (wall minus
    monotonic time). `quality` 1..100 is of JPEGs; `parameters` are the encoder's, by their names in an Adjustment.
    """

    source: Format
    bitrate: int
    gop: int
    rotation: int
    hflip: bool
    vflip: bool
    codec: Codec = Codec.H264
    width: int = 0
    height: int = 0
    thinning: Thinning | None = None
    overlay: str = ""
    clock_ns: int = 0
    quality: int = 80
    parameters: tuple[tuple[str, int], ...] = ()

    @property
    def turned(self) -> bool:
        """Whether width and height change places."""
        return self.rotation in (90, 270)

    @property
    def result(self) -> Format:
        """The format of what comes out; its sides are even."""
        source = self.source
        width, height = (source.height, source.width) if self.turned else (source.width, source.height)
        width, height = fit_even(width, height, self.width, self.height)
        rate = self.thinning.rate if self.thinning else source.rate
        return Format(codec=self.codec, width=width, height=height, rate=rate)

    @property
    def scaled(self) -> tuple[int, int]:
        """Width and height that the source's picture is scaled to, before it is turned."""
        result = self.result
        return (result.height, result.width) if self.turned else (result.width, result.height)
