"""Decisions about photos: when the next one is due, how large it becomes, what must be done to it. Pure."""

from hardware.models import PhotoOrder
from hardware.pipeline.plan import Ask
from hardware.pipeline.sizes import fit

LARGEST = Ask(16384, 16384)
"""Nearest to it by area is the camera's largest format."""


def photo_ask(order: PhotoOrder, *, prefers: bool) -> Ask:
    """What a camera that is closed is opened for; `prefers`: the settings say which format they like."""
    if order.width and order.height:
        return Ask(order.width, order.height)
    return Ask() if prefers else LARGEST


def next_place(since_anchor_ns: int, interval_ns: int) -> int:
    """The next place on the grid `n * interval_ns` after a photo that was taken `since_anchor_ns` after its start.

    At least half an interval lies between them: a late photo leaves places out, it is not followed at once.
    """
    return -((-2 * since_anchor_ns - interval_ns) // (2 * interval_ns))


def is_turned(order: PhotoOrder) -> bool:
    """Whether width and height change places."""
    return order.rotation_degrees in (90, 270)


def final_size(order: PhotoOrder, width: int, height: int) -> tuple[int, int]:
    """Width and height of the file that a picture of `width` x `height` becomes."""
    if is_turned(order):
        width, height = height, width
    return fit(width, height, order.width, order.height)


def takes_as_is(order: PhotoOrder, width: int, height: int) -> bool:
    """Whether a JPEG of that size can be kept untouched: nothing asks for a change. `quality` cannot apply then."""
    turns = order.rotation_degrees or order.hflip or order.vflip
    adjusts = order.brightness != 0 or (order.contrast, order.saturation, order.sharpness) != (1, 1, 1)
    return order.encoding == "jpg" and not (turns or adjusts) and final_size(order, width, height) == (width, height)
