"""How large a picture becomes. Pure."""

from fractions import Fraction

REDUCTIONS = (8, 4, 2, 1)
"""By how much a JPEG decoder may scale down, at next to no cost."""


def fit(width: int, height: int, asked_width: int, asked_height: int) -> tuple[int, int]:
    """The largest size with the aspect of `width` x `height` that fits into what was asked, never larger than it is.

    What was asked is taken whichever way round the picture is; 0 does not limit.
    """
    if asked_width and asked_height and (width > height) != (asked_width > asked_height):
        asked_width, asked_height = asked_height, asked_width
    scale = min(Fraction(1), Fraction(asked_width or width, width), Fraction(asked_height or height, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def fit_even(width: int, height: int, asked_width: int, asked_height: int) -> tuple[int, int]:
    """As `fit`, with even sides of at least two pixels: what 4:2:0 pictures need."""
    width, height = fit(width, height, asked_width, asked_height)
    return max(2, width & ~1), max(2, height & ~1)


def reduction(width: int, height: int, target_width: int, target_height: int) -> int:
    """By how much (1, 2, 4 or 8) a JPEG decoder may scale down and still leave enough for the target."""
    return next((by for by in REDUCTIONS if width // by >= target_width and height // by >= target_height), 1)
