"""Decisions before a recording: which format the camera shall deliver, and what becomes of its packets. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from hardware.models import Codec, Format, RecordingOrder

USUAL_RATE = 30.0
"""Frames per second that are wanted when nobody said."""

_RANK = {Codec.H264: 0, Codec.HEVC: 1, Codec.MJPEG: 2, Codec.YUYV: 3}


@dataclass(frozen=True, slots=True)
class Ask:
    """The size (pixels) and rate (frames per second) somebody asked for; 0 where it does not matter."""

    width: int = 0
    height: int = 0
    rate: float = 0.0

    @property
    def sized(self) -> bool:
        """Whether a size is asked for."""
        return bool(self.width and self.height)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How packets are encoded anew: equal recipes share one encoder. `bitrate` in bit/s, 0 by quality."""

    source: Format
    bitrate: int
    gop: int
    rotation: int
    hflip: bool
    vflip: bool

    @property
    def result(self) -> Format:
        """The format of what comes out."""
        turned = self.rotation in (90, 270)
        width, height = (self.source.height, self.source.width) if turned else (self.source.width, self.source.height)
        return Format(codec=Codec.H264, width=width & ~1, height=height & ~1, rate=self.source.rate)


@dataclass(frozen=True, slots=True)
class Plan:
    """`recipe` None: packets are passed on as they are. `notes` tell people what differs from what they asked for."""

    recipe: Recipe | None
    notes: tuple[str, ...]


def choose_format(formats: Sequence[Format], ask: Ask, prefer: Format | None) -> Format | None:
    """The format to open the camera with; None leaves it to the source.

    Coded formats before raw ones, then nearest by area (whichever way round), then by rate, then H.264 first.
    """
    if not ask.sized:
        return prefer
    area = ask.width * ask.height
    rate = ask.rate or (prefer.rate if prefer else USUAL_RATE)

    def distance(candidate: Format) -> tuple[bool, int, float, int]:
        return (
            candidate.codec is Codec.YUYV,
            abs(candidate.width * candidate.height - area),
            abs(candidate.rate - rate),
            _RANK[candidate.codec],
        )

    return min(formats, key=distance, default=prefer)


def plan_recording(order: RecordingOrder, granted: Format) -> Plan:
    """What to do with packets of `granted` for this order."""
    notes = list(_size_notes(order, granted))
    turns = bool(order.rotation_degrees or order.hflip or order.vflip)
    copyable = granted.codec is not Codec.YUYV
    if order.encoding == "copy" and copyable:
        if turns:
            notes.append("not rotated or flipped: that needs encoding, and copy was asked")
        return Plan(None, tuple(notes))
    if order.encoding == "copy":
        notes.append("encoded although copy was asked: the camera's pictures are raw")
    if turns:
        notes.append("encoded: rotating or flipping needs it")
    passes = granted.codec is Codec.H264 or (granted.codec is Codec.HEVC and order.encoding == "")
    if passes and not turns:
        return Plan(None, tuple(notes))
    recipe = Recipe(granted, order.bitrate, order.gop, order.rotation_degrees, order.hflip, order.vflip)
    return Plan(recipe, tuple(notes))


def _size_notes(order: RecordingOrder, granted: Format) -> Sequence[str]:
    if not (order.width and order.height) or (order.width, order.height) == (granted.width, granted.height):
        return ()
    return (f"asked {order.width}x{order.height}, the camera grants {granted.width}x{granted.height}",)
