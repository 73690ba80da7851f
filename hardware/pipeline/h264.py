"""Parameters of H.264 by their names in a Recording and their numbers in V4L2, for encoders of our own. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

CONSTANT = 1
"""`video_bitrate_mode`: 0 variable, 1 constant."""

HIGHEST_QP = 51


class Profile(NamedTuple):
    """A profile by FFmpeg's name and number, and whether it has arithmetic coding and large transforms."""

    name: str
    number: int
    arithmetic: bool
    large_transforms: bool


PROFILES: Mapping[int, Profile] = MappingProxyType(
    {
        0: Profile("baseline", 66, arithmetic=False, large_transforms=False),
        1: Profile("baseline", 578, arithmetic=False, large_transforms=False),
        2: Profile("main", 77, arithmetic=True, large_transforms=False),
        4: Profile("high", 100, arithmetic=True, large_transforms=True),
    }
)
"""By `h264_profile`."""

LEVELS = (10, 9, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52, 60, 61, 62)
"""By `h264_level`: ten times the level; 9 is level 1b."""

_RANGES: Mapping[str, range] = MappingProxyType(
    {
        "video_gop_size": range(1, 2**31),
        "h264_i_frame_period": range(1, 2**31),
        "video_bitrate_mode": range(2),
        "repeat_sequence_header": range(1, 2),
        "h264_level": range(len(LEVELS)),
        "h264_minimum_qp_value": range(HIGHEST_QP + 1),
        "h264_maximum_qp_value": range(HIGHEST_QP + 1),
    }
)
"""Parameter sets are before every key frame here, whatever is asked."""


def is_met(name: str, value: int) -> bool:
    """Whether our encoders do what that parameter asks."""
    return value in PROFILES if name == "h264_profile" else value in _RANGES.get(name, range(0))
