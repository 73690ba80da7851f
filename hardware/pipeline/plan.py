"""Decisions before a recording: which format the camera shall deliver, and what becomes of its packets. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from hardware.models import Codec, Format, RecordingOrder, StreamOrder

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a sink wants its packets. `takes`: the codecs that it takes undecoded.

    `encoding` "copy" prefers them to everything else that it asks for. Sizes in pixels, 0 where they do not matter;
    `shrinks`: an encoded picture is made smaller when a smaller one is asked for. `bitrate` in bit/s, 0 by quality;
    `gop` in frames.
    """

    takes: frozenset[Codec]
    encoding: str = ""
    width: int = 0
    height: int = 0
    rate: float = 0.0
    bitrate: int = 0
    gop: int = 60
    rotation: int = 0
    hflip: bool = False
    vflip: bool = False
    shrinks: bool = False


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


def wish_of(order: RecordingOrder | StreamOrder, takes: frozenset[Codec]) -> Wish:
    """What the order asks for; `takes` as in `Wish`."""
    return Wish(
        takes=takes,
        encoding=order.encoding,
        width=order.width,
        height=order.height,
        rate=order.rate,
        bitrate=order.bitrate,
        gop=order.gop,
        rotation=order.rotation_degrees,
        hflip=order.hflip,
        vflip=order.vflip,
        shrinks=isinstance(order, StreamOrder),
    )


def plan_packets(wish: Wish, granted: Format) -> Plan:
    """What to do with packets of `granted` for this wish."""
    notes = list(_size_notes(wish, granted))
    turns = bool(wish.rotation or wish.hflip or wish.vflip)
    copyable = granted.codec in wish.takes
    if wish.encoding == "copy" and copyable:
        if turns:
            notes.append("not rotated or flipped: that needs encoding, and copy was asked")
        return Plan(None, tuple(notes))
    if wish.encoding == "copy":
        notes.append(f"encoded although copy was asked: {granted.codec} cannot be passed on here")
    if turns:
        notes.append("encoded: rotating or flipping needs it")
    passes = granted.codec is Codec.H264 or (granted.codec is Codec.HEVC and wish.encoding == "")
    if passes and copyable and not turns:
        return Plan(None, tuple(notes))
    recipe = Recipe(granted, wish.bitrate, wish.gop, wish.rotation, wish.hflip, wish.vflip)
    return Plan(recipe, tuple(notes))


def _size_notes(wish: Wish, granted: Format) -> Sequence[str]:
    if not (wish.width and wish.height) or (wish.width, wish.height) == (granted.width, granted.height):
        return ()
    return (f"asked {wish.width}x{wish.height}, the camera grants {granted.width}x{granted.height}",)
