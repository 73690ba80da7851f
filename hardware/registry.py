"""Every camera source by its name in the settings. Only a camera host imports this."""

import importlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

from hardware.camera import Source
from hardware.models import CameraSpec

Factory = Callable[[CameraSpec], Source]


def _source(module: str, name: str) -> Factory:
    """The class `name` of `module`, imported when the first such source is made: a host loads only what it needs."""

    def make(spec: CameraSpec) -> Source:
        source: Source = getattr(importlib.import_module(f"hardware.sources.{module}"), name)(spec)
        return source

    return make


BACKENDS: Mapping[str, Factory] = MappingProxyType(
    {
        "auto": _source("auto", "AutoSource"),
        "v4l2": _source("v4l2", "V4l2Source"),
        "network": _source("network", "NetworkSource"),
        "rpicam": _source("rpicam", "RpicamSource"),
        "opencv": _source("opencv", "OpencvSource"),
        "file": _source("file", "FileSource"),
        "bars": _source("bars", "BarsSource"),
        "null": _source("null", "NullSource"),
    }
)


def create_source(spec: CameraSpec) -> Source:
    """The source that `spec.backend` names, not opened."""
    return BACKENDS[spec.backend](spec)
