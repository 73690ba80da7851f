"""From what is wanted to what `setup.toml` will say, and what that changes. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from agent.cli.setting_up.wanted import AUTO, Wanted, camera_of
from agent.settings import CameraSettings, Settings
from agent.setup.errors import SetupOverruled
from agent.setup.layers import Layer, source_of

_KEYS = {
    "name": ("device", "name"),
    "zone": ("clock", "zone"),
    "upstream": ("upstream", "url"),
    "media": ("media", "folder"),
}
FIRST = "main"


@dataclass(frozen=True, slots=True)
class Change:
    """One line of what changes."""

    title: str
    before: str
    after: str


def planned(values: Mapping[str, Any], wanted: Wanted) -> dict[str, Any]:
    """What `setup.toml` says with `wanted`, and said before in `values`."""
    new: dict[str, Any] = {name: dict(value) if isinstance(value, dict) else value for name, value in values.items()}
    for name, (section, key) in _KEYS.items():
        value = getattr(wanted, name)
        if value:
            new.setdefault(section, {})[key] = value
        elif value == "":
            new.get(section, {}).pop(key, None)
    if wanted.camera is not None:
        new["cameras"] = _cameras(wanted.camera, new.get("cameras", []))
    return {name: value for name, value in new.items() if value != {}}


def _cameras(choices: Sequence[str], known: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A camera that is there already keeps all that is said of it; the others get ids and names that are free."""
    kept = [_same(camera_of(choice), known) for choice in choices]
    taken = {each["id"] for each in kept if each}
    free = (each for each in _names() if each["id"] not in taken)
    cameras = []
    for choice, same in zip(choices, kept, strict=True):
        backend, address = camera_of(choice)
        cameras.append(dict(same) or {**next(free), "backend": backend, "address": address})
    return cameras


def _same(source: tuple[str, str], known: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return next((each for each in known if (each.get("backend", AUTO), each.get("address", "")) == source), {})


def _names() -> Iterator[dict[str, str]]:
    yield {"id": FIRST, "name": "Main camera"}
    yield from ({"id": f"camera{number}", "name": f"Camera {number}"} for number in count(2))


def require_effective(wanted: Wanted, after: Settings, layers: Sequence[Layer]) -> None:
    """Raises SetupOverruled when something above `setup.toml` says otherwise. `layers`: all of them."""
    for name, (section, key) in _KEYS.items():
        value = getattr(wanted, name)
        is_so = getattr(getattr(after, section), key)
        if value and is_so != value:
            raise SetupOverruled(key=f"{section}.{key}", source=source_of((section, key), layers[:-1]))
    if wanted.camera is not None:
        cameras = [(camera.backend, camera.address) for camera in after.cameras]
        if cameras != [camera_of(choice) for choice in wanted.camera]:
            raise SetupOverruled(key="cameras", source=source_of(("cameras",), layers[:-1]))


def changes(before: Settings, after: Settings) -> list[Change]:
    """What is different, for people."""
    old, new = _told(before), _told(after)
    return [Change(title, old[title], new[title]) for title in new if old[title] != new[title]]


def _told(settings: Settings) -> dict[str, str]:
    return {
        "name": settings.device.name,
        "time zone": settings.clock.zone or "none",
        "camera": ", ".join(camera_told(camera) for camera in settings.cameras),
        "upstream": settings.upstream.url or "none",
        "media folder": str(settings.media_folder),
    }


def camera_told(camera: CameraSettings) -> str:
    """`v4l2 /dev/...`, `auto`."""
    return f"{camera.backend} {camera.address}".strip()
