"""From a decoded picture to what an encoder takes: scaled, turned, written on, in limited range.

Loads av and cv2: imported when the first picture is to be encoded.
"""

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from hardware.pipeline.overlay import Overlay
from hardware.pipeline.recipe import Recipe

if TYPE_CHECKING:
    import av
    from av.video.plane import VideoPlane

cv2.setNumThreads(1)  # a pool of threads costs more in sum, and a camera leaves time enough

Plane = NDArray[np.uint8]
"""One component: (height, width)."""

_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_FLIPS = {(True, False): 1, (False, True): 0, (True, True): -1}
_PLANAR = {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"}
_FULL_RANGE = 2
_LUMA_SHARE, _CHROMA_SHARE, _BLACK, _GREY = 219 / 255, 224 / 255, 16, 128
"""Limited range has 220 steps of luma from 16 on and 225 of colour around 128, full range 256."""
_COARSE = 2
"""From how many pixels to one on they are averaged."""

_UNKNOWN, _BT601 = 2, 5
"""FFmpeg's numbers of colour matrices; cameras that do not say have the second."""


class Shaped(NamedTuple):
    """A picture in planar 4:2:0, limited range: (height * 3/2, width), luma before the two colours.

    `colours` is FFmpeg's number of the matrix.
    """

    planes: Plane
    colours: int


class Shaper:
    """Shapes pictures by one recipe, each into the same memory: the one before is overwritten.

    Memory is not allocated anew, as filling fresh pages costs as much as everything else here.
    """

    def __init__(self, recipe: Recipe, name: str) -> None:
        """`name`: what `{name}` in an overlay stands for."""
        self._recipe = recipe
        self._scaled = recipe.scaled
        width, height = recipe.result.width, recipe.result.height
        self._planes = np.empty((height * 3 // 2, width), np.uint8)
        colours = self._planes[height:].reshape(2, height // 2, width // 2)
        self._targets = (self._planes[:height], colours[0], colours[1])
        self._turned = bool(recipe.rotation or recipe.hflip or recipe.vflip)
        self._reformatter = VideoReformatter()  # a frame's own would be shared with other threads
        self._overlay = Overlay(recipe.overlay, name, recipe.clock_ns) if recipe.overlay else None

    def shape(self, frame: "av.VideoFrame", mono_ns: int) -> Shaped:
        """The picture as the recipe wants it. `mono_ns`: its capture time."""
        if frame.format.name not in _PLANAR:
            frame = self._reformatter.reformat(frame, format="yuv420p", threads=1)
        full = frame.color_range == _FULL_RANGE or frame.format.name.startswith("yuvj")
        for plane, target in zip(frame.planes, self._targets, strict=True):
            self._shape_plane(_view(plane, frame), target, full=full)
        if self._overlay is not None:
            self._overlay.draw(self._targets, mono_ns)
        return Shaped(self._planes, _BT601 if frame.colorspace == _UNKNOWN else frame.colorspace)

    def _shape_plane(self, plane: Plane, target: Plane, *, full: bool) -> None:
        luma = target is self._targets[0]
        width, height = self._scaled if luma else (self._scaled[0] // 2, self._scaled[1] // 2)
        if plane.shape == (2 * height, width) and not self._turned:  # 4:2:2, not scaled: two rows become one
            share = _CHROMA_SHARE / 2 if full else 0.5
            cv2.addWeighted(plane[::2], share, plane[1::2], share, _GREY * (1 - 2 * share), dst=target)
            return
        plane = _scale(plane, width, height)
        if self._turned:
            plane = _turn(plane, self._recipe)
        if full:
            share, black = (_LUMA_SHARE, _BLACK) if luma else (_CHROMA_SHARE, _GREY * (1 - _CHROMA_SHARE))
            cv2.convertScaleAbs(plane, dst=target, alpha=share, beta=black)
        else:
            np.copyto(target, plane)


def _view(plane: "VideoPlane", frame: "av.VideoFrame") -> Plane:
    """The plane's pixels, not copied, of a picture whose sides are cut to be even."""
    rows: Plane = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)  # type: ignore[call-overload]
    width = plane.width * (frame.width & ~1) // frame.width
    height = plane.height * (frame.height & ~1) // frame.height
    return rows[: max(1, height), : max(1, width)]


def _scale(plane: Plane, width: int, height: int) -> Plane:
    """Averages where pixels are merged whole or in numbers; in between that costs three times as much for little."""
    if plane.shape == (height, width):
        return plane
    across, down = plane.shape[1] / width, plane.shape[0] / height
    whole = across.is_integer() and down.is_integer()
    method = cv2.INTER_AREA if whole or min(across, down) >= _COARSE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, (width, height), interpolation=method), np.uint8)


def _turn(plane: Plane, recipe: Recipe) -> Plane:
    """Clockwise first, then mirrored: as in photos."""
    if recipe.rotation:
        plane = np.asarray(cv2.rotate(plane, _TURNS[recipe.rotation]), np.uint8)
    if recipe.hflip or recipe.vflip:
        plane = np.asarray(cv2.flip(plane, _FLIPS[recipe.hflip, recipe.vflip]), np.uint8)
    return plane
