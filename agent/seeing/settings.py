"""Settings of scripts and of what cameras are watched with."""

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from presets_store.process.settings import Section

ModelName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]


class ScriptsSettings(Section):
    """`ask_every` (s): how often the upstream is asked for the scripts that this device mirrors.

    `send_after` (s): without a link to the upstream for so long, the device itself tells the users of those scripts.
    """

    ask_every: float = Field(default=60.0, ge=1, le=86_400)
    send_after: float = Field(default=30.0, ge=0, le=86_400)


class VisionSettings(Section):
    """`models`: files of networks that find people, absolute paths, by the name that analytic cases give.

    An ONNX network is one file; a Darknet network is its configuration and its weights; a list of names may follow.
    """

    models: dict[ModelName, tuple[str, ...]] = Field(default_factory=dict, max_length=16)

    @field_validator("models")
    @classmethod
    def _absolute(cls, models: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for name, files in models.items():
            if not 1 <= len(files) <= 4 or not all(PurePosixPath(file).is_absolute() for file in files):
                raise ValueError(f"models.{name}: give a list of 1 to 4 absolute paths")
        return models
