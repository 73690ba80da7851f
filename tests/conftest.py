import gc
import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from aiohttp import web_app
from blockbuster import BlockBusterFunction, blockbuster_ctx
from hypothesis import HealthCheck, settings

OURS = ["presets_store", "agent", "hardware"]

WAITING = {"integration", "browser"}
"""Folders of tests that wait for cameras and programs; those of the other folders compute."""

LONGEST = ["test_docs", "test_retention_disk", "test_upstream_hostile", "test_demo", "test_agent_scripts"]
"""Of the files there, those that take a minute or more."""

pytest_plugins = ["fakes.postgres"]

# A shell that starts the tests in the background has SIGINT ignored, and so would every command that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collecting leaves 750,000 objects: looking through them for garbage takes a tenth of all tests' time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that wait are spread among those that compute, the longest first: no core is idle, and none ends late."""
    places: dict[Path, float] = {}
    files = list(dict.fromkeys(item.path for item in items))
    waiting = [path for path in files if WAITING.intersection(path.parts)]
    waiting.sort(key=lambda path: LONGEST.index(path.stem) if path.stem in LONGEST else len(LONGEST))
    for some, until in ((waiting, 0.9), ([path for path in files if path not in waiting], 1.0)):
        places |= {path: until * number / len(some) for number, path in enumerate(some)}
    items.sort(key=lambda item: places[item.path])


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


@pytest.fixture(autouse=True)
def _no_app_is_kept() -> Iterator[None]:
    """aiohttp's cache of handlers would keep the last two hundred tests' applications, thousands of objects each."""
    yield
    web_app._cached_build_middleware.cache_clear()
