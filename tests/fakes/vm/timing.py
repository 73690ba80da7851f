"""How long the steps of a test take; `make test-vm` shows it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def told(step: str) -> Iterator[None]:
    """Prints the seconds that the block took."""
    began = time.monotonic()
    yield
    tell(step, time.monotonic() - began)


def tell(step: str, seconds: float) -> None:
    print(f"\n  {step}: {seconds:.1f} s", flush=True)
