"""How soon whoever takes a camera's packets needs them."""

from enum import Enum


class Haste(Enum):
    """`RESTING`: nobody takes packets; the ring, and who looks at a picture now and then, may get several at once.
    `RECORDING`: only what is written by the handful anyway; nothing may be lost when the camera goes. `LIVE`: at once.
    """

    RESTING = 0
    RECORDING = 1
    LIVE = 2
