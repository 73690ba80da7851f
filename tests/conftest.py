import os
import signal
from collections.abc import Iterator

import pytest
from blockbuster import BlockBusterFunction, blockbuster_ctx
from hypothesis import HealthCheck, settings

OURS = ["presets_store", "agent", "hardware"]

pytest_plugins = ["fakes.postgres"]

# A shell that starts the tests in the background has SIGINT ignored, and so would every command that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")


@pytest.fixture(autouse=True)
def _no_blocking_calls() -> Iterator[None]:
    """A blocking call of our code in an event loop fails the test; fsync too, which the detector does not know."""
    with blockbuster_ctx(OURS):
        fsync = BlockBusterFunction(os, "fsync", scanned_modules=OURS)
        fsync.activate()
        try:
            yield
        finally:
            fsync.deactivate()
