"""How many times: the small counts of `make test`, the full ones of `make soak`, and the seed of the run."""

import json
import os
import random
from pathlib import Path
from typing import Any

SOAKING = os.environ.get("CUELIGHT_SOAK") == "1"


def count(small: int, full: int) -> int:
    """`small` in `make test`, `full` in `make soak`."""
    return full if SOAKING else small


def examples(name: str, small: int, full: int) -> int:
    """`count` for the examples of a randomised test; a soak notes the number."""
    if SOAKING:
        told(name, examples=full)
    return count(small, full)


def seeded(name: str) -> random.Random:
    """Randomness of this run for one test; the seed derives from the commit and is printed by scripts/test.py."""
    return random.Random(f"{os.environ.get('CUELIGHT_SEED', 'local')}/{name}")


def told(name: str, **counts: Any) -> None:
    """Notes what a soaked test did, for bench/soak.json."""
    path = os.environ.get("CUELIGHT_SOAK_COUNTS")
    if path:
        with Path(path).open("a") as file:
            file.write(json.dumps({"test": name, **counts}) + "\n")
