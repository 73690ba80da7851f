"""Decisions before a recording: which format the camera shall deliver, and what becomes of its packets. Pure."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hardware.models import RAW_CODECS, Codec, Format, RecordingOrder, StreamOrder
from hardware.pipeline.decoding import INTRA
from hardware.pipeline.h264 import is_met
from hardware.pipeline.recipe import Recipe, Thinning
from hardware.pipeline.sizes import fit_even

USUAL_RATE = 30.0
"""Frames per second that are wanted when nobody said."""

KEY_SPAN = 10.0
"""Seconds in which every camera sends a key frame: a slower time-lapse keeps those, a faster one must be encoded."""

_RATE_TOLERANCE = 0.1
"""Of the rate that was asked for; more is worth a note."""

_CLOCK_STEP_NS = 100_000_000
"""Overlays whose clocks differ by less share an encoder."""

_NS = 1_000_000_000

SLOWEST_RATE = 0.001
"""Frames per second: less cannot be told to encoders, and at last has no interval at all."""

_RANK = {Codec.H264: 0, Codec.HEVC: 1, Codec.MJPEG: 2, Codec.YUYV: 3, Codec.NV12: 4}


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
    """How a sink wants its packets. `takes`: the codecs that it takes undecoded; what must be encoded becomes H.264
    when it is among them, else JPEGs of `quality` (1..100). `patient`: they may come a moment later, several at once.

    `encoding` "copy" prefers passing on to everything else that it asks for. Sizes in pixels, 0 where they do not
    matter; `shrinks`: an encoded picture is made smaller when a smaller one is asked for, and only as many a second as
    `rate` are taken. `bitrate` in bit/s, 0 by quality; `gop` in frames, fewer where segments of `segment_seconds` (0:
    none) need key frames more often; `parameters` of the encoder as in an
    Adjustment. With `every_seconds` one picture is kept in that time, and shown at `rate`. `overlay` is drawn into the
    picture, its `{time}` by `wall_offset_ns` (wall minus monotonic time).
    """

    takes: frozenset[Codec]
    patient: bool = False
    encoding: str = ""
    width: int = 0
    height: int = 0
    rate: float = 0.0
    bitrate: int = 0
    gop: int = 60
    segment_seconds: float = 0.0
    rotation: int = 0
    hflip: bool = False
    vflip: bool = False
    shrinks: bool = False
    every_seconds: float = 0.0
    overlay: str = ""
    wall_offset_ns: int = 0
    quality: int = 80
    parameters: tuple[tuple[str, int], ...] = ()

    @property
    def target(self) -> Codec:
        """What must be encoded becomes this."""
        return Codec.H264 if Codec.H264 in self.takes else Codec.MJPEG

    @property
    def turns(self) -> bool:
        """Whether the picture is to be rotated or flipped."""
        return bool(self.rotation or self.hflip or self.vflip)


@dataclass(frozen=True, slots=True)
class Plan:
    """`recipe` None: packets are passed on as they are, after `thinning`. `notes` tell people what differs from what
    they asked for.
    """

    recipe: Recipe | None
    notes: tuple[str, ...]
    thinning: Thinning | None = None


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
            candidate.codec in RAW_CODECS,
            abs(candidate.width * candidate.height - area),
            abs(candidate.rate - rate),
            _RANK[candidate.codec],
        )

    return min(formats, key=distance, default=prefer)


def wish_of(order: RecordingOrder | StreamOrder, takes: frozenset[Codec]) -> Wish:
    """What the order asks for; `takes` as in `Wish`."""
    recording = order if isinstance(order, RecordingOrder) else None
    parameters = recording.adjustment.encoder if recording else {}
    return Wish(
        takes=takes,
        patient=recording is not None,
        encoding=order.encoding,
        width=order.width,
        height=order.height,
        rate=order.rate,
        bitrate=order.bitrate or parameters.get("bitrate", 0),
        gop=order.gop,
        segment_seconds=recording.segment_seconds if recording else 0.0,
        rotation=order.rotation_degrees,
        hflip=order.hflip,
        vflip=order.vflip,
        shrinks=recording is None,
        every_seconds=recording.lapse_seconds if recording else 0.0,
        overlay=order.overlay,
        wall_offset_ns=order.wall_offset_ns,
        parameters=tuple(sorted((name, value) for name, value in parameters.items() if name != "bitrate")),
    )


def plan_packets(wish: Wish, granted: Format) -> Plan:
    """What to do with packets of `granted` for this wish."""
    copies = wish.encoding == "copy" and granted.codec in wish.takes
    if copies or _passes(wish, granted):
        thinning = _thinning(wish, granted, encoded=False)
        notes = (*_size_notes(wish, granted, granted), *_rate_notes(wish, granted, thinning))
        return Plan(None, (*notes, *(_copy_notes(wish) if copies else ())), thinning)
    recipe = _recipe(wish, granted)
    result = recipe.result if wish.shrinks else granted
    notes = (*_size_notes(wish, granted, result), *_rate_notes(wish, granted, recipe.thinning))
    return Plan(recipe, (*notes, *_encoding_notes(wish, granted)))


def _passes(wish: Wish, granted: Format) -> bool:
    """Whether the camera's own packets are what the sink would get from an encoder, or better."""
    if granted.codec not in wish.takes or wish.turns or wish.overlay:
        return False
    if granted.codec is Codec.MJPEG:
        fitting = fit_even(granted.width, granted.height, wish.width, wish.height)
        shrinks = wish.shrinks and fitting < (granted.width & ~1, granted.height & ~1)
        return wish.target is Codec.MJPEG and not shrinks
    lapses_by_keys = wish.every_seconds == 0 or wish.every_seconds >= KEY_SPAN
    return lapses_by_keys and (granted.codec is Codec.H264 or wish.encoding == "")


def _recipe(wish: Wish, granted: Format) -> Recipe:
    """Nothing is in it that makes no difference: equal results share an encoder."""
    drawn = wish.overlay != ""
    limited = wish.shrinks and bool(wish.width or wish.height)
    jpeg = wish.target is Codec.MJPEG
    asked = {} if jpeg else {name: value for name, value in wish.parameters if is_met(name, value)}
    gop = min(asked.pop("h264_i_frame_period", wish.gop), _most_between_cuts(wish, granted))
    recipe = Recipe(
        source=granted,
        bitrate=0 if jpeg else wish.bitrate,
        gop=1 if jpeg else gop,
        rotation=wish.rotation,
        hflip=wish.hflip,
        vflip=wish.vflip,
        codec=wish.target,
        width=wish.width if limited else 0,
        height=wish.height if limited else 0,
        thinning=_thinning(wish, granted, encoded=True),
        overlay=wish.overlay,
        clock_ns=round(wish.wall_offset_ns / _CLOCK_STEP_NS) * _CLOCK_STEP_NS if drawn else 0,
        quality=wish.quality if jpeg else 0,
        parameters=tuple(sorted(asked.items())),
    )
    whole = replace(recipe, width=0, height=0)
    return whole if whole.result == recipe.result else recipe


def _most_between_cuts(wish: Wish, granted: Format) -> int:
    """The longest group of pictures with which segments can be cut when they are due."""
    if not wish.segment_seconds:
        return sys.maxsize
    rate = 1 / wish.every_seconds if wish.every_seconds else granted.rate
    return max(1, round(wish.segment_seconds * rate))


def _thinning(wish: Wish, granted: Format, *, encoded: bool) -> Thinning | None:
    """Packets that others build on cannot be left out of what is passed on, but for a time-lapse of key frames."""
    if wish.every_seconds:
        return Thinning(round(wish.every_seconds * _NS), max(wish.rate or USUAL_RATE, SLOWEST_RATE))
    droppable = encoded or granted.codec in INTRA
    if wish.shrinks and droppable and 0 < wish.rate < granted.rate:
        rate = max(wish.rate, SLOWEST_RATE)
        return Thinning(round(_NS / rate), rate)
    return None


def _copy_notes(wish: Wish) -> Sequence[str]:
    left_out = {"not rotated or flipped": wish.turns, "no overlay": wish.overlay != ""}
    return [f"{what}: that needs encoding, and copy was asked" for what, asked in left_out.items() if asked]


def _encoding_notes(wish: Wish, granted: Format) -> Sequence[str]:
    reasons = {
        f"encoded although copy was asked: {granted.codec} cannot be passed on here": wish.encoding == "copy",
        "encoded: rotating or flipping needs it": wish.turns,
        "encoded: the overlay needs it": wish.overlay != "",
    }
    unmet = [name for name, value in wish.parameters if not is_met(name, value)]
    return [
        *(note for note, holds in reasons.items() if holds),
        *(f"{name} is not set: the encoder here has no such setting" for name in unmet),
    ]


def _size_notes(wish: Wish, granted: Format, result: Format) -> Sequence[str]:
    if not (wish.width and wish.height) or (wish.width, wish.height) == (result.width, result.height):
        return ()
    if (result.width, result.height) == (granted.width, granted.height):
        return (f"asked {wish.width}x{wish.height}, the camera grants {granted.width}x{granted.height}",)
    return (f"asked {wish.width}x{wish.height}, {result.width}x{result.height} keeps the camera's aspect",)


def _rate_notes(wish: Wish, granted: Format, thinning: Thinning | None) -> Sequence[str]:
    if thinning is not None or not wish.rate or abs(granted.rate - wish.rate) <= _RATE_TOLERANCE * wish.rate:
        return ()
    return (f"asked {wish.rate:g} frames/s, the camera grants {granted.rate:g}",)
