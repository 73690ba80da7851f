"""What a look at a media file's structure tells, whatever its kind."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layout:
    """How much of a file is whole.

    `playable`: what a player must know first is there. `fragmented`: it was written piece by piece; `fragments` counts
    the whole pieces, and what follows `end`, the offset after the last of them, is torn and may be cut off.
    """

    playable: bool
    fragmented: bool
    fragments: int
    end: int
