"""From the settings to the limits in bytes: pure."""

from collections.abc import Sequence

from agent.media.retention.planning import Policy
from agent.settings import CameraSettings, MediaSettings

MIN_FREE = 1_000_000_000
"""Bytes that stay free by default; of a small disk SMALL_PART."""
SMALL_PART = 0.05

ENOUGH = 64_000_000
"""Free bytes with which a recording that found the disk full goes on; less where the minimum is smaller."""

DAY = 86_400.0


def policy_of(media: MediaSettings, cameras: Sequence[CameraSettings], disk: int) -> Policy:
    """`disk`: bytes of the file system. A camera's share is one of the maximum size, else of the disk."""
    usual = min(MIN_FREE, int(disk * SMALL_PART))
    min_free = usual if media.min_free is None else media.min_free
    whole = media.max_size or disk
    return Policy(
        max_size=media.max_size,
        min_free=min_free,
        floor=min(ENOUGH, min_free or usual),
        max_age=media.max_age_days * DAY,
        shares={camera.id: int(camera.share * whole) for camera in cameras if camera.share},
    )
