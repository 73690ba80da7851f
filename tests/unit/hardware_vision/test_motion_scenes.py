"""Motion on the scenes of bench/vision, each for half a minute: nobody is missed, and nothing else is told."""

import numpy as np
import pytest

from bench.vision.motion import TALLEST, alarms, false_alarms, on_footage, passages
from bench.vision.scenes import DISTURBANCES


@pytest.mark.parametrize("name", [name for name in DISTURBANCES if name != "speckle"])
def test_nothing_but_people_is_motion(name: str) -> None:
    assert alarms(false_alarms(name, 150).active) == 0


@pytest.mark.parametrize("name", ["noise", "night", "speckle", "light steps", "shaking camera"])
def test_who_passes_is_seen(name: str) -> None:
    (late,) = passages(name, TALLEST, 1)
    assert late < 4.0


def test_on_the_footage_somebody_walks_all_the_time() -> None:
    assert np.mean(on_footage(1).active) > 0.9
