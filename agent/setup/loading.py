"""The agent's settings from the environment, the settings file and what `cuelight setup` wrote, in this order.

What cannot be used is left as it is; the copies of the last good files serve instead.
"""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from agent.settings import Settings, default_state_folder
from agent.setup.layers import Layer, combined, layer_of, read_layer
from presets_store.durable import write_durably
from presets_store.process.errors import PlaceUnusable, SettingsInvalid
from presets_store.process.settings import Tree

logger = logging.getLogger(__name__)

SETUP = "setup.toml"
LAST_GOOD = "settings.last-good.toml"
LAST_GOOD_SETUP = "setup.last-good.toml"

_NOT_THERE = ("state_folder", "state_mount")
"""They say where the file itself is."""


class _Place(Tree):
    """The state folder alone: in it is the next file."""

    model_config = SettingsConfigDict(env_prefix="CUELIGHT_", extra="ignore")

    state_folder: Path | None = None


def load_settings(file: Path | None) -> Settings:
    """Settings for the agent; a file that cannot be used gives way to the copy of the last good one, which is logged.

    Raises SettingsInvalid when there is none, or when the environment is at fault; PlaceUnusable when nothing is
    mounted where something must be.
    """
    try:
        layers = layers_of(file)
        settings = combined(Settings, layers)
    except SettingsInvalid as problem:
        settings, used = _last_good(file, problem)
        require_mounted(settings)
        served = ", ".join(layer.source for layer in used) or "the defaults"
        logger.error("%s; instead are used: %s", problem, served)
        return settings
    require_mounted(settings)
    _remember([layer.text for layer in layers], with_file=file is not None, state_folder=settings.state_folder)
    return settings


def read_settings(file: Path | None) -> Settings:
    """The same for whoever is not the agent: without fallback, and nothing is written. Raises SettingsInvalid."""
    return combined(Settings, layers_of(file))


def layers_of(file: Path | None) -> list[Layer]:
    """The files that there are, the upper one first. Raises SettingsInvalid."""
    layers = [] if file is None else [read_layer(file)]
    return [*layers, *setup_layer(state_folder_of(layers) / SETUP)]


def setup_layer(file: Path) -> list[Layer]:
    """What `cuelight setup` wrote; nothing where it was never used. Raises SettingsInvalid."""
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise SettingsInvalid(source=str(file), problems=f"  {error}") from error
    return [_beneath(read_layer(file))]


def checked_setup(source: str, text: str) -> Layer:
    """The text of a `setup.toml` as a layer. Raises SettingsInvalid for one that can be none."""
    return _beneath(layer_of(source, text))


def _beneath(layer: Layer) -> Layer:
    for name in _NOT_THERE:
        if name in layer.values:
            raise SettingsInvalid(source=layer.source, problems=f"  {name}: belongs into the settings file")
    return layer


def state_folder_of(layers: Sequence[Layer]) -> Path:
    """Where the state is by the environment and the settings file, in which other things may be wrong."""
    values = layers[0].values if layers else {}
    try:
        given = _Place(**{name: values[name] for name in ("state_folder",) if name in values}).state_folder
    except ValidationError:  # told with all else that is wrong
        given = None
    return given or default_state_folder()


def require_mounted(settings: Settings) -> None:
    """Raises PlaceUnusable when the settings name a mount point, and nothing is mounted there.

    What is written below an empty mount point is hidden once the disk is there.
    """
    if settings.state_mount is not None and not settings.state_mount.is_mount():
        raise PlaceUnusable(
            path=settings.state_mount, reason="nothing is mounted there, as state_mount says it must be"
        )


def _last_good(file: Path | None, problem: SettingsInvalid) -> tuple[Settings, list[Layer]]:
    """The settings with as few old files as possible, and what they are of. Raises `problem` when there are none."""
    for files in _substitutes(file):
        try:
            layers = [layer for path in files for layer in _kept(path)]
            return combined(Settings, layers), layers
        except SettingsInvalid:
            continue
    raise problem


def _substitutes(file: Path | None) -> Iterator[list[Path]]:
    """Files to be tried in place of those that cannot be used, the upper one first."""
    folder = state_folder_of([])
    if file is not None:
        try:
            upper = read_layer(file)
        except SettingsInvalid:
            pass
        else:
            folder = state_folder_of([upper])
            yield [file, folder / LAST_GOOD_SETUP]
        yield [folder / LAST_GOOD, folder / SETUP]
        yield [folder / LAST_GOOD, folder / LAST_GOOD_SETUP]
    else:
        yield [folder / LAST_GOOD_SETUP]


def _kept(path: Path) -> list[Layer]:
    """The layer of a file. Of `cuelight setup` there need not be one."""
    return setup_layer(path) if path.name in (SETUP, LAST_GOOD_SETUP) else [read_layer(path)]


def _remember(texts: Sequence[str], *, with_file: bool, state_folder: Path) -> None:
    """Keeps copies of the files; that of a setup that is no more goes."""
    names = [LAST_GOOD, LAST_GOOD_SETUP] if with_file else [LAST_GOOD_SETUP]
    try:
        for name, text in zip(names, texts, strict=False):
            copy = state_folder / name
            if not copy.exists() or copy.read_text(encoding="utf-8") != text:
                state_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                write_durably(copy, text.encode())
        for name in names[len(texts) :]:
            (state_folder / name).unlink(missing_ok=True)
    except OSError as error:
        logger.error("these settings cannot be kept as the last good ones: %s", error)
