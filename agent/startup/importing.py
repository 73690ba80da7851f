"""Imports of whole programs: by name, at the moment when there is time for them."""

import gc
import importlib
from types import ModuleType


def imported(name: str) -> ModuleType:
    """The module, without looking for garbage meanwhile: there is none, and the looks are a tenth of the start."""
    gc.disable()
    module = importlib.import_module(name)
    gc.freeze()
    gc.enable()
    return module
