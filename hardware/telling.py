"""What a job tells on its way, to whoever runs it (`hardware.jobrun`)."""

import contextlib
import json
import sys
import time

_LEAST = 0.2
"""Seconds between two lines that say the same of later."""


def tell(**news: object) -> None:
    """One line on standard output. Who started the job may be gone: then nobody hears it."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(f'{{"told": {json.dumps(news)}}}\n')
        sys.stdout.flush()


class Progress:
    """Tells a number that grows (`name`), at most a few times a second."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._next = 0.0

    def __call__(self, value: float) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _LEAST
            tell(**{self._name: round(value, 2)})
